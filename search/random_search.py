"""Random search."""

from typing import ClassVar, final

from attrs import evolve, frozen

from archwright.core.node import Node, root
from archwright.core.traverse import sample
from archwright.core.trial import Outcome, Problem, Proposal
from archwright.search.randomness import uniforms


@final
@frozen
class RandomState:
    """How many proposals there were, and where they begin."""

    problem: Problem
    root: Node
    proposals: int = 0


@final
@frozen
class RandomSearch:
    """Each choice uniform over its domain, whatever happened before (DeepArchitect, section 5.1).

    Open proposals and outcomes change nothing. Leaves are not uniform where paths differ in length, and may come twice.
    """

    name: ClassVar[str] = "random"

    def start(self, problem: Problem) -> RandomState:
        """No proposals yet."""
        return RandomState(problem, root(problem.space, problem.input_shape))

    def propose(self, state: RandomState) -> Proposal:
        """A random leaf; consumes one number for each choice."""
        problem = state.problem
        leaf = sample(state.root, uniforms(problem.seed, state.proposals))
        return Proposal(state.proposals, leaf.origin, leaf.path, problem.budget)

    def adopt(self, state: RandomState, proposal: Proposal) -> RandomState:
        """One proposal more."""
        return evolve(state, proposals=max(state.proposals, proposal.trial + 1))

    def tell(self, state: RandomState, outcome: Outcome) -> RandomState:  # noqa: ARG002
        """No difference."""
        return state
