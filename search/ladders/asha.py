"""ASHA: asynchronous successive halving, in which whoever is free promotes, or begins another configuration."""

import math
from collections.abc import Sequence
from itertools import accumulate
from typing import ClassVar, final

from attrs import evolve, frozen
from pyrsistent import pvector

from archwright.core.budget import Budgets, InvalidBudget
from archwright.core.builders import name_wrong_fields
from archwright.core.setting import BadSetting, flag_setting, whole_setting
from archwright.search.halving import count_promotions
from archwright.search.ladders.ladder import (
    Beginning,
    Ladder,
    LadderState,
    Promotion,
    eta_setting,
    fresh_setting,
    sampler_setting,
)
from archwright.search.ladders.rungs import Bracket, Rung
from archwright.search.randomness import UniformStream
from archwright.search.rules.halving import HalvingRule
from archwright.search.searcher import AnySearcher

ASHA = "Li et al. 2020 (ASHA)"


class AsynchronousLadder(Ladder):
    """What ASHA and PASHA have in common: each bracket is there from the beginning, and no rung has a size."""

    def find_job(self, state: LadderState, uniform: UniformStream) -> Promotion | Beginning | None:
        """A promotion to the highest rung to which one may go; else a beginning. Consumes what that consumes."""
        for rung in reversed(range(state.open_rungs - 1)):
            for bracket in state.brackets:
                if bracket.start <= rung:
                    promotion = self._find_promotion(bracket.get_rung(rung))
                    if promotion is not None:
                        return Promotion(promotion)
        return self.find_beginning(state, uniform)

    def _find_promotion(self, rung: Rung) -> int | None:
        """The best trial of a rung that is among the best eta-th of those that have ended, and not promoted."""
        best = rung.find_best(count_promotions(len(rung.utilities), self.eta))
        return next((trial for trial in best if trial not in rung.promoted), None)

    def find_last_job(self, state: LadderState) -> Promotion | None:
        """The best of the highest rung, where all trials have ended and the last rung that is open has no score.

        So that a run of few configurations does not end without a score of the largest budget. Where all that were
        promoted from a rung have failed, its next one is.
        """
        if not all(rung.has_ended for bracket in state.brackets for rung in bracket.rungs):
            return None
        for number in reversed(range(state.open_rungs)):
            rungs = [bracket.get_rung(number) for bracket in state.brackets if bracket.start <= number]
            if number == state.open_rungs - 1 and any(rung.ranked for rung in rungs):
                return None
            if waiting := [best for rung in rungs for best in rung.ranked if best[1] not in rung.promoted]:
                return Promotion(min(waiting)[1])
        return None

    def find_beginning(self, state: LadderState, uniform: UniformStream) -> Beginning:
        """The only bracket; consumes nothing."""
        return Beginning(0)

    def find_start(self, state: LadderState, bracket: int) -> int:
        """The rung of the bracket's number."""
        return bracket

    def find_bracket(self, state: LadderState, rung: int) -> tuple[LadderState, int | None]:
        """The one that begins there."""
        starts = [bracket.start for bracket in state.brackets]
        return state, starts.index(rung) if rung in starts else None

    def has_ended(self, state: LadderState, bracket: Bracket) -> bool:
        """Never: whatever begins there may let others go on."""
        return False

    def list_promotable(self, state: LadderState, bracket: Bracket, rung: int) -> list[int]:
        """All that have neither failed nor been promoted: the more trials a rung has, the more of them go on."""
        this = bracket.get_rung(rung)
        failed = {trial for trial, utility in this.utilities.items() if utility is None}
        return [trial for trial in this.trials if trial not in failed and trial not in this.promoted]


def make_brackets(state: LadderState, count: int) -> LadderState:
    """The state with so many empty brackets, each of which begins one rung higher than the one before."""
    brackets = [Bracket(start, (Rung(),) * (len(state.rungs) - start)) for start in range(count)]
    return evolve(state, brackets=pvector(brackets))


