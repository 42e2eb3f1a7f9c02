"""A worker process: it evaluates one job after another and reports to the coordinator, whatever the jobs do.

It imports torch only where jobs need that: one that does without is there much sooner.
"""

import fcntl
import gc
import os
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

from attrs import evolve, frozen

from archwright.core.errors import ArchwrightError
from archwright.core.objective import require_metric_name
from archwright.core.protocols import AttemptResult, Job, Report, Status
from archwright.core.tracebacks import format_traceback
from archwright.evaluate.description import FunctionDescription
from archwright.evaluate.logged_evaluations import evaluation_from_json
from archwright.evaluate.user_errors import is_out_of_memory
from archwright.evaluate.verdict import Evaluate, Metrics, ReportEpoch, Verdict, refuse_architecture
from archwright.evaluate.workers.parcel import Parcel, unpack
from archwright.evaluate.workers.protocol import (
    JobEnded,
    JobMessage,
    Message,
    SetupFailed,
    StopEarly,
    WorkerReady,
    WorkerSetup,
    decode,
    encode,
)
from archwright.evaluate.workers.seeding import use_seed
from archwright.store.user_code import end_forked_children, is_source, load_object, require_same_process

AnyJob = TypeVar("AnyJob", Job, JobMessage)


def run_worker() -> None:
    """Serve one coordinator: jobs from the first pipe, reports to the second, for as long as it holds the third.

    The command line gives the file descriptors of the three.
    """
    jobs, reports, lifeline = map(int, sys.argv[1:])
    for fd in (jobs, reports, lifeline):
        os.set_inheritable(fd, False)
    _die_with_coordinator(lifeline)
    os.register_at_fork(after_in_child=partial(_redirect_to_null, reports))
    _prefer_for_oom_kill()

    writing = Lock()  # a person's function may report from threads of its own

    def send(message: Message) -> None:
        line = memoryview(encode(message))
        with writing:
            while line:
                line = line[os.write(reports, line) :]

    with os.fdopen(jobs, "rb") as lines:
        setup = decode(lines.readline())
        assert isinstance(setup, WorkerSetup)
        try:
            prepared = prepare_worker(setup)
        except BaseException as error:  # noqa: BLE001  (it runs a person's file, which may call sys.exit)
            send(SetupFailed(str(error) if isinstance(error, ArchwrightError) else format_traceback(error)))
            return
        _freeze_garbage_collector()
        send(WorkerReady(prepared.description))
        try:
            serve(map(decode, lines), prepared.evaluate, send)
        except BaseException:  # noqa: BLE001  (such as a Ctrl-C that was sent to it, or no memory to report an error)
            try:
                traceback.print_exc()
            finally:  # also where a job has left nothing that could print
                os._exit(1)  # the thread that reads holds the pipe: an orderly exit would wait for it


@frozen
class PreparedWorker:
    """A worker that can begin its first job."""

    evaluate: Evaluate
    description: FunctionDescription | None  # of the function that it evaluates with, if that is a person's own
    parcel: Parcel  # held here, so that the kinds in it stay known


def prepare_worker(setup: WorkerSetup) -> PreparedWorker:
    """The worker, with everything imported and loaded; raises what a person's file raises."""
    sys.path.extend(folder for folder in setup.import_path if folder not in sys.path)
    if setup.space_source is not None and is_source(setup.space_source):
        load_object(setup.space_source)  # defines the person's own kinds of module
    parcel = unpack(setup.parcel)
    evaluation = evaluation_from_json(setup.evaluator) if parcel.evaluation is None else parcel.evaluation
    description = evaluation.describe_function()
    return PreparedWorker(evaluation.prepare(setup.index, setup.threads), description, parcel)


def serve(messages: Iterable[Message], evaluate: Evaluate, send: Callable[[Message], None]) -> None:
    """Answer each job with its reports and its end, until there are no more messages."""
    inbox = Inbox(messages)
    for job in inbox.take_jobs():
        send(attempt(partial(_evaluate_message, evaluate), job, send, partial(inbox.find_stop_reason, job)))


def _evaluate_message(evaluate: Evaluate, message: JobMessage, report: ReportEpoch) -> Verdict:
    """The verdict on the job of a message; invalid where its architecture cannot be read."""
    try:
        job = message.read_job()
    except Exception as error:  # noqa: BLE001  (a person's kind of module may raise anything)
        return refuse_architecture(error)
    return evaluate(job, report)


