"""One attempt at a job inside a worker: whatever the job does, an end that the coordinator can log."""

import fcntl
import gc
import os
import random
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from threading import Lock
from typing import TypeVar

from archwright.core.errors import ArchwrightError
from archwright.core.protocols import Finished, Job, Report, Status
from archwright.evaluate.config import FunctionConfig, TrainingConfig, config_from_json
from archwright.evaluate.user_code import end_forked_children, is_source, load_object, require_same_process
from archwright.evaluate.user_errors import format_traceback, is_out_of_memory
from archwright.evaluate.verdict import Evaluate, Metrics, ReportEpoch, Verdict
from archwright.evaluate.workers.protocol import (
    Ended,
    JobMessage,
    Message,
    Ready,
    Setup,
    StopEarly,
    Unfit,
    decode,
    encode,
)

AnyJob = TypeVar("AnyJob", Job, JobMessage)


def attempt(
    evaluate: Callable[[AnyJob, ReportEpoch], Verdict],
    job: AnyJob,
    report: Callable[[Report], None],
    halted: Callable[[], str] = lambda: "",
) -> Ended:
    """The end of one attempt at `job`; anything that `evaluate` raises becomes a status with the person's traceback.

    `halted` says why the job is to end where it has just told an epoch's metrics; it is empty if it may go on.
    Seeds the global generators with the job's seed first: Python's, and numpy's and torch's where they are loaded.
    Only the process that has the job speaks of it, and only until its end: a report of a thread that goes on is lost.
    """
    started, home = time.monotonic(), os.getpid()
    going, turn = True, Lock()

    def tell(epoch: int, metrics: Metrics) -> str:
        require_same_process(home)
        with turn:
            if going:
                report(Report(job.trial, job.attempt, epoch, metrics))
        return halted()

    try:
        _seed(job.seed)
        with end_forked_children():
            verdict, fit = evaluate(job, tell), True
    except BaseException as error:  # noqa: BLE001  (SystemExit too: the worker outlives what it runs)
        verdict, fit = Verdict(_status(error), error=format_traceback(error)), _leaves_fit(error)
    with turn:
        going = False
    seconds = time.monotonic() - started
    _give_back()
    status, metrics, error, stopped = verdict.status, verdict.metrics, verdict.error, verdict.stopped
    return Ended(Finished(job.trial, job.attempt, status, metrics, seconds, error, stopped=stopped), fit)


def _evaluate_message(evaluate: Evaluate, message: JobMessage, tell: ReportEpoch) -> Verdict:
    """The verdict on the job of a message; invalid where its architecture cannot be read."""
    try:
        job = message.read_job()
    except Exception as error:  # a person's kind of module may raise anything
        if is_out_of_memory(error):
            raise
        return Verdict("invalid", error=format_traceback(error))
    return evaluate(job, tell)


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


class Inbox:
    """Reads messages in a thread of its own, so that a halt is heard while its job runs."""

    def __init__(self, messages: Iterable[Message]) -> None:
        self._messages = messages
        self._jobs: SimpleQueue[JobMessage | BaseException | None] = SimpleQueue()
        self._halts: dict[tuple[int, int], str] = {}
        threading.Thread(target=self._read, daemon=True).start()

    def jobs(self) -> Iterator[JobMessage]:
        """Each job as soon as it is there, until there are no more; raises what reading them raised."""
        while (job := self._jobs.get()) is not None:
            if isinstance(job, BaseException):
                raise job
            yield job
            self._halts.pop((job.trial, job.attempt), None)

    def halted(self, job: JobMessage) -> str:
        """Why the job is to end now; empty if it may go on. A halt of another job, which is over, is no halt of it."""
        return self._halts.get((job.trial, job.attempt), "")

    def _read(self) -> None:
        try:
            for message in self._messages:
                if isinstance(message, StopEarly):
                    self._halts[message.trial, message.attempt] = message.reason
                else:
                    assert isinstance(message, JobMessage)
                    self._halts.pop((message.trial, message.attempt), None)  # of a job of another search
                    self._jobs.put(message)
        except BaseException as error:  # noqa: BLE001  (the thread that takes jobs is to fail, not to wait for ever)
            self._jobs.put(error)
        else:
            self._jobs.put(None)


def main() -> None:
    """Serve one coordinator: jobs from the first pipe, reports to the second, for as long as it holds the third."""
    jobs, reports, lifeline = map(int, sys.argv[1:])
    for fd in (jobs, reports, lifeline):
        os.set_inheritable(fd, False)
    _die_with(lifeline)
    os.register_at_fork(after_in_child=partial(_fall_silent, reports))
    _offer_to_the_memory_killer()

    turn = threading.Lock()  # a person's function may report from threads of its own

    def send(message: Message) -> None:
        line = memoryview(encode(message))
        with turn:
            while line:
                line = line[os.write(reports, line) :]

    with os.fdopen(jobs, "rb") as messages:
        setup = decode(messages.readline())
        assert isinstance(setup, Setup)
        try:
            evaluate = prepare(setup)
        except BaseException as error:  # noqa: BLE001  (it runs a person's file, which may call sys.exit)
            send(Unfit(str(error) if isinstance(error, ArchwrightError) else format_traceback(error)))
            return
        send(Ready())
        try:
            serve(map(decode, messages), evaluate, send)
        except BaseException:  # noqa: BLE001  (such as a Ctrl-C that was sent to it, or no memory to tell an error with)
            try:
                traceback.print_exc()
            finally:  # also where a job has left nothing that could be told with
                os._exit(1)  # the thread that reads holds the pipe: an orderly end would wait for it


def serve(messages: Iterable[Message], evaluate: Evaluate, send: Callable[[Message], None]) -> None:
    """Answer each job with its reports and its end, until there are no more."""
    inbox = Inbox(messages)
    for job in inbox.jobs():
        send(attempt(partial(_evaluate_message, evaluate), job, send, partial(inbox.halted, job)))


def prepare(setup: Setup) -> Evaluate:
    """How jobs are evaluated, with everything imported and loaded; raises what a person's file raises."""
    sys.path.extend(folder for folder in setup.path if folder not in sys.path)
    if setup.space_source is not None and is_source(setup.space_source):
        load_object(setup.space_source)  # defines the person's own kinds of module
    config = config_from_json(setup.evaluator)
    if isinstance(config, TrainingConfig):  # only here, since torch takes seconds to import
        from archwright.evaluate.training import task

        return task.prepare_training(config, setup.index, setup.threads)
    assert isinstance(config, FunctionConfig)  # tables need no worker
    from archwright.evaluate.functions import scoring

    return scoring.make_function_evaluation(config, setup.index, setup.threads)


def _die_with(lifeline: int) -> None:
    """Kills this process and all its children once the far end of `lifeline` is closed, if only by a `kill -9`."""
    group = os.getpgrp()

    def wait() -> None:
        os.read(lifeline, 1)
        os.killpg(group, signal.SIGKILL)

    threading.Thread(target=wait, daemon=True).start()
    if hasattr(fcntl, "F_SETSIG"):  # Linux does it too, which helps where native code never lets that thread run
        fcntl.fcntl(lifeline, fcntl.F_SETOWN, -group)
        fcntl.fcntl(lifeline, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)


def _fall_silent(reports: int) -> None:
    """In a child that a person's code has forked: what it writes into the pipe, if only by chance, goes nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, reports, inheritable=False)
    os.close(nowhere)


def _offer_to_the_memory_killer() -> None:
    """Where memory runs out, Linux is to take a worker, not the coordinator."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


if __name__ == "__main__":
    main()
