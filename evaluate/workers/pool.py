"""A pool of worker processes: whatever a job does to its worker costs the search one attempt."""

import selectors
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from attrs import evolve

from archwright.core.errors import ArchwrightError
from archwright.core.protocols import AttemptResult, Job, Report
from archwright.core.term import Term
from archwright.evaluate.description import FunctionDescription
from archwright.evaluate.evaluation import Evaluation
from archwright.evaluate.logged_evaluations import evaluation_to_json
from archwright.evaluate.workers.death import Death
from archwright.evaluate.workers.machine import OomKills, count_cores
from archwright.evaluate.workers.parcel import make_parcel, pack
from archwright.evaluate.workers.process import WorkerGone, WorkerProcess
from archwright.evaluate.workers.protocol import (
    JobEnded,
    MalformedMessage,
    Message,
    SetupFailed,
    StopEarly,
    WorkerReady,
    WorkerSetup,
)
from archwright.evaluate.workers.time_limit import LAST_CALL_SECONDS
from archwright.store.origins import list_import_path

LIVENESS_SECONDS = 0.5  # between checks whether a worker is alive: a child of a dead one may hold its pipe open
MAX_STARTS = 3  # of a first worker, where others end it, as for want of memory
SECONDS_BEFORE_ANOTHER_START = 1.0  # where the machine had no room for a process


class NoFreeSlot(ArchwrightError, RuntimeError):
    """A job for a pool whose slots are all taken, or a pool without slots."""


class NoWorker(ArchwrightError, RuntimeError):
    """No worker can be started: the data, the device or the code that they are given is at fault, and no trial."""


