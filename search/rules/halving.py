"""ASHA's stopping rule: at each milestone a trial goes on if it is among the best eta-th that have come so far."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, ClassVar

from attrs import evolve, frozen
from pyrsistent import PMap, pmap

from archwright.core.builders import name_wrong_fields
from archwright.core.objective import Objective
from archwright.core.setting import custom_setting, number_setting
from archwright.core.value import as_integer
from archwright.search.halving import count_promotions
from archwright.search.stopping_rule import TrialBegun, TrialFinished, TrialNews, ValueReported

_NO_VALUES: PMap[int, float] = pmap()


def _is_ascending(milestones: Any) -> bool:
    """Whether something is a list of whole numbers of epochs, of which each is larger than the one before."""
    if not isinstance(milestones, list | tuple) or not milestones:
        return False
    epochs = [as_integer(milestone) for milestone in milestones]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return all(type(epoch) is int and epoch > 0 for epoch in epochs) and all(a < b for a, b in pairwise(epochs))


def _as_tuple(milestones: Sequence[int]) -> tuple[int, ...]:
    return tuple(milestones)


@frozen
class Milestones:
    """The values that trials had at each milestone, and the milestone that each running trial has come to last."""

    objective: Objective
    values: PMap[int, PMap[int, float]] = pmap()  # by milestone and trial
    reached: PMap[int, int] = pmap()  # by running trial; none before its first one
    reasons: PMap[int, str] = pmap()  # why a running trial was hopeless when it came there; empty if it was not


@name_wrong_fields
@frozen
class HalvingRule:
    """Asynchronous successive halving that stops, for trainings that cannot go on from a checkpoint (Li et al. 2020).

    A trial that comes to a milestone goes on if its value there is among the best eta-th of those that have come to it,
    itself included; the first to come always goes on, and so does one that is as good as the last of the best. A value
    that is NaN or infinite is worse than any other. A trial that skips the epoch of a milestone is judged at its next
    report. What becomes of a trial later makes no difference to the milestones that it has come to.
    """

    name: ClassVar[str] = "halving"
    revision: ClassVar[int] = 1
    eta: float = number_setting(
        3.0, low=1.0, above=True, meaning="of those that come to a milestone, one in so many goes on"
    )
    milestones: tuple[int, ...] = custom_setting(
        (1, 3, 9, 27),
        "epochs in ascending order, as in [1, 3, 9]",
        _is_ascending,
        converter=_as_tuple,
        meaning="the epochs after which a trial is judged",
    )

    def start(self, objective: Objective) -> Milestones:
        """No trial has come to any."""
        return Milestones(objective)

    def fold(self, state: Milestones, news: TrialNews) -> Milestones:
        """The state that knows what happened next."""
        match news:
            case TrialBegun(trial):  # again, perhaps: then its former values do not count
                values = {milestone: values.discard(trial) for milestone, values in state.values.items()}
                return evolve(
                    state,
                    values=pmap(values),
                    reached=state.reached.discard(trial),
                    reasons=state.reasons.discard(trial),
                )
            case ValueReported(trial, epoch, value):
                return self._pass_milestones(state, trial, epoch, value)
            case TrialFinished(trial):
                return evolve(state, reached=state.reached.discard(trial), reasons=state.reasons.discard(trial))

    def _pass_milestones(self, state: Milestones, trial: int, epoch: int, value: float) -> Milestones:
        """The state in which a trial has come to the milestones up to an epoch that it had not come to before."""
        last = state.reached.get(trial, 0)
        for milestone in self.milestones:
            if last < milestone <= epoch:
                values = state.values.get(milestone, _NO_VALUES).set(trial, value)
                state = evolve(
                    state,
                    values=state.values.set(milestone, values),
                    reached=state.reached.set(trial, milestone),
                    reasons=state.reasons.set(trial, self._judge(state.objective, milestone, values, trial)),
                )
        return state

    def _judge(self, objective: Objective, milestone: int, values: Mapping[int, float], trial: int) -> str:
        """Why a trial that just came to a milestone is hopeless; empty if it is not."""
        utilities = {each: _rate(objective, value) for each, value in values.items()}
        may_go_on = max(1, count_promotions(len(utilities), self.eta))
        threshold = sorted(utilities.values(), reverse=True)[may_go_on - 1]
        if utilities[trial] >= threshold:
            return ""
        return (
            f"its {objective.metric} after epoch {milestone} was {values[trial]:.6g}, not among the best {may_go_on} "
            f"of the {len(values)} that have come there"
        )

    def find_stop_reason(self, state: Milestones, trial: int) -> str:
        """Why the running trial was hopeless when it came to its last milestone; empty if it was not.

        Those that come there after it make no difference.
        """
        return state.reasons.get(trial, "")


def _rate(objective: Objective, value: float) -> float:
    """The utility of a value, the least of all of one that is not finite."""
    return objective.utility(value) if math.isfinite(value) else -math.inf
