"""PASHA: a ladder of ASHA's that grows only as long as its two highest rungs do not agree on the order of trials."""

from collections.abc import Mapping, Sequence
from itertools import combinations, pairwise
from typing import ClassVar, final

import numpy as np
from attrs import evolve, frozen

from archwright.core.builders import name_wrong_fields
from archwright.core.protocols import Outcome
from archwright.core.setting import number_setting
from archwright.search.ladders.asha import AsynchronousLadder, make_brackets
from archwright.search.ladders.ladder import LadderState, eta_setting, fresh_setting, sampler_setting
from archwright.search.randomness import UniformStream
from archwright.search.searcher import AnySearcher

PASHA = "Bohdal et al. 2023 (PASHA)"
FIRST_OPEN_RUNGS = 2

UtilityCurve = Mapping[float, float]  # utilities by what was spent of a budget's unit, or by epoch


@name_wrong_fields
@final
@frozen
class Pasha(AsynchronousLadder):
    """ASHA on two rungs, and on one more each time that the highest open one orders trials otherwise than the next.

    The order is the same while each trial of the highest rung is, on the rung below, about as good as the one that has
    its place there: the two differ by no more than epsilon. Epsilon is how far trials are apart whose order is a matter
    of chance: the `percentile` of the differences of those pairs whose order was turned round, and turned back again.
    Learning curves show it, as far as the trials report their epochs, and else the scores on the rungs.
    """

    name: ClassVar[str] = "pasha"
    revision: ClassVar[int] = 1
    eta: float = eta_setting()
    sampler: AnySearcher = sampler_setting()  # noqa: RUF009  (a field)
    percentile: float = number_setting(
        90.0, high=100.0, meaning="of the differences that are chance, which is epsilon", source=PASHA
    )
    fresh: bool = fresh_setting()

    def prepare(self, state: LadderState) -> LadderState:
        """One empty bracket with two open rungs."""
        return evolve(make_brackets(state, 1), open_rungs=FIRST_OPEN_RUNGS)

    def tell(self, state: LadderState, outcome: Outcome, uniform: UniformStream) -> LadderState:
        """As any ladder, and with one more open rung if the order of trials is not settled."""
        state = super().tell(state, outcome, uniform)
        trial = outcome.proposal.trial
        if outcome.score is None or trial not in state.places:
            return state
        state = evolve(state, curves=state.curves.set(trial, self._extend_curve(state, outcome)))
        _, rung = state.places[trial]
        is_highest = rung == state.open_rungs - 1 and state.open_rungs < len(state.rungs)
        return (
            evolve(state, open_rungs=state.open_rungs + 1) if is_highest and not self._agree_on_order(state) else state
        )

    def _extend_curve(self, state: LadderState, outcome: Outcome) -> UtilityCurve:
        """The curve of a configuration with what the trial adds: what it reported, or else its score at its end."""
        proposal, utility = outcome.proposal, state.problem.objective.utility
        earlier: UtilityCurve = {} if proposal.promotes is None else state.curves.get(proposal.promotes, {})
        reported = {float(epoch): utility(value) for epoch, value in outcome.curve}
        return {**earlier, **(reported or {proposal.budget.amount: utility(outcome.score)})}

    def _agree_on_order(self, state: LadderState) -> bool:
        """Whether the two highest open rungs agree on the order of the trials that are on both."""
        (bracket,), highest = state.brackets, state.open_rungs - 1
        upper, lower = bracket.get_rung(highest), bracket.get_rung(highest - 1)
        ranked = [trial for trial in upper.rank() if state.proposals[trial].promotes in lower.utilities]
        below = {trial: lower.utilities[state.proposals[trial].promotes or 0] or 0.0 for trial in ranked}
        epsilon = compute_epsilon([state.curves[trial] for trial in ranked], self.percentile)
        return is_order_settled(ranked, below, epsilon)


def is_order_settled(ranked: Sequence[int], below: Mapping[int, float], epsilon: float) -> bool:
    """Whether trials, `ranked` best first, have about the same order by their utilities on the rung `below`.

    Each must be as good there, up to `epsilon`, as the one that has its place there (soft ranking).
    """
    ranked_below = sorted(ranked, key=lambda trial: -below[trial])  # of equal ones in the order above
    return all(abs(below[trial] - below[other]) <= epsilon for trial, other in zip(ranked, ranked_below, strict=True))


def compute_epsilon(curves: Sequence[UtilityCurve], percentile: float) -> float:
    """How far two curves may be apart by chance: 0 where no two cross and cross back.

    The percentile of the differences, at the last point that both have, of the pairs whose order was turned round at a
    later point, and turned back at a still later one.
    """
    measured = (_measure_crossing(*pair) for pair in combinations(curves, 2))
    differences = [difference for difference in measured if difference is not None]
    return float(np.percentile(differences, percentile)) if differences else 0.0


def _measure_crossing(one: UtilityCurve, other: UtilityCurve) -> float | None:
    """How far two curves are apart at their last common point; None if they do not cross and cross back."""
    differences = [one[point] - other[point] for point in sorted(one.keys() & other.keys())]
    signs = [difference > 0 for difference in differences if difference]
    turns = sum(sign != following for sign, following in pairwise(signs))
    return abs(differences[-1]) if turns >= 2 else None
