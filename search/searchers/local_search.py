"""Local search: the first neighbour that is better is the next incumbent; where none is, the search restarts."""

import math
from collections.abc import Callable
from typing import ClassVar, final

from attrs import evolve, frozen
from pyrsistent import PSet, pset

from archwright.core.builders import name_wrong_fields
from archwright.core.domain import Domain
from archwright.core.protocols import Outcome, Problem, Proposal
from archwright.core.value import Path, Value
from archwright.core.variation.mutation import change_values, list_decisions, list_neighbours
from archwright.search.randomness import UniformStream
from archwright.search.searchers.unseen import sample_unseen


@final
@frozen
class LocalState:
    """The incumbent, and its neighbours that are still to be tried."""

    problem: Problem
    incumbent: Outcome | None = None  # None before the first outcome
    untried: tuple[Path, ...] = ()  # neighbours of the incumbent, in the order of trying
    restarts: PSet[int] = pset()  # the open trials that are no neighbours of an incumbent
    seen: PSet[Path] = pset()  # whatever was proposed


@name_wrong_fields
@final
@frozen
class LocalSearch:
    """From a random leaf, the incumbent, neighbours that differ in one choice are tried in random order.

    The first that is better is the next incumbent, at once; if none is, the search restarts at a random leaf, however
    good that is. No leaf is proposed twice, and there is nothing to propose once all of a finite space were. The
    neighbours of a number that has many are some at several distances on either side. Several workers try several
    neighbours: an outcome that is better than the incumbent by then is the next one. A failed trial is worse than any
    other.
    """

    name: ClassVar[str] = "local-search"
    revision: ClassVar[int] = 2  # since no leaf is proposed twice
    streams: ClassVar[int] = 2  # the neighbours of an outcome are drawn when it is told

    def start(self, problem: Problem) -> LocalState:
        """No incumbent yet."""
        return LocalState(problem)

    def propose(self, state: LocalState, trial: int, uniform: UniformStream) -> Proposal | None:
        """The next neighbour, or a random leaf, if any is new; consumes a number for each choice of a random leaf."""
        problem = state.problem
        if state.untried:
            return Proposal(trial, problem.root.origin, state.untried[0], problem.budget)
        leaf = sample_unseen(problem.root, state.seen, uniform)
        return None if leaf is None else Proposal.of(trial, leaf, problem.budget)

    def adopt(self, state: LocalState, proposal: Proposal) -> LocalState:
        """One path more that was seen: a neighbour if it is among those to be tried, and else a restart."""
        path = proposal.path
        return evolve(
            state,
            untried=tuple(neighbour for neighbour in state.untried if neighbour != path),
            restarts=state.restarts if path in state.untried else state.restarts.add(proposal.trial),
            seen=state.seen.add(path),
        )

    def tell(self, state: LocalState, outcome: Outcome, uniform: UniformStream) -> LocalState:
        """The outcome is the next incumbent if it is better, or a restart while no neighbour is left to try.

        Consumes a number for each neighbour of a next incumbent, and one for each choice that is drawn in it.
        """
        utility = state.problem.objective.utility
        is_restart = outcome.proposal.trial in state.restarts
        state = evolve(state, restarts=state.restarts.discard(outcome.proposal.trial))
        incumbent = state.incumbent
        is_accepted = incumbent is None or (is_restart and not state.untried)
        if is_accepted or utility(outcome.score) > utility(incumbent.score if incumbent else None):
            untried = _draw_neighbours(outcome.proposal, state.seen, uniform)
            return evolve(state, incumbent=outcome, untried=untried)
        return state


def _draw_neighbours(proposal: Proposal, seen: PSet[Path], uniform: UniformStream) -> tuple[Path, ...]:
    """The paths that differ from the proposal's in one choice and are none of `seen`, in random order.

    Values with weights or a prior come the earlier, the likelier they are. What a change makes new choices of is drawn;
    consumes a number for each neighbour and each such choice.
    """
    decisions = list_decisions(proposal.leaf)
    weights = [_weigh(decision.domain) for decision in decisions]
    are_alike = not any(weights)
    keyed = list[tuple[float, Path]]()
    for i, value in list_neighbours(decisions):
        key, weigh = uniform(), weights[i]
        if not are_alike:  # who has the shortest of exponential waits comes first, and so on
            key = -math.log1p(-key) / (weigh(value) if weigh else 1.0)
        keyed.append((key, change_values(decisions, {i: value}, uniform)[1]))
    return tuple(path for _, path in sorted(keyed, key=lambda pair: pair[0]) if path not in seen)


def _weigh(domain: Domain) -> Callable[[Value], float] | None:
    """How likely a value is, compared to one of as many that are alike; None where all are, and of reals."""
    if domain.plain is domain or domain.size is None:
        return None
    size = domain.size
    return lambda value: size * domain.probability(value)
