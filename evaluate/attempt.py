"""One attempt at a job inside a worker: whatever the job does, an end that the coordinator can log."""

import errno
import gc
import math
import random
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from attrs import field, frozen

from archwright.core.errors import ArchwrightError
from archwright.core.trial import Finished, Job, Report, Status, Stopped
from archwright.evaluate.failure import account, said
from archwright.evaluate.protocol import Ended

Metrics = Mapping[str, float]
# Of an epoch and its metrics; says why the attempt is to end there, or nothing if it may go on.
Tell = Callable[[int, Metrics], str]


@frozen
class Verdict:
    """How an attempt went, as the code that does it knows; what it raises instead is an attempt that crashed."""

    status: Status
    metrics: Metrics = field(factory=dict[str, float])  # finite
    error: str = ""
    stopped: Stopped | None = None


Evaluate = Callable[[Job, Tell], Verdict]


# How torch says that memory ran out, on a CPU, and in the words of CUDA, of its libraries and of Metal.
NO_MEMORY = ("can't allocate memory", "out of memory", "STATUS_ALLOC_FAILED", "cudaErrorMemoryAllocation")


class NotANumber(ArchwrightError, TypeError):
    """A metric that is no real number."""


def attempt(
    evaluate: Evaluate, job: Job, report: Callable[[Report], None], halted: Callable[[], str] = lambda: ""
) -> Ended:
    """The end of one attempt at `job`; anything that `evaluate` raises becomes a status with the person's traceback.

    `halted` says why the job is to end where it has just told an epoch's metrics; it is empty if it may go on.
    Seeds the global generators with the job's seed first: Python's, and numpy's and torch's where they are loaded.
    """
    started = time.monotonic()

    def tell(epoch: int, metrics: Metrics) -> str:
        report(Report(job.trial, job.attempt, epoch, _finite(metrics)))
        return halted()

    try:
        _seed(job.seed)
        verdict, fit = evaluate(job, tell), True
    except BaseException as error:  # noqa: BLE001  (SystemExit too: the worker outlives what it runs)
        verdict, fit = Verdict(_status(error), error=account(error)), _leaves_fit(error)
    seconds = time.monotonic() - started
    _give_back()
    status, metrics, error, stopped = verdict.status, verdict.metrics, verdict.error, verdict.stopped
    return Ended(Finished(job.trial, job.attempt, status, metrics, seconds, error, stopped=stopped), fit)


def judged(metrics: Metrics) -> Verdict:
    """The verdict on final metrics: ok, or diverged where one of them is NaN or infinite."""
    for name, value in metrics.items():
        if not math.isfinite(value):
            return Verdict("diverged", _finite(metrics), f"{name} is {value}")
    return Verdict("ok", metrics)


def number(name: str, value: Any) -> float:
    """`value` as a float: a Python or numpy number, or a tensor of one element; raises NotANumber for all others."""
    try:
        if hasattr(value, "__float__") and not isinstance(value, str):
            return float(value)
    except (TypeError, ValueError, RuntimeError):  # several elements
        pass
    raise NotANumber(f"{name} is {value!r:.80} ({type(value).__name__}); it must be a number")


def _finite(metrics: Metrics) -> Metrics:
    """Only what JSON and SQL can hold."""
    return {name: value for name, value in metrics.items() if math.isfinite(value)}


def _seed(seed: int) -> None:
    random.seed(seed)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(seed % 2**32)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(seed)


def _give_back() -> None:
    """The memory of what a job has left behind, models in cycles above all: other workers may share the device."""
    gc.collect()
    if _uses_cuda():
        sys.modules["torch"].cuda.empty_cache()


def _uses_cuda() -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and torch.cuda.is_initialized()


def _status(error: BaseException) -> Status:
    if isinstance(error, FloatingPointError):  # how Python, numpy and a person's own training say NaN
        return "diverged"
    return "out_of_memory" if is_out_of_memory(error) else "crashed"


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, of the machine or of a device."""
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    if isinstance(error, RuntimeError):
        return any(sign in said(error) for sign in NO_MEMORY)
    return isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"


def _leaves_fit(error: BaseException) -> bool:
    """Whether a worker can be trusted after `error`: not without memory, nor with a GPU in an unknown state."""
    return isinstance(error, Exception) and not is_out_of_memory(error) and not _uses_cuda()
