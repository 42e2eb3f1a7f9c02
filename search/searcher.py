"""What a searcher is: frozen settings and pure functions over a state that it alone knows the inside of."""

from typing import Any, ClassVar, Protocol, TypeVar

from archwright.core.protocols import Outcome, Problem, Proposal

State = TypeVar("State")


class Searcher(Protocol[State]):
    """A search strategy.

    Its settings are the fields of a frozen attrs class, all plain JSON values. The state after any prefix of a log is
    the fold of `adopt` over its proposals and `tell` over its outcomes, in the log's order, whoever made the
    proposals: so a search is resumed, replayed and forked without any code of the searcher's.

    A class may name its `revision`, a whole number. Whoever changes what a searcher proposes raises it: then the runs
    that were proposed before are not held against what it proposes now.
    """

    name: ClassVar[str]

    def start(self, problem: Problem) -> State:
        """The state before the first proposal."""
        ...

    def propose(self, state: State) -> Proposal | None:
        """The next proposal; None if there is none before another outcome, or none at all.

        Randomness comes from the problem's seed and the number of the proposal.
        """
        ...

    def adopt(self, state: State, proposal: Proposal) -> State:
        """The state in which `proposal`, this searcher's or another's, is under way; any number may be."""
        ...

    def tell(self, state: State, outcome: Outcome) -> State:
        """The state that knows the outcome of an adopted proposal; outcomes come in any order, also bad ones."""
        ...

    def promotable(self, state: State) -> frozenset[int]:
        """The trials, under way or scored, that a later proposal may still continue; their checkpoints are kept.

        One that is not among them never comes back, but for a trial that was not proposed yet.
        """
        ...


AnySearcher = Searcher[Any]


def get_revision(searcher: AnySearcher) -> int:
    """The revision of what a searcher proposes; 1 where its class names none."""
    return getattr(searcher, "revision", 1)
