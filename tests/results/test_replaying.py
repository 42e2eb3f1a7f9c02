"""What a replay says of a proposal that differs."""

from archwright.core.budget import Budget
from archwright.results.replaying import _describe_difference
from archwright.search.running.revisions import Mismatch
from archwright.store.events import Proposed


def test_what_differs_is_not_what_rounding_makes_of_a_number_and_is_told_with_the_digits_that_tell_it():
    logged = [("rate", 0.1 + 0.2), ("decay", 0.0001), ("units", 8)]
    recomputed_path = [("rate", 0.3), ("decay", 0.000100000001), ("units", 8)]
    proposal, recomputed = (Proposed(2, path, Budget(1, "epochs")) for path in (logged, recomputed_path))
    assert (
        _describe_difference(Mismatch(7, 2, proposal, recomputed, 1))
        == "choice 2 was decay=0.0001, and is decay=0.000100000001"
    )
