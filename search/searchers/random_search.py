"""Random search."""

from typing import ClassVar, final

from attrs import evolve, frozen
from pyrsistent import PSet, pset

from archwright.core.node import Node, Path, root
from archwright.core.protocols import Outcome, Problem, Proposal
from archwright.core.setting import flag_setting
from archwright.core.traversal import sample
from archwright.search.randomness import uniforms
from archwright.search.searchers.unseen import fresh


@final
@frozen
class RandomState:
    """How many proposals there were, where they begin, and, if none may come again, which they were."""

    problem: Problem
    root: Node
    proposals: int = 0
    seen: PSet[Path] = pset()


@final
@frozen
class RandomSearch:
    """Each choice uniform over its domain, whatever happened before (DeepArchitect, section 5.1).

    Open proposals and outcomes change nothing. Leaves are not uniform where paths differ in length, and may come twice
    unless `replacement` is false: then each proposal is drawn from the leaves that were not proposed, in proportion to
    the probabilities that they have anyhow, and there is none after the last.
    """

    name: ClassVar[str] = "random"
    revision: ClassVar[int] = 1
    replacement: bool = flag_setting(True, meaning="whether a model may be proposed again")

    def start(self, problem: Problem) -> RandomState:
        """No proposals yet."""
        return RandomState(problem, root(problem.space, problem.input_shape))

    def propose(self, state: RandomState) -> Proposal | None:
        """A random leaf; consumes one number for each choice, and as many again for each leaf that is not new."""
        uniform = uniforms(state.problem.seed, state.proposals)
        leaf = sample(state.root, uniform) if self.replacement else fresh(state.root, state.seen, uniform)
        return None if leaf is None else Proposal.of(state.proposals, leaf, state.problem.budget)

    def adopt(self, state: RandomState, proposal: Proposal) -> RandomState:
        """One proposal more."""
        seen = state.seen if self.replacement else state.seen.add(proposal.path)
        return evolve(state, proposals=max(state.proposals, proposal.trial + 1), seen=seen)

    def tell(self, state: RandomState, outcome: Outcome) -> RandomState:
        """No difference."""
        return state

    def promotable(self, state: RandomState) -> frozenset[int]:
        """None: every training ends with its trial."""
        return frozenset()