class WorkerPool:
    """An Evaluator whose jobs run in processes of their own: started when first needed, warm between jobs.

    Everything happens in `submit`, `collect` and `close`, in the caller's thread, so call `collect` about every second:
    it is what notices that a job is over its time limit. Limits are measured on the monotonic clock, on which a
    machine's sleep takes no time. A job that its worker reports as done is done, however late the report is read.
    """

    def __init__(
        self,
        evaluation: Evaluation,
        *,
        workers: int = 1,
        space_source: str | None = None,
        kinds: Sequence[type[Term]] = (),  # of a person's own that no source defines, see `collect_user_kinds`
        trial_timeout: float | None = None,  # seconds a job may take; None: for ever
        start_timeout: float = 600.0,  # seconds to import, to load data, and perhaps to download it
    ) -> None:
        if workers < 1:
            raise NoFreeSlot(f"the number of workers is {workers}; at least 1 is needed")
        self._evaluation = evaluation
        self._slots = workers
        self._space_source = space_source
        self._parcel = pack(make_parcel(evaluation, kinds))  # once: what it holds may change later
        self._description: FunctionDescription | None = None
        self._trial_timeout = float("inf") if trial_timeout is None else trial_timeout
        self._start_timeout = start_timeout
        self._workers: list[WorkerProcess] = []
        self._kills = OomKills()
        self._was_ready = False  # whether any worker ever was
        self._start_death: Death | None = None  # that of the last worker, while none ever was ready
        self._arrived: list[Report | AttemptResult] = []  # for the next `collect`
        self._selector = selectors.DefaultSelector()

    @property
    def slots(self) -> int:
        """How many jobs may run at once."""
        return self._slots

    @property
    def simulates_time(self) -> bool:
        """False: the seconds of a result have passed."""
        return False

    @property
    def pids(self) -> Sequence[int]:
        """The process ids of the guards of the workers that there are now."""
        return [worker.pid for worker in self._workers]

    @property
    def description(self) -> FunctionDescription | None:
        """What the person's function says of itself; None before a worker was ready, and where there is none."""
        return self._description

    def warm_up(self, stop: Callable[[], object] = lambda: False) -> None:
        """Return once a worker is ready, or `stop()` is true; raises NoWorker if none can be started.

        Call it before anything is logged: what is wrong with the workers' data or code is then no trial's end, and what
        a person's function says of itself is known. A worker that somebody else ends has a few successors.
        """
        for _ in range(MAX_STARTS):
            self._start_death = None
            try:
                if not self._workers:
                    self._start_worker()
            except OSError as error:  # no process can be started now, perhaps for a moment
                self._start_death = Death("crashed", f"the machine gives no process: {error}", transient=True)
                time.sleep(SECONDS_BEFORE_ANOTHER_START)
            while self._workers and not self._was_ready and not stop():
                self._poll(LIVENESS_SECONDS)
            if self._was_ready or stop() or (self._start_death is not None and not self._start_death.transient):
                break
        if self._start_death is not None and not self._was_ready:
            raise NoWorker(f"no worker can be started: {self._start_death.reason}")

    def submit(self, job: Job) -> None:
        """Begin `job` in a warm worker, or in a new one; raises NoFreeSlot where `slots` jobs are open already."""
        self._poll(0.0)  # a worker that has died while it was idle is replaced, and costs no attempt
        for worker in [w for w in self._workers if w.limit.killed_at and w.job is None]:
            self._replace(worker)
        idle = sorted((w for w in self._workers if w.is_idle), key=lambda w: not w.ready)
        try:
            worker = idle[0] if idle else self._start_worker()
        except OSError as error:  # the machine has no more processes, or no more memory
            text = f"a worker could not be started: {error}"
            self._arrived.append(AttemptResult(job.trial, job.attempt, "crashed", {}, 0.0, text, transient=True))
            return
        worker.job = job
        self._start_job(worker)

    def collect(self, timeout: float) -> Sequence[Report | AttemptResult]:
        """What has arrived since the last call, in order; waits up to `timeout` seconds for something.

        Raises NoWorker where the first worker finds that it cannot work with what it is given.
        """
        end = time.monotonic() + timeout
        while True:
            self._poll(max(0.0, min([end, *map(self._deadline, self._workers)]) - time.monotonic()))
            if self._arrived or time.monotonic() >= end:
                arrived, self._arrived = self._arrived, []
                return arrived

    def stop_early(self, trial: int, reason: str) -> None:
        """Tell the worker that has the trial's job, if there is one, to end it after the epoch under way."""
        for worker in self._workers:
            if worker.ready and worker.job is not None and worker.job.trial == trial:
                worker.send(StopEarly(trial, worker.job.attempt, reason))
                self._send_pending(worker)

    def close(self) -> None:
        """End every running job at once and give back every process; the pool may be closed again."""
        for worker in self._workers:
            worker.close_lifeline()
        while self._workers:
            self._remove(self._workers[0])
        self._selector.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _start_worker(self) -> WorkerProcess:
        """A new worker in a free slot; raises NoFreeSlot, and OSError where the machine has no room for a process."""
        free = sorted(set(range(self._slots)) - {w.index for w in self._workers})
        if not free:
            raise NoFreeSlot(f"all {self._slots} slots are taken; collect a result before the next job")
        threads = self._evaluation.threads or max(1, count_cores() // self._slots)
        evaluator = evaluation_to_json(self._evaluation)
        setup = WorkerSetup(evaluator, self._space_source, free[0], threads, list(list_import_path()), self._parcel)
        worker = WorkerProcess(setup, self._kills)
        self._workers.append(worker)
        self._selector.register(worker.reports, selectors.EVENT_READ, (worker, self._receive))
        self._selector.register(worker.stderr, selectors.EVENT_READ, (worker, self._read_stderr))
        self._send_pending(worker)
        return worker

    def _start_job(self, worker: WorkerProcess) -> None:
        """Send the worker the job that waits for it, if there is one and the worker is ready."""
        if worker.ready and worker.job is not None:
            worker.start_job(self._trial_timeout)
            self._send_pending(worker)

    def _replace(self, worker: WorkerProcess) -> None:
        """Start another worker in place of one that cannot be used again, so as to be warm for a later job.

        One that never had a job is not replaced before the next job: it may be that no worker can start.
        """
        self._remove(worker)
        if worker.had_job:
            with suppress(OSError):
                self._start_worker()

    def _remove(self, worker: WorkerProcess) -> None:
        if worker not in self._workers:
            return
        self._workers.remove(worker)
        for fd in (worker.reports, worker.stderr, worker.jobs):
            if fd in self._selector.get_map():
                self._selector.unregister(fd)
        worker.kill()

    def _poll(self, timeout: float) -> None:
        """Wait up to `timeout` seconds for something to read or write, then handle it, deaths and time limits."""
        for key, _ in self._selector.select(min(timeout, LIVENESS_SECONDS)):
            worker, callback = key.data
            if worker in self._workers:  # it may have been removed a moment ago
                callback(worker)
        for worker in [w for w in self._workers if w.has_unreceived or not w.is_alive]:
            self._receive(worker)
        for worker in [w for w in self._workers if time.monotonic() >= self._deadline(w)]:
            if worker.limit.reached_at is None:
                worker.limit.reach()
            else:
                self._end_worker(worker, self._explain_timeout(worker))

    def _send_pending(self, worker: WorkerProcess) -> None:
        """Write to the worker what its pipe takes now, and the rest whenever it reads."""
        worker.send()
        is_registered = worker.jobs in self._selector.get_map()
        if worker.has_unsent and not is_registered:
            self._selector.register(worker.jobs, selectors.EVENT_WRITE, (worker, self._send_pending))
        elif is_registered and not worker.has_unsent:
            self._selector.unregister(worker.jobs)

    def _read_stderr(self, worker: WorkerProcess) -> None:
        if not worker.read_stderr():
            self._selector.unregister(worker.stderr)

    def _receive(self, worker: WorkerProcess) -> None:
        try:
            for message in worker.receive():
                self._handle(worker, message)
        except (WorkerGone, BlockingIOError) as error:
            if isinstance(error, WorkerGone) or not worker.is_alive:
                self._end_worker(
                    worker, self._explain_timeout(worker) if worker.limit.killed_at else worker.explain_death()
                )
        except MalformedMessage as error:
            self._end_worker(worker, Death("crashed", str(error)))

    def _handle(self, worker: WorkerProcess, message: Message) -> None:
        match message:
            case WorkerReady(description):
                worker.ready, self._was_ready, self._description = True, True, description
                worker.limit.reached_at = None
                self._start_job(worker)
            case Report() if _is_about(worker.job, message):
                self._arrived.append(message)
            case JobEnded(result, reusable) if _is_about(worker.job, result):
                self._arrived.append(self._mark_transient(result))
                worker.finish_job()
                if not reusable or worker.limit.killed_at:  # its time was up just then
                    self._replace(worker)
            case SetupFailed(error) if not self._was_ready:
                self._remove(worker)
                raise NoWorker(f"no worker can be started: {error}")
            case SetupFailed(error):
                self._end_worker(worker, Death("crashed", f"the worker could not start: {error}"), quote=False)
            case _:
                pass  # a report of an attempt that is over, by a thread that the job has left behind

    def _mark_transient(self, result: AttemptResult) -> AttemptResult:
        """The end of an attempt, transient if memory ran out that is shared with the trials of other workers."""
        return evolve(result, transient=result.status == "out_of_memory" and self._slots > 1)

    def _deadline(self, worker: WorkerProcess) -> float:
        """When the time of the worker's start or job is up, or of its last call; on the monotonic clock."""
        if worker.limit.reached_at is not None:
            return worker.limit.reached_at + LAST_CALL_SECONDS
        if not worker.ready:
            return worker.started_at + self._start_timeout
        return worker.started_at + self._trial_timeout if worker.job is not None else float("inf")

    def _explain_timeout(self, worker: WorkerProcess) -> Death:
        if worker.ready:
            standstill = ", while the search did not run; the trial perhaps neither" if worker.limit.stood_still else ""
            reason = f"the trial was killed at its limit of {self._trial_timeout:g} s (trial_timeout){standstill}"
            return Death("timed_out", reason, transient=worker.limit.stood_still)
        return Death("crashed", f"the worker was not ready after {self._start_timeout:g} s (start_timeout)")

    def _end_worker(self, worker: WorkerProcess, death: Death, quote: bool = True) -> None:
        """Replace the worker, unless that has happened already, and end the attempt if it had a job.

        The error of the attempt is the reason of the death, and with `quote` the last lines of stderr below it.
        """
        if worker not in self._workers:
            return
        seconds = (worker.limit.killed_at or time.monotonic()) - worker.started_at
        self._replace(worker)
        error = f"{death.reason}\n{worker.tail_stderr()}".rstrip() if quote else death.reason
        if not self._was_ready:
            self._start_death = evolve(death, reason=error)
        if (job := worker.job) is not None:
            transient = death.transient or not worker.ready  # before that, the job had not begun
            self._arrived.append(AttemptResult(job.trial, job.attempt, death.status, {}, seconds, error, transient))


def _is_about(job: Job | None, message: Report | AttemptResult) -> bool:
    return job is not None and (job.trial, job.attempt) == (message.trial, message.attempt)
