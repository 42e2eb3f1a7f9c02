"""Early stopping of hopeless trials (pruning) by the median rule, a pure function of a run's learning curves."""

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
from archwright.core.protocols import EarlyStop
from archwright.core.setting import whole_setting, with_settings
from archwright.store.events import AttemptEnded, AttemptStarted, Event, Proposed, Reported, RunStarted, Scored


class UnknownStoppingRule(ArchwrightError, LookupError):
    """A name that no stopping rule has."""


@frozen
class MedianRule:
    """Vizier's rule (Golovin et al. 2017, section 3.2.2).

    A running trial is hopeless after an epoch if its best value so far is strictly worse than the median, over the
    finished trials, of the mean of all values that each had reported up to that epoch. Neither failed trials nor those
    that were stopped early count as finished: once most trials are hopeless, the median would be, too, and no more
    would be stopped. A trial that continues another one has the curve of the whole training, and once it is finished,
    it alone counts. A trial whose last value is NaN or infinite is hopeless whatever the other trials have reported.
    """

    name: ClassVar[str] = "median"
    warmup: int = whole_setting(1, meaning="how many epochs every trial may have")
    startup: int = whole_setting(5, low=1, meaning="how many trials must be finished before any is stopped early")


STOPPING_RULES: Mapping[str, type[MedianRule]] = {MedianRule.name: MedianRule}


def rule_to_json(name: str, settings: Mapping[str, JSON] | None = None) -> JSON:
    """The name and every setting of a rule, as the beginning of a run holds them.

    Raises UnknownStoppingRule, UnknownSetting or BadSetting.
    """
    if name not in STOPPING_RULES:
        raise UnknownStoppingRule(f"there is no stopping rule {name!r}; {suggest_names(name, STOPPING_RULES)}")
    rule = with_settings(STOPPING_RULES[name](), f"the stopping rule {name}", settings or {})
    return {"rule": name, **cattrs.unstructure(rule)}


def rule_from_json(data: JSON) -> MedianRule:
    """The rule that `rule_to_json` wrote."""
    settings = dict(data)
    return STOPPING_RULES[settings.pop("rule")](**settings)


@frozen
class CurvePoint:
    """A learning curve after one of its epochs."""

    epoch: int
    best: float  # of the values up to this epoch
    mean: float  # of the values up to this epoch


LearningCurve = tuple[CurvePoint, ...]  # in the order of the epochs

_NO_CURVES: PMap[int, LearningCurve] = pmap()


@frozen
class LearningCurves:
    """The learning curves of a run's trials in the objective's metric, from its events."""

    objective: Objective
    rule: MedianRule
    running_curves: PMap[int, LearningCurve] = _NO_CURVES  # of the last attempt at each trial that is not scored
    finished_curves: PMap[int, LearningCurve] = _NO_CURVES  # of trials that ended well, except those that were hopeless
    # Of running trials whose last value is NaN or infinite: its epoch, and the value.
    non_finite_values: PMap[int, tuple[int, float]] = pmap()
    continues: PMap[int, int] = pmap()  # the trial whose training a trial continues, where it does

    def fold(self, event: Event) -> "LearningCurves":
        """The curves with one more event applied."""
        match event:
            case Proposed(trial, continues=int(earlier)):
                return evolve(self, continues=self.continues.set(trial, earlier))
            case AttemptStarted(trial):
                curve = self.finished_curves.get(self.continues.get(trial, trial), ())
                return evolve(
                    self,
                    running_curves=self.running_curves.set(trial, curve),
                    non_finite_values=self.non_finite_values.discard(trial),
                )
            case Reported(trial, _, epoch, metrics):
                value = metrics.get(self.objective.metric)
                return self if value is None else self._add_value(trial, epoch, value)
            case AttemptEnded(trial, stopped=EarlyStop("hopeless")):
                return evolve(self, running_curves=self.running_curves.discard(trial))
            case Scored(trial, status):
                curve, running_curves = self.running_curves.get(trial, ()), self.running_curves.discard(trial)
                finished_curves = self.finished_curves
                if status == "ok" and curve:
                    finished_curves = finished_curves.set(trial, curve)
                return evolve(self, running_curves=running_curves, finished_curves=finished_curves)
            case _:
                return self

    def _add_value(self, trial: int, epoch: int, value: float) -> "LearningCurves":
        if not math.isfinite(value):
            return evolve(self, non_finite_values=self.non_finite_values.set(trial, (epoch, value)))
        curve = self.running_curves.get(trial, ())
        earlier = curve[: _count_points(curve, epoch - 1)]
        extended = (*earlier, self._make_point(earlier, epoch, value))
        return evolve(
            self,
            running_curves=self.running_curves.set(trial, extended),
            non_finite_values=self.non_finite_values.discard(trial),
        )

    def _make_point(self, earlier: LearningCurve, epoch: int, value: float) -> CurvePoint:
        if not earlier:
            return CurvePoint(epoch, value, value)
        last = earlier[-1]
        best = value if self.objective.is_better(value, last.best) else last.best
        return CurvePoint(epoch, best, _update_mean(last.mean, len(earlier), value))

    def find_best(self, trial: int) -> float | None:
        """The best value that a running trial has reported; None if it has reported none."""
        curve = self.running_curves.get(trial, ())
        return curve[-1].best if curve else None

    def find_stop_reason(self, trial: int) -> str:
        """Why the running trial is hopeless after the epoch that it reported last; empty if it is not."""
        curve, rule, metric = self.running_curves.get(trial, ()), self.rule, self.objective.metric
        if trial in self.non_finite_values:
            epoch, value = self.non_finite_values[trial]
            return f"its {metric} was {value} after epoch {epoch}" if epoch > rule.warmup else ""
        if not curve or curve[-1].epoch <= rule.warmup:
            return ""
        last, means = curve[-1], self._list_finished_means(curve[-1].epoch)
        if len(means) < rule.startup or not self.objective.is_better(median_mean := _compute_median(means), last.best):
            return ""
        worse = "below" if self.objective.direction == "maximize" else "above"
        return (
            f"its best {metric} by epoch {last.epoch} was {last.best:.6g}, {worse} {median_mean:.6g}, "
            f"the median of what {len(means)} finished trials had on average by then"
        )

    def _list_finished_means(self, epoch: int) -> list[float]:
        """The mean of the values up to `epoch`, for each finished training that has any."""
        trials = self.finished_curves.keys() - {self.continues.get(trial) for trial in self.finished_curves}
        curves = [self.finished_curves[trial] for trial in trials]
        return [curve[count - 1].mean for curve in curves if (count := _count_points(curve, epoch))]


def fold_learning_curves(started: RunStarted, events: Iterable[Event] = ()) -> LearningCurves | None:
    """The curves after `events` of a run with a stopping rule; None for a run without one."""
    if started.stopping is None:
        return None
    curves = LearningCurves(started.objective, rule_from_json(started.stopping))
    return reduce(LearningCurves.fold, events, curves)


def _count_points(curve: LearningCurve, epoch: int) -> int:
    """How many points a curve has up to `epoch`."""
    return bisect_right(curve, epoch, key=lambda point: point.epoch)


def _update_mean(mean: float, count: int, value: float) -> float:
    """The mean of `count` values and one more; also where the difference between `value` and `mean` overflows."""
    difference = value - mean
    if math.isfinite(difference):
        return mean + difference / (count + 1)
    return mean + (value / (count + 1) - mean / (count + 1))


def _compute_median(values: Sequence[float]) -> float:
    """The median, also where the sum of the two middle values overflows."""
    middle = median(values)
    return middle if math.isfinite(middle) else 2 * median([value / 2 for value in values])
