"""Whether a run is in its log as it was written, and is what its searcher proposes."""

from attrs import frozen

from archwright.core.errors import to_one_line
from archwright.execution.given_values import NOTHING_GIVEN, GivenValues
from archwright.results.records import VerificationRecord
from archwright.results.replaying import verify_proposals
from archwright.search.running.run_view import RunView
from archwright.store.verdict import Head, RunVerdict, VerdictRecord
from archwright.store.verify import verify_one


class RunVerification(VerificationRecord):
    """How the proposals of a run compare with those made now, and whether the log has the run as it was written."""

    chain: VerdictRecord


@frozen(repr=False)
class Verification:
    """What was found of a run's events and of its proposals; it is true where nothing was found to be wrong."""

    chain: RunVerdict  # on every event, by the hash over it and all events before it
    proposals: VerificationRecord  # those that the searcher does not make again

    @property
    def is_whole(self) -> bool:
        """Whether no event was changed or lost, as far as can be told."""
        return self.chain.is_whole

    @property
    def is_reproduced(self) -> bool:
        """Whether the searcher makes again every proposal of its revision."""
        return self.proposals["mismatch"] is None

    def details(self) -> RunVerification:
        """All that was found, as `archwright replay --verify --json` prints it."""
        return {**self.proposals, "chain": self.chain.details()}

    def __bool__(self) -> bool:
        return self.is_whole and self.is_reproduced

    def __repr__(self) -> str:
        mismatch = self.proposals["mismatch"]
        proposals = (
            f"{self.proposals['proposals']} proposals, as the searcher makes them"
            if mismatch is None
            else f"event {mismatch['event']}, trial {mismatch['trial']}, is not what the searcher proposes: "
            f"{to_one_line(mismatch['difference'])}"
        )
        return f"<Verification of {self.chain.run}: {self.chain.describe()}; {proposals}>"


def verify_run(view: RunView, given: GivenValues = NOTHING_GIVEN) -> Verification:
    """What there is to say of a run, with its searcher where that is `given` again.

    Raises LogIsDamaged, NotTrusted where its proposals take code of others, and what `restore_searcher` does.
    """
    chain = verify_one(view.log, Head(view.name, view.run.position))
    return Verification(chain, verify_proposals(view, given))
