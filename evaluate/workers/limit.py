"""The limit of a worker's job: held also where nobody collects, and what the worker has said of an end beats it."""

import time
from contextlib import suppress
from threading import Lock, Timer
from typing import Protocol

SPARE = 0.5  # seconds beyond a limit after which a worker is killed also where nobody collects
LAST_CALL = 0.25  # seconds in which a worker over its limit may say that it was done, if nobody has heard it yet
STANDSTILL = 2.0  # seconds that a limit is noticed late by, if this process did not run meanwhile, nor the job perhaps


class Limited(Protocol):
    """A worker, as its limit sees it."""

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        ...

    @property
    def is_done(self) -> bool:
        """Whether it has said that its job has ended, as far as that was taken in."""
        ...

    def take_in(self) -> bool:
        """Take in what it has said; whether there was anything."""
        ...

    def terminate(self) -> None:
        """End it at once."""
        ...


class Limit:
    """The time of one job, or of the start of a worker, over which `call` is for whoever collects.

    Where nobody does, as where the coordinator waits for its log, `hold` has the worker killed a little later.
    """

    def __init__(self, worker: Limited, seconds: float = float("inf")) -> None:
        self.called: float | None = None  # when the worker was found to be over it
        self.expired: float | None = None  # when the worker was killed while nobody collected
        self.stood_still = False  # whether the coordinator did not run when it was reached
        self._worker = worker
        self._seconds = seconds
        self._due = time.monotonic() + seconds
        self._timer: Timer | None = None
        self._lifted = False
        self._ending = Lock()  # a job is over either because it ended or because its time did

    def hold(self) -> None:
        """Let time run."""
        if self._seconds < float("inf"):
            self._timer = Timer(self._seconds + SPARE, self.expire)
            self._timer.daemon = True
            with suppress(RuntimeError):  # the machine has no more threads: the limit holds where somebody collects
                self._timer.start()

    def call(self) -> None:
        """Takes note that the worker is over it: a little later it is to be killed, unless it says that it is done."""
        self.called = time.monotonic()
        if self.expired is None:
            self._notice(self.called)

    def lift(self) -> None:
        """The job is over."""
        with self._ending:
            self.called, self._lifted = None, True
        self.cancel()

    def cancel(self) -> None:
        """The worker is about to be killed by somebody else."""
        if self._timer is not None:
            self._timer.cancel()

    def expire(self) -> None:
        """Kills the worker of a job over its limit, unless it says that the job is done: that beats the clock."""
        began = time.monotonic()
        while not self._lifted and not self._worker.is_done and time.monotonic() < began + LAST_CALL:
            time.sleep(0 if self._worker.take_in() else 0.01)
        with self._ending:
            if not self._lifted and self._worker.alive and not self._worker.is_done:
                self._notice(began - SPARE)
                self.expired = time.monotonic()
                self._worker.terminate()

    def _notice(self, now: float) -> None:
        """That it is reached `now`, as far as is noticed; this process ran, unless it was to be much earlier."""
        self.stood_still = self.stood_still or now > self._due + SPARE + STANDSTILL