@name_wrong_fields
@final
@frozen
class Asha(AsynchronousLadder):
    """Of the trials of a rung that have ended, the best eta-th may go on; where none is left to, another begins.

    No worker ever waits for another. Rungs are looked through from the highest. Failed trials count among those that
    have ended, rank last, and are never promoted. With several `brackets`, each begins one rung higher than the last;
    the bracket of a configuration is drawn, the likelier the more it would have in Hyperband.
    """

    name: ClassVar[str] = "asha"
    revision: ClassVar[int] = 1
    eta: float = eta_setting()
    sampler: AnySearcher = sampler_setting()  # noqa: RUF009  (a field)
    brackets: int = whole_setting(
        1,
        low=1,
        meaning="how many, of which each begins one rung higher; no more than there are rungs",
        source="Li et al. 2022 (Hyper-Tune)",
    )
    fresh: bool = fresh_setting()
    promotion: bool = flag_setting(
        True,
        meaning="whether trials are promoted; false: each has the largest budget, and is stopped at a rung at which it "
        "is not among the best, for trainings that cannot go on from a checkpoint",
        source=ASHA,
    )

    def __attrs_post_init__(self) -> None:
        if not self.promotion and self.brackets > 1:
            raise BadSetting(
                f"brackets of the searcher asha is {self.brackets}, and with promotion=false there is one, as every "
                "trial has the largest budget; leave one of them out"
            )

    def make_stopping_rule(self, budgets: Budgets) -> HalvingRule | None:
        """The rule that stops trials at the rungs, after whole epochs; None where they are promoted, or have one rung.

        Raises InvalidBudget where the budgets are not in epochs, as those are what trials report.
        """
        if self.promotion:
            return None
        if budgets.largest.unit != "epochs":
            raise InvalidBudget(
                f"the budgets are {budgets}, and asha,promotion=false stops trials by the epochs that they report; "
                "give budgets in epochs, as in 1epochs..27epochs"
            )
        *lower, _ = budgets.list_rungs(self.eta)
        milestones = tuple(dict.fromkeys(math.ceil(rung.amount) for rung in lower))
        return HalvingRule(self.eta, milestones) if milestones else None

    def prepare(self, state: LadderState) -> LadderState:
        """The brackets, all empty; without promotion one, whose only rung is the last."""
        if not self.promotion:
            return evolve(state, brackets=pvector([Bracket(len(state.rungs) - 1, (Rung(),))]))
        return make_brackets(state, min(self.brackets, len(state.rungs)))

    def find_start(self, state: LadderState, bracket: int) -> int:
        """The rung of the bracket's number; without promotion the last one."""
        return state.brackets[bracket].start

    def find_beginning(self, state: LadderState, uniform: UniformStream) -> Beginning:
        """A bracket that is drawn; consumes a number if there are several."""
        if len(state.brackets) == 1:
            return Beginning(0)
        sums = list(accumulate(compute_bracket_weights(len(state.rungs), len(state.brackets), self.eta)))
        drawn = uniform() * sums[-1]
        return Beginning(next(number for number, total in enumerate(sums) if drawn < total))


def describe_unused_fresh(searcher: AnySearcher) -> list[str]:
    """A sentence where promotions are to be trained from the beginning, and there are none; else nothing.

    It is not refused, as several brackets are: logs may have it, and their runs go on with the same searcher.
    """
    if not isinstance(searcher, Asha) or searcher.promotion or not searcher.fresh:
        return []
    return [
        "fresh of the searcher asha does nothing: it is about promotions, and with promotion=false there are none; "
        "leave one of them out"
    ]


def compute_bracket_weights(rung_count: int, bracket_count: int, eta: float) -> Sequence[float]:
    """In proportion to the configurations that each bracket has in Hyperband: eta^(K - s) * (K + 1) / (K - s + 1).

    K is the number of promotions of the first bracket, and s the rung at which a bracket begins, counted from 0
    (Li et al. 2022, appendix).
    """
    k = rung_count - 1
    return [eta ** (k - s) * (k + 1) / (k - s + 1) for s in range(bracket_count)]
