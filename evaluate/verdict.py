"""How an attempt at a job went, as the code that does the job says it."""

from collections.abc import Callable, Mapping

from attrs import field, frozen

from archwright.core.trial import Job, Status, Stopped

Metrics = Mapping[str, float]
# Of an epoch and its metrics; says why the attempt is to end there, or nothing if it may go on.
Tell = Callable[[int, Metrics], str]


@frozen
class Verdict:
    """How an attempt went, as the code that does it knows; what it raises instead is an attempt that crashed."""

    status: Status
    metrics: Metrics = field(
        factory=dict[str, float]
    )  # as they were given, also NaN: the search knows which is its objective
    error: str = ""
    stopped: Stopped | None = None


Evaluate = Callable[[Job, Tell], Verdict]
