"""The time limit of a worker's job, which also holds while nobody collects; a job that is done beats the clock."""

import time
from contextlib import suppress
from threading import Lock, Timer
from typing import Protocol

OVERTIME_SECONDS = 0.5  # beyond its limit, a job's worker is killed even if nobody collects
LAST_CALL_SECONDS = 0.25  # in which a worker over its limit may still say that its job is done
STANDSTILL_SECONDS = 2.0  # noticing a limit later than this means that the coordinator, perhaps all, stood still


class TimedWorker(Protocol):
    """A worker, as its time limit sees it."""

    @property
    def is_alive(self) -> bool:
        """Whether it still runs."""
        ...

    @property
    def has_ended_job(self) -> bool:
        """Whether it has said that its job has ended, as far as its reports were read."""
        ...

    def read_reports(self) -> bool:
        """Read what it has reported; whether there was anything."""
        ...

    def terminate(self) -> None:
        """End it at once."""
        ...


class TimeLimit:
    """The time that a job may take, or the start of a worker.

    Whoever collects calls `reach` when the time is up. Where nobody collects, as while the coordinator waits for its
    log, a timer kills the worker a little later, if it was started.
    """

    def __init__(self, worker: TimedWorker, seconds: float = float("inf")) -> None:
        self.reached_at: float | None = None  # when whoever collects found the time to be up
        self.killed_at: float | None = None  # when the timer killed the worker, since nobody collected
        self.stood_still = False  # whether the coordinator did not run when the time was up
        self._worker = worker
        self._seconds = seconds
        self._due = time.monotonic() + seconds
        self._timer: Timer | None = None
        self._job_is_over = False
        self._ending = Lock()  # a job is over either because it ended or because its time did

    def start_timer(self) -> None:
        """From now on the limit holds even if nobody collects."""
        if self._seconds < float("inf"):
            self._timer = Timer(self._seconds + OVERTIME_SECONDS, self.kill_worker)
            self._timer.daemon = True
            with suppress(RuntimeError):  # the machine has no more threads: the limit holds where somebody collects
                self._timer.start()

    def cancel_timer(self) -> None:
        """The worker is about to be killed by somebody else."""
        if self._timer is not None:
            self._timer.cancel()

    def reach(self) -> None:
        """Note that the time is up: the caller kills the worker after a last call, unless its job is done."""
        self.reached_at = time.monotonic()
        if self.killed_at is None:
            self._note_standstill(self.reached_at)

    def lift(self) -> None:
        """The job is over."""
        with self._ending:
            self.reached_at, self._job_is_over = None, True
        self.cancel_timer()

    def kill_worker(self) -> None:
        """Kill the worker after a last call, unless its job is done."""
        start = time.monotonic()
        while not self._job_is_over and not self._worker.has_ended_job and time.monotonic() < start + LAST_CALL_SECONDS:
            time.sleep(0 if self._worker.read_reports() else 0.01)
        with self._ending:
            if not self._job_is_over and self._worker.is_alive and not self._worker.has_ended_job:
                self._note_standstill(start - OVERTIME_SECONDS)
                self.killed_at = time.monotonic()
                self._worker.terminate()

    def _note_standstill(self, reached_at: float) -> None:
        """Where the limit is noticed much later than it was due, the coordinator did not run in between."""
        self.stood_still = self.stood_still or reached_at > self._due + OVERTIME_SECONDS + STANDSTILL_SECONDS
