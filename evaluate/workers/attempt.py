"""One attempt at a job inside a worker: whatever the job does, an end that the coordinator can log."""

import gc
import os
import random
import sys
import time
from collections.abc import Callable
from threading import Lock

from archwright.core.trial import Finished, Job, Report, Status
from archwright.evaluate.failure import account
from archwright.evaluate.out_of_memory import is_out_of_memory
from archwright.evaluate.own_process import no_child_returns, require_process
from archwright.evaluate.verdict import Evaluate, Metrics, Verdict
from archwright.evaluate.workers.protocol import Ended


def attempt(
    evaluate: Evaluate, job: Job, report: Callable[[Report], None], halted: Callable[[], str] = lambda: ""
) -> Ended:
    """The end of one attempt at `job`; anything that `evaluate` raises becomes a status with the person's traceback.

    `halted` says why the job is to end where it has just told an epoch's metrics; it is empty if it may go on.
    Seeds the global generators with the job's seed first: Python's, and numpy's and torch's where they are loaded.
    Only the process that has the job speaks of it, and only until its end: a report of a thread that goes on is lost.
    """
    started, home = time.monotonic(), os.getpid()
    going, turn = True, Lock()

    def tell(epoch: int, metrics: Metrics) -> str:
        require_process(home)
        with turn:
            if going:
                report(Report(job.trial, job.attempt, epoch, metrics))
        return halted()

    try:
        _seed(job.seed)
        with no_child_returns():
            verdict, fit = evaluate(job, tell), True
    except BaseException as error:  # noqa: BLE001  (SystemExit too: the worker outlives what it runs)
        verdict, fit = Verdict(_status(error), error=account(error)), _leaves_fit(error)
    with turn:
        going = False
    seconds = time.monotonic() - started
    _give_back()
    status, metrics, error, stopped = verdict.status, verdict.metrics, verdict.error, verdict.stopped
    return Ended(Finished(job.trial, job.attempt, status, metrics, seconds, error, stopped=stopped), fit)


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


def _leaves_fit(error: BaseException) -> bool:
    """Whether a worker can be trusted after `error`: not without memory, nor with a GPU in an unknown state."""
    return isinstance(error, Exception) and not is_out_of_memory(error) and not _uses_cuda()
