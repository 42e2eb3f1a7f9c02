"""How an attempt at a job went, as the code that does the job says it."""

import math
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
    metrics: Metrics = field(factory=dict[str, float])  # finite, unless it diverged
    error: str = ""
    stopped: Stopped | None = None


Evaluate = Callable[[Job, Tell], Verdict]


def judged(metrics: Metrics) -> Verdict:
    """The verdict on final metrics: ok, or diverged where one of them is NaN or infinite."""
    for name, value in metrics.items():
        if not math.isfinite(value):
            return Verdict("diverged", metrics, f"{name} is {value}")
    return Verdict("ok", metrics)
