"""Local search: the first neighbour that is better, and a fresh start where none is."""

from typing import ClassVar, final

from attrs import evolve, frozen
from pyrsistent import PSet, pset

from archwright.core.mutation import change_values, list_decisions, list_neighbours
from archwright.core.node import Node, Path, root
from archwright.core.protocols import Outcome, Problem, Proposal
from archwright.search.randomness import uniforms
from archwright.search.searchers.unseen import fresh


@final
@frozen
class LocalState:
    """Where the search stands, and the neighbours that are still to be tried."""

    problem: Problem
    root: Node
    proposals: int = 0
    current: Outcome | None = None
    untried: tuple[Path, ...] = ()  # neighbours of the current one, in the order of trying
    starts: PSet[int] = pset()  # the open trials that are fresh starts
    seen: PSet[Path] = pset()  # whatever was proposed


@final
@frozen
class LocalSearch:
    """From a random leaf, neighbours that differ in one choice are tried in random order until one is better.

    The better one is where the search goes on from, at once; if there is none, it begins again at a random leaf. No
    leaf is proposed twice, and there is nothing to propose once all of a finite space were. The neighbours of a number
    that has many are some at several distances on either side. Several workers try several neighbours: an outcome that
    is better than where the search stands by then is where it goes on from. A failed trial is worse than any other.
    """

    name: ClassVar[str] = "local-search"
    revision: ClassVar[int] = 2  # since no leaf is proposed twice

    def start(self, problem: Problem) -> LocalState:
        """Nowhere yet."""
        return LocalState(problem, root(problem.space, problem.input_shape))

    def propose(self, state: LocalState) -> Proposal | None:
        """The next neighbour, or a random leaf, if any is new; consumes a number for each choice of a random leaf."""
        if state.untried:
            return Proposal(state.proposals, state.root.origin, state.untried[0], state.problem.budget)
        leaf = fresh(state.root, state.seen, uniforms(state.problem.seed, 2 * state.proposals))
        return None if leaf is None else Proposal.of(state.proposals, leaf, state.problem.budget)

    def adopt(self, state: LocalState, proposal: Proposal) -> LocalState:
        """One proposal more: a neighbour if it is among those to be tried, and else a fresh start."""
        path = proposal.path
        return evolve(
            state,
            proposals=max(state.proposals, proposal.trial + 1),
            untried=tuple(each for each in state.untried if each != path),
            starts=state.starts if path in state.untried else state.starts.add(proposal.trial),
            seen=state.seen.add(path),
        )

    def tell(self, state: LocalState, outcome: Outcome) -> LocalState:
        """The search at the outcome if that is better, or if it is a fresh start that was due."""
        utility = state.problem.objective.utility
        fresh = outcome.proposal.trial in state.starts
        state = evolve(state, starts=state.starts.discard(outcome.proposal.trial))
        due = state.current is None or (fresh and not state.untried)
        if due or utility(outcome.score) > utility(state.current.score if state.current else None):
            return evolve(state, current=outcome, untried=self._neighbours(state, outcome.proposal))
        return state

    def promotable(self, state: LocalState) -> frozenset[int]:
        """None: every training ends with its trial."""
        return frozenset()

    def _neighbours(self, state: LocalState, proposal: Proposal) -> tuple[Path, ...]:
        """The paths that differ in one choice and were never proposed, in random order.

        What a change makes new choices of is drawn; consumes a number for each neighbour and each such choice.
        """
        uniform = uniforms(state.problem.seed, 2 * proposal.trial + 1)
        decisions = list_decisions(proposal.leaf)
        changes = list_neighbours(decisions)
        keyed = [(uniform(), change_values(decisions, {i: value}, uniform)[1]) for i, value in changes]
        return tuple(path for _, path in sorted(keyed, key=lambda pair: pair[0]) if path not in state.seen)
