"""What is made for one call of a person's own function, and what is done once it has returned."""

from collections.abc import Callable, Mapping
from typing import Any

from attrs import field, frozen

from archwright.core.term import Term
from archwright.core.trial import Job
from archwright.evaluate.verdict import Verdict


def _as_it_is(verdict: Verdict, job: Job) -> Verdict:
    del job
    return verdict


@frozen
class Made:
    """What a function gets for a job beside what every one gets, by names of asking.OFFERED."""

    given: Mapping[str, Any] = field(factory=dict[str, Any])
    finished: Callable[[Verdict, Job], Verdict] = _as_it_is  # of a job that ended well: keeps and adds what is due


Make = Callable[[Term, int], Made]  # from the architecture and the seed of the job
