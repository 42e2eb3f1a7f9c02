"""An evaluator without a process: it has every result at once, and stands for several workers in simulated time."""

import heapq
import math
from collections.abc import Callable, Sequence
from typing import Any

from attrs import frozen

from archwright.core.clock import round_clock
from archwright.core.errors import ArchwrightError, show
from archwright.core.protocols import AttemptResult, Job, Report
from archwright.core.readers import as_number
from archwright.evaluate.description import FunctionDescription


class InvalidTrainingTime(ArchwrightError, ValueError):
    """A time of a training that is no number of seconds."""


@frozen
class SimulatedJob:
    """What became of a job, and what was reported meanwhile."""

    result: AttemptResult
    reports: Sequence[Report] = ()


class SimulatedWorkers:
    """An Evaluator that stands for so many workers, and evaluates a job when it is submitted.

    What starts at the simulated clock t and takes s seconds ends at t + s, and the earliest end comes first: of two at
    the same time, that of the earlier trial. Nothing is told of a job before its end.
    """

    def __init__(
        self,
        evaluate: Callable[[Job], SimulatedJob],
        workers: int = 1,
        description: FunctionDescription | None = None,
    ) -> None:
        self._evaluate = evaluate
        self._workers = max(1, workers)
        self._description = description
        self._running: list[tuple[float, int, SimulatedJob]] = []  # a heap of ends, each with its trial

    @property
    def slots(self) -> int:
        """The number of workers."""
        return self._workers

    @property
    def simulates_time(self) -> bool:
        """True."""
        return True

    @property
    def description(self) -> FunctionDescription | None:
        """What a person's function says of itself; None where there is none."""
        return self._description

    def warm_up(self, stop: Callable[[], object] = lambda: False) -> None:
        """Nothing: it is."""
        del stop

    def submit(self, job: Job) -> None:
        """Evaluate the job, whose end comes when it is its turn."""
        done = self._evaluate(job)
        end = round_clock(
            (job.starts_at or 0.0) + done.result.seconds
        )  # as it is logged: of equal ones the earlier trial
        heapq.heappush(self._running, (end, job.trial, done))

    def collect(self, timeout: float) -> Sequence[Report | AttemptResult]:
        """The reports and the end of the job that ends next; nothing where no job runs."""
        if not self._running:
            return []
        *_, done = heapq.heappop(self._running)
        return [*done.reports, done.result]

    def stop_early(self, trial: int, reason: str) -> None:
        """Nothing: what is reported of a job comes with its end."""

    def close(self) -> None:
        """Forget the jobs that run."""
        self._running.clear()


def require_seconds(seconds: Any) -> float:
    """The seconds of a training as a float; InvalidTrainingTime unless they are a number of 0 or more, and finite."""
    number = as_number(seconds)
    if number is None or not 0 <= number < math.inf:
        raise InvalidTrainingTime(f"the seconds of a training are {show(seconds)}; they must be a number of 0 or more")
    return number
