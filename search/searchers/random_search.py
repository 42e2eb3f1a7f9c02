"""Random search."""

from typing import ClassVar, final

from attrs import evolve, frozen
from pyrsistent import PSet, pset

from archwright.core.builders import name_wrong_fields
from archwright.core.protocols import Outcome, Problem, Proposal
from archwright.core.setting import flag_setting
from archwright.core.traversal import sample
from archwright.core.value import Path
from archwright.search.randomness import UniformStream
from archwright.search.searchers.unseen import sample_unseen


@final
@frozen
class RandomState:
    """What was proposed, if none of it may come again."""

    problem: Problem
    seen: PSet[Path] = pset()


@name_wrong_fields
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
        return RandomState(problem)

    def propose(self, state: RandomState, trial: int, uniform: UniformStream) -> Proposal | None:
        """A random leaf; consumes one number for each choice, and as many again for each leaf that is not new."""
        root = state.problem.root
        leaf = sample(root, uniform) if self.replacement else sample_unseen(root, state.seen, uniform)
        return None if leaf is None else Proposal.of(trial, leaf, state.problem.budget)

    def adopt(self, state: RandomState, proposal: Proposal) -> RandomState:
        """The path is not to come again, unless any may."""
        return state if self.replacement else evolve(state, seen=state.seen.add(proposal.path))

    def tell(self, state: RandomState, outcome: Outcome, uniform: UniformStream) -> RandomState:
        """No difference."""
        return state

    def tell_again(self, state: RandomState, outcome: Outcome, uniform: UniformStream) -> RandomState:
        """No difference."""
        return state