class Inbox:
    """Reads messages in a thread of its own, so that a StopEarly is read while its job runs."""

    def __init__(self, messages: Iterable[Message]) -> None:
        self._messages = messages
        self._jobs: SimpleQueue[JobMessage | BaseException | None] = SimpleQueue()  # None: no more
        self._stop_reasons: dict[tuple[int, int], str] = {}  # by trial and attempt
        threading.Thread(target=self._read, daemon=True).start()

    def take_jobs(self) -> Iterator[JobMessage]:
        """Each job as soon as it has arrived, until there are no more; raises what reading them raised."""
        while (job := self._jobs.get()) is not None:
            if isinstance(job, BaseException):
                raise job
            yield job
            self._stop_reasons.pop((job.trial, job.attempt), None)

    def find_stop_reason(self, job: JobMessage) -> str:
        """Why the job must end now; empty if it may go on. What stops an earlier job does not stop this one."""
        return self._stop_reasons.get((job.trial, job.attempt), "")

    def _read(self) -> None:
        try:
            for message in self._messages:
                if isinstance(message, StopEarly):
                    self._stop_reasons[message.trial, message.attempt] = message.reason
                else:
                    assert isinstance(message, JobMessage)
                    # In a comparison, another search may have had a job of the same numbers.
                    self._stop_reasons.pop((message.trial, message.attempt), None)
                    self._jobs.put(message)
        except BaseException as error:  # noqa: BLE001  (the thread that takes jobs must fail, not wait for ever)
            self._jobs.put(error)
        else:
            self._jobs.put(None)


def attempt(
    evaluate: Callable[[AnyJob, ReportEpoch], Verdict],
    job: AnyJob,
    report: Callable[[Report], None],
    find_stop_reason: Callable[[], str] = lambda: "",
) -> JobEnded:
    """Run one attempt at `job`: its end, in which anything that `evaluate` raises is a status and a traceback.

    Asked after each epoch's report, `find_stop_reason` says why the job must end there, or nothing if it may go on.
    Seeds the global generators with the job's seed first: Python's, numpy's and torch's.
    Reports of a child process raise, and those of a thread that goes on after the attempt are dropped.
    """
    started, process = time.monotonic(), os.getpid()
    is_running, reporting = True, Lock()

    def report_epoch(epoch: int, metrics: Metrics) -> str:
        require_same_process(process)
        metrics = _read_metrics(metrics)
        with reporting:
            if is_running:
                report(Report(job.trial, job.attempt, epoch, metrics))
        return find_stop_reason()

    try:
        with use_seed(job.seed), end_forked_children():
            verdict = evaluate(job, report_epoch)
            verdict, reusable = evolve(verdict, metrics=_read_metrics(verdict.metrics)), True
    except BaseException as error:  # noqa: BLE001  (SystemExit too: the worker outlives what it runs)
        verdict, reusable = Verdict(_classify(error), error=format_traceback(error)), _is_reusable_after(error)
    with reporting:
        is_running = False
    seconds = time.monotonic() - started
    _free_memory()
    status, metrics, error, stopped = verdict.status, verdict.metrics, verdict.error, verdict.stopped
    return JobEnded(AttemptResult(job.trial, job.attempt, status, metrics, seconds, error, stopped=stopped), reusable)


def _read_metrics(metrics: Metrics) -> Metrics:
    """Metrics of anybody's evaluation, by names that a log can hold; raises BadMetricName."""
    return {require_metric_name(name): value for name, value in metrics.items()}


def _classify(error: BaseException) -> Status:
    if isinstance(error, FloatingPointError):  # how Python, numpy and a person's own training say NaN
        return "diverged"
    return "out_of_memory" if is_out_of_memory(error) else "crashed"


def _is_reusable_after(error: BaseException) -> bool:
    """Whether a worker can be trusted after `error`: not without memory, nor with a GPU in an unknown state."""
    return isinstance(error, Exception) and not is_out_of_memory(error) and not _uses_cuda()


def _free_memory() -> None:
    """Collect what a job has left behind, models in cycles above all, and give it back to a shared GPU."""
    gc.collect()
    if _uses_cuda():
        sys.modules["torch"].cuda.empty_cache()


def _uses_cuda() -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and torch.cuda.is_initialized()


def _freeze_garbage_collector() -> None:
    """Exempts all objects that exist now from garbage collection: imports and data live as long as the worker."""
    gc.collect()
    gc.freeze()


def _die_with_coordinator(lifeline: int) -> None:
    """Kill this process and its group once the far end of `lifeline` is closed, if only by a `kill -9`."""
    group = os.getpgrp()

    def wait() -> None:
        os.read(lifeline, 1)
        os.killpg(group, signal.SIGKILL)

    threading.Thread(target=wait, daemon=True).start()
    if hasattr(fcntl, "F_SETSIG"):  # Linux does it too, which helps where native code never lets that thread run
        fcntl.fcntl(lifeline, fcntl.F_SETOWN, -group)
        fcntl.fcntl(lifeline, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)


def _redirect_to_null(reports: int) -> None:
    """In a child that a person's code has forked: what it writes into the pipe, if only by chance, is dropped."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, reports, inheritable=False)
    os.close(null)


def _prefer_for_oom_kill() -> None:
    """Where memory runs out, Linux is to kill a worker, not the coordinator."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


if __name__ == "__main__":
    run_worker()
