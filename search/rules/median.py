"""The median rule: a trial is hopeless once it is worse than half of the finished ones were on average by then."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from statistics import median
from typing import ClassVar

from attrs import evolve, frozen
from pyrsistent import PMap, pmap

from archwright.core.builders import name_wrong_fields
from archwright.core.objective import Objective
from archwright.core.setting import whole_setting
from archwright.search.stopping_rule import TrialBegun, TrialFinished, TrialNews, ValueReported


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
    """The learning curves of a run's trials in the objective's metric."""

    objective: Objective
    running_curves: PMap[int, LearningCurve] = _NO_CURVES  # of the last attempt at each trial that is not finished
    finished_curves: PMap[int, LearningCurve] = _NO_CURVES  # of trials that ended well, except those that were hopeless
    # Of running trials whose last value is NaN or infinite: its epoch, and the value.
    non_finite_values: PMap[int, tuple[int, float]] = pmap()
    continues: PMap[int, int | None] = pmap()  # the trial whose training a trial continues, where it does

    def fold(self, news: TrialNews) -> "LearningCurves":
        """The curves that know what happened next."""
        match news:
            case TrialBegun(trial, continues):
                curve = () if continues is None else self.finished_curves.get(continues, ())
                return evolve(
                    self,
                    running_curves=self.running_curves.set(trial, curve),
                    non_finite_values=self.non_finite_values.discard(trial),
                    continues=self.continues if continues is None else self.continues.set(trial, continues),
                )
            case ValueReported(trial, epoch, value):
                return self._add_value(trial, epoch, value)
            case TrialFinished(trial, status, is_hopeless=is_hopeless):
                curve, finished_curves = self.running_curves.get(trial, ()), self.finished_curves
                if status == "ok" and curve and not is_hopeless:
                    finished_curves = finished_curves.set(trial, curve)
                return evolve(self, running_curves=self.running_curves.discard(trial), finished_curves=finished_curves)

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

    def list_finished_means(self, epoch: int) -> list[float]:
        """The mean of the values up to `epoch`, for each finished training that has any."""
        trials = self.finished_curves.keys() - {self.continues.get(trial) for trial in self.finished_curves}
        curves = [self.finished_curves[trial] for trial in trials]
        return [curve[count - 1].mean for curve in curves if (count := _count_points(curve, epoch))]


@name_wrong_fields
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

    def start(self, objective: Objective) -> LearningCurves:
        """No trial has a curve."""
        return LearningCurves(objective)

    def fold(self, state: LearningCurves, news: TrialNews) -> LearningCurves:
        """The curves that know what happened next."""
        return state.fold(news)

    def find_stop_reason(self, state: LearningCurves, trial: int) -> str:
        """Why the running trial is hopeless after the epoch that it reported last; empty if it is not."""
        curve, objective = state.running_curves.get(trial, ()), state.objective
        if trial in state.non_finite_values:
            epoch, value = state.non_finite_values[trial]
            return f"its {objective.metric} was {value} after epoch {epoch}" if epoch > self.warmup else ""
        if not curve or curve[-1].epoch <= self.warmup:
            return ""
        last, means = curve[-1], state.list_finished_means(curve[-1].epoch)
        if len(means) < self.startup or not objective.is_better(median_mean := _compute_median(means), last.best):
            return ""
        worse = "below" if objective.direction == "maximize" else "above"
        return (
            f"its best {objective.metric} by epoch {last.epoch} was {last.best:.6g}, {worse} {median_mean:.6g}, "
            f"the median of what {len(means)} finished trials had on average by then"
        )


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
