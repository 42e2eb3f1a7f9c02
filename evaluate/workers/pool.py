"""A pool of worker processes that costs a search one attempt, whatever a job does to its worker."""

import selectors
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from attrs import evolve

from archwright.core.errors import ArchwrightError
from archwright.core.protocols import Finished, Job, Report
from archwright.evaluate.config import WorkerConfig, config_to_json
from archwright.evaluate.workers.death import Death
from archwright.evaluate.workers.limit import LAST_CALL
from archwright.evaluate.workers.machine import OomKills, cores
from archwright.evaluate.workers.process import Gone, WorkerProcess, import_path
from archwright.evaluate.workers.protocol import Ended, Garbled, Message, Ready, Setup, StopEarly, Unfit

GLANCE = 0.5  # seconds between looks for a dead worker whose pipe a child of it holds open


class NoFreeSlot(ArchwrightError, RuntimeError):
    """A job for a pool that has all its slots taken."""


class NoWorker(ArchwrightError, RuntimeError):
    """Workers that cannot be started with what they are given: its data, device or code is at fault, and no trial."""


class WorkerPool:
    """An Evaluator whose jobs run in processes of their own: started when first needed, warm between jobs.

    Everything happens in `submit`, `collect` and `close`, in the caller's thread, so call `collect` about every second:
    it is what notices that a job is over its limit. Limits are held on the monotonic clock, on which a machine's sleep
    takes no time. What a worker has said always wins over the clock, however late it is heard.
    """

    def __init__(
        self,
        config: WorkerConfig,
        *,
        workers: int = 1,
        space_source: str | None = None,
        trial_timeout: float | None = None,  # seconds a job may take; None: for ever
        start_timeout: float = 600.0,  # seconds to import, to load data, and perhaps to download it
    ) -> None:
        if workers < 1:
            raise NoFreeSlot(f"the number of workers is {workers}; at least 1 is needed")
        self._config = config
        self._slots = workers
        self._space_source = space_source
        self._trial_timeout = float("inf") if trial_timeout is None else trial_timeout
        self._start_timeout = start_timeout
        self._workers: list[WorkerProcess] = []
        self._kills = OomKills()
        self._proven = False  # whether a worker was ever ready
        self._stillborn = ""  # how the first one ended by its own doing before it was
        self._arrived: list[Report | Finished] = []
        self._selector = selectors.DefaultSelector()

    @property
    def slots(self) -> int:
        """How many jobs may run at once."""
        return self._slots

    @property
    def pids(self) -> Sequence[int]:
        """Of the processes that are there now: the guard of each worker."""
        return [worker.pid for worker in self._workers]

    def warm_up(self, stop: Callable[[], object] = lambda: False) -> None:
        """Return once a worker is ready, or `stop()` is true; raises NoWorker where none can be.

        To be called before anything is logged: what is wrong with the workers' data or code is then no trial's end.
        """
        with suppress(OSError):  # no process can be started now, which may be chance: an attempt will find out
            if not self._workers:
                self._hire()
        while self._workers and not self._proven and not stop():
            self._look(GLANCE)
        if self._stillborn:
            raise NoWorker(f"no worker can be started: {self._stillborn}")

    def submit(self, job: Job) -> None:
        """Begin `job` in a warm worker, or in a new one; raises NoFreeSlot where `slots` jobs are open already."""
        self._look(0.0)  # one that has died while it had nothing to do is replaced, and costs no attempt
        for worker in [w for w in self._workers if w.limit.expired and w.job is None]:
            self._replace(worker)
        idle = sorted((w for w in self._workers if w.usable), key=lambda w: not w.ready)
        try:
            worker = idle[0] if idle else self._hire()
        except OSError as error:  # the machine has no more processes, or no more memory
            said = f"a worker could not be started: {error}"
            self._arrived.append(Finished(job.trial, job.attempt, "crashed", {}, 0.0, said, transient=True))
            return
        worker.job = job
        self._begin(worker)

    def collect(self, timeout: float) -> Sequence[Report | Finished]:
        """What has arrived since the last call, in order; waits up to `timeout` seconds for something.

        Raises NoWorker where the first worker finds that it cannot work with what it is given.
        """
        until = time.monotonic() + timeout
        while True:
            self._look(max(0.0, min([until, *map(self._deadline, self._workers)]) - time.monotonic()))
            if self._arrived or time.monotonic() >= until:
                arrived, self._arrived = self._arrived, []
                return arrived

    def stop_early(self, trial: int, reason: str) -> None:
        """Tell the worker that has the trial's job, if there is one, to end it after the epoch under way."""
        for worker in self._workers:
            if worker.ready and worker.job is not None and worker.job.trial == trial:
                worker.send(StopEarly(trial, worker.job.attempt, reason))
                self._watch(worker)

    def close(self) -> None:
        """End every running job at once and give back every process; the pool may be closed again."""
        for worker in self._workers:
            worker.hang_up()
        while self._workers:
            self._dismiss(self._workers[0])
        self._selector.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _hire(self) -> WorkerProcess:
        free = sorted(set(range(self._slots)) - {w.index for w in self._workers})
        if not free:
            raise NoFreeSlot(f"all {self._slots} slots are taken; collect a result before the next job")
        threads = self._config.threads or max(1, cores() // self._slots)
        setup = Setup(config_to_json(self._config), self._space_source, free[0], threads, list(import_path()))
        worker = WorkerProcess(setup, self._kills)
        self._workers.append(worker)
        self._selector.register(worker.reports, selectors.EVENT_READ, (worker, self._hear))
        self._selector.register(worker.stderr, selectors.EVENT_READ, (worker, self._drain))
        self._watch(worker)
        return worker

    def _begin(self, worker: WorkerProcess) -> None:
        if worker.ready and worker.job is not None:
            worker.begin(self._trial_timeout)
            self._watch(worker)

    def _replace(self, worker: WorkerProcess) -> None:
        """Another worker for one that is of no more use: it starts now, so as to be warm when it is needed.

        One that has never had a job is not replaced before the next job: it may be that no worker can start.
        """
        self._dismiss(worker)
        if worker.served:
            with suppress(OSError):
                self._hire()

    def _dismiss(self, worker: WorkerProcess) -> None:
        if worker not in self._workers:
            return
        self._workers.remove(worker)
        for fd in (worker.reports, worker.stderr, worker.jobs):
            if fd in self._selector.get_map():
                self._selector.unregister(fd)
        worker.kill()

    def _look(self, timeout: float) -> None:
        for key, _ in self._selector.select(min(timeout, GLANCE)):
            worker, react = key.data
            if worker in self._workers:  # it may have been dismissed a moment ago
                react(worker)
        for worker in [w for w in self._workers if w.unheard or not w.alive]:
            self._hear(worker)
        for worker in [w for w in self._workers if time.monotonic() >= self._deadline(w)]:
            if worker.limit.called is None:
                worker.limit.call()
            else:
                self._lose(worker, self._overdue(worker))

    def _watch(self, worker: WorkerProcess) -> None:
        """Writes to the worker whenever it reads, as long as there is something to write."""
        worker.send()
        waiting = worker.jobs in self._selector.get_map()
        if worker.sending and not waiting:
            self._selector.register(worker.jobs, selectors.EVENT_WRITE, (worker, self._watch))
        elif waiting and not worker.sending:
            self._selector.unregister(worker.jobs)

    def _drain(self, worker: WorkerProcess) -> None:
        if not worker.listen():
            self._selector.unregister(worker.stderr)

    def _hear(self, worker: WorkerProcess) -> None:
        try:
            for message in worker.receive():
                self._take(worker, message)
        except (Gone, BlockingIOError) as nothing:
            if isinstance(nothing, Gone) or not worker.alive:
                self._lose(worker, self._overdue(worker) if worker.limit.expired else worker.epitaph())
        except Garbled as error:
            self._lose(worker, Death("crashed", str(error)))

    def _take(self, worker: WorkerProcess, message: Message) -> None:
        match message:
            case Ready():
                worker.ready = self._proven = True
                worker.limit.called = None
                self._begin(worker)
            case Report() if _is_about(worker.job, message):
                self._arrived.append(message)
            case Ended(finished, fit) if _is_about(worker.job, finished):
                self._arrived.append(self._with_chance(finished))
                worker.finish()
                if not fit or worker.limit.expired:  # its time was up just then
                    self._replace(worker)
            case Unfit(error) if not self._proven:
                self._dismiss(worker)
                raise NoWorker(f"no worker can be started: {error}")
            case Unfit(error):
                self._lose(worker, Death("crashed", f"the worker could not start: {error}"), quote=False)
            case _:
                pass  # of an attempt that is over: a thread that the job left behind

    def _with_chance(self, finished: Finished) -> Finished:
        """The end of an attempt, which may be chance if what ran out is shared with the trials of other workers."""
        return evolve(finished, transient=finished.status == "out_of_memory" and self._slots > 1)

    def _deadline(self, worker: WorkerProcess) -> float:
        if worker.limit.called is not None:
            return worker.limit.called + LAST_CALL
        if not worker.ready:
            return worker.since + self._start_timeout
        return worker.since + self._trial_timeout if worker.job is not None else float("inf")

    def _overdue(self, worker: WorkerProcess) -> Death:
        if worker.ready:
            still = ", while the search did not run; the trial perhaps neither" if worker.limit.stood_still else ""
            why = f"the trial was killed at its limit of {self._trial_timeout:g} s (trial_timeout){still}"
            return Death("timed_out", why, worker.limit.stood_still)
        return Death("crashed", f"the worker was not ready after {self._start_timeout:g} s (start_timeout)")

    def _lose(self, worker: WorkerProcess, death: Death, quote: bool = True) -> None:
        """Ends the worker and, where it had a job, the attempt; another takes its place, unless one has already."""
        if worker not in self._workers:
            return
        seconds = (worker.limit.expired or time.monotonic()) - worker.since
        self._replace(worker)
        said = f"{death.reason}\n{worker.last_words()}".rstrip() if quote else death.reason
        if not self._proven and not death.transient:
            self._stillborn = said
        if (job := worker.job) is not None:
            chance = death.transient or not worker.ready  # before that, the job had not begun
            end = Finished(job.trial, job.attempt, death.status, {}, seconds, said, chance)
            self._arrived.append(end)


def _is_about(job: Job | None, message: Report | Finished) -> bool:
    return job is not None and (job.trial, job.attempt) == (message.trial, message.attempt)
