"""No search: one given leaf, again and again, so that chance alone tells its trials apart."""

from typing import ClassVar, final

from attrs import evolve, frozen

from archwright.core.errors import ArchwrightError
from archwright.core.node import replay
from archwright.core.serial import JSON
from archwright.core.trial import Outcome, Problem, Proposal


class NotALeaf(ArchwrightError, ValueError):
    """A path that ends before everything is chosen."""


@final
@frozen
class GivenState:
    """The leaf, and how often it was proposed."""

    first: Proposal
    proposals: int = 0


@final
@frozen
class Given:
    """Proposes the leaf at the end of `path`, for as long as it is asked to; what retraining a trial is made of.

    Outcomes change nothing, and nor do open proposals.
    """

    name: ClassVar[str] = "given"
    path: tuple[tuple[str, JSON], ...] = ()  # name and value of each choice
    run: str = ""  # whose trial the path is from, if it is from one
    trial: int | None = None

    def start(self, problem: Problem) -> GivenState:
        """No proposals yet; PathMismatch or NotALeaf where the path does not lead to a leaf of the space."""
        node = replay(problem.space, problem.input_shape, self.path)
        if node.choice is not None:
            raise NotALeaf(
                f"the path of the searcher given ends after {len(self.path)} choices, and the space asks "
                f"{node.choice.name} there; give all of them, as in --set 'path=[[\"{node.choice.name}\", ...]]'"
            )
        return GivenState(Proposal(0, node.origin, node.path, problem.budget))

    def propose(self, state: GivenState) -> Proposal:
        """The leaf; consumes no randomness."""
        return evolve(state.first, trial=state.proposals)

    def adopt(self, state: GivenState, proposal: Proposal) -> GivenState:
        """One proposal more."""
        return evolve(state, proposals=max(state.proposals, proposal.trial + 1))

    def tell(self, state: GivenState, outcome: Outcome) -> GivenState:  # noqa: ARG002
        """No difference."""
        return state

    def promotable(self, state: GivenState) -> frozenset[int]:  # noqa: ARG002
        """None: every training ends with its trial."""
        return frozenset()
