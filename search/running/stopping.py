"""When a trial is hopeless: the median rule, a pure function of what a run's trials have reported."""

import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from statistics import median
from typing import ClassVar

import cattrs
from attrs import evolve, frozen
from pyrsistent import PMap, pmap

from archwright.core.errors import ArchwrightError, suggest_names
from archwright.core.json import JSON
from archwright.core.objective import Objective
from archwright.core.protocols import Stopped
from archwright.core.setting import whole_setting, with_settings
from archwright.store.events import AttemptEnded, AttemptStarted, Event, Proposed, Reported, RunStarted, Scored


class UnknownStoppingRule(ArchwrightError, LookupError):
    """A name that no stopping rule has."""


@frozen
class MedianRule:
    """Vizier's rule (Golovin et al. 2017, section 3.2.2).

    A running trial is hopeless after an epoch if its best value so far is strictly worse than the median, over the
    trials that are finished, of the average of all values that each had reported up to that epoch. Neither failed nor
    halted trials count as finished: else, once most are hopeless, so were the median, and no more would be halted.
    A trial that continues another has the curve of the whole training, and when it is finished, it counts alone.
    One whose last value is NaN or infinite is hopeless whatever the others have come to.
    """

    name: ClassVar[str] = "median"
    warmup: int = whole_setting(1, meaning="how many epochs every trial may have")
    startup: int = whole_setting(5, low=1, meaning="how many trials must be finished before any is halted")


RULES: Mapping[str, type[MedianRule]] = {MedianRule.name: MedianRule}


def rule_to_json(name: str, settings: Mapping[str, JSON] | None = None) -> JSON:
    """The name and every setting of a rule, as the beginning of a run holds them.

    Raises UnknownStoppingRule, UnknownSetting or BadSetting.
    """
    if name not in RULES:
        raise UnknownStoppingRule(f"there is no stopping rule {name!r}; {suggest_names(name, RULES)}")
    rule = with_settings(RULES[name](), f"the stopping rule {name}", settings or {})
    return {"rule": name, **cattrs.unstructure(rule)}


def rule_from_json(data: JSON) -> MedianRule:
    """The rule that `rule_to_json` wrote."""
    settings = dict(data)
    return RULES[settings.pop("rule")](**settings)


@frozen
class Point:
    """A curve after one of its epochs."""

    epoch: int
    best: float  # value so far
    mean: float  # of all values so far


Curve = tuple[Point, ...]  # in the order of the epochs

_NONE: PMap[int, Curve] = pmap()


@frozen
class Curves:
    """The curves of a run's trials in the objective's metric: the fold of its events."""

    objective: Objective
    rule: MedianRule
    running: PMap[int, Curve] = _NONE  # of the last attempt at each trial that is not scored
    finished: PMap[int, Curve] = _NONE  # of the trials that ended well, but for those that were halted
    # Of running trials whose last value is not finite: its epoch, and what it is.
    lost: PMap[int, tuple[int, float]] = pmap()
    continues: PMap[int, int] = pmap()  # the trial whose training a trial goes on with, where it does

    def after(self, event: Event) -> "Curves":
        """The curves after one more event."""
        match event:
            case Proposed(trial, continues=int(earlier)):
                return evolve(self, continues=self.continues.set(trial, earlier))
            case AttemptStarted(trial):
                begun = self.finished.get(self.continues.get(trial, trial), ())
                return evolve(self, running=self.running.set(trial, begun), lost=self.lost.discard(trial))
            case Reported(trial, _, epoch, metrics):
                value = metrics.get(self.objective.metric)
                return self if value is None else self._with(trial, epoch, value)
            case AttemptEnded(trial, stopped=Stopped("hopeless")):
                return evolve(self, running=self.running.discard(trial))
            case Scored(trial, status):
                curve, running = self.running.get(trial, ()), self.running.discard(trial)
                counts = status == "ok" and curve
                return evolve(
                    self, running=running, finished=self.finished.set(trial, curve) if counts else self.finished
                )
            case _:
                return self

    def _with(self, trial: int, epoch: int, value: float) -> "Curves":
        if not math.isfinite(value):
            return evolve(self, lost=self.lost.set(trial, (epoch, value)))
        curve = self.running.get(trial, ())
        longer = self._longer(curve[: _upto(curve, epoch - 1)], epoch, value)
        return evolve(self, running=self.running.set(trial, longer), lost=self.lost.discard(trial))

    def _longer(self, curve: Curve, epoch: int, value: float) -> Curve:
        if not curve:
            return (Point(epoch, value, value),)
        last, count = curve[-1], len(curve)
        best = value if self.objective.better(value, last.best) else last.best
        return (*curve, Point(epoch, best, _mean_with(last.mean, count, value)))

    def best(self, trial: int) -> float | None:
        """The best value that a running trial has reported."""
        curve = self.running.get(trial, ())
        return curve[-1].best if curve else None

    def why_hopeless(self, trial: int) -> str:
        """Why the running trial is hopeless after the epoch that it reported last; empty if it is not."""
        curve, rule, metric = self.running.get(trial, ()), self.rule, self.objective.metric
        if trial in self.lost:
            epoch, value = self.lost[trial]
            return f"its {metric} was {value} after epoch {epoch}" if epoch > rule.warmup else ""
        if not curve or curve[-1].epoch <= rule.warmup:
            return ""
        now = curve[-1]
        whole = self.finished.keys() - {self.continues.get(trial) for trial in self.finished}
        averages = [c[upto - 1].mean for n in whole if (upto := _upto(c := self.finished[n], now.epoch))]
        if len(averages) < rule.startup or not self.objective.better(middle := _median(averages), now.best):
            return ""
        worse = "below" if self.objective.direction == "maximize" else "above"
        return (
            f"its best {metric} by epoch {now.epoch} was {now.best:.6g}, {worse} {middle:.6g}, "
            f"the median of what {len(averages)} finished trials had on average by then"
        )


def _mean_with(mean: float, count: int, value: float) -> float:
    """The mean of `count` values once there is one more; also where the two lie further apart than a float holds."""
    apart = value - mean
    return mean + (apart / (count + 1) if math.isfinite(apart) else value / (count + 1) - mean / (count + 1))


def _median(values: Sequence[float]) -> float:
    """The median, also where the sum of the two in the middle is more than a float holds."""
    found = median(values)
    return found if math.isfinite(found) else 2 * median([value / 2 for value in values])


def _upto(curve: Curve, epoch: int) -> int:
    """How many points a curve has up to `epoch`."""
    return bisect_right(curve, epoch, key=lambda point: point.epoch)


def curves(started: RunStarted, events: Iterable[Event] = ()) -> Curves | None:
    """The curves after `events` of a run that halts hopeless trials; None for one that does not."""
    if started.stopping is None:
        return None
    return reduce(Curves.after, events, Curves(started.objective, rule_from_json(started.stopping)))
