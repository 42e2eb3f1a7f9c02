"""Processes that do jobs side by side: they are gone once whoever started them is, and each has a pipe of its own.

The executors of the standard library share one pipe: a process that is killed while it writes there leaves half a
result in it, for whose other half the reader waits for ever.
"""

import os
import pickle
import signal
import time
import traceback
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from queue import Empty, Queue, SimpleQueue
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Any, Generic, Self, TypeVar, final

from attrs import frozen

from archwright.core.errors import ArchwrightError
from archwright.core.exit_code import describe_exit

KEPT = 32  # results for each process that wait for the caller; a caller who waits longer keeps the processes waiting
QUICK = 1.0  # seconds; beside one that is quicker, a process has its next job at hand
SAFE_PATH = "PYTHONSAFEPATH"  # the environment variable that says so to Python
DYING = 2.0  # seconds between the end of a process's pipe, or SIGKILL, and the end of the process

Item = TypeVar("Item")
Job = TypeVar("Job")
Result = TypeVar("Result")


class ProcessDied(ArchwrightError, RuntimeError):
    """A process of a crew that somebody killed, or that could not begin."""


@frozen
class _Failed:
    """What came of a job in place of a result."""

    error: Exception


@frozen
class _NotBegun:
    """What came of a job that was in a process when no more were to be begun."""


NO_MORE = b""  # in place of a job


@frozen
class _Member:
    """One process of a crew, and the near end of its pipe, whose far end is nowhere but in the process."""

    process: SpawnProcess
    pipe: Connection
    turn: Lock  # to write to it, or to close it

    @classmethod
    def started(cls, do: Callable[[Any], Any]) -> Self:
        """A new one. Spawned, as forking a process that holds threads, as DuckDB's does, may leave it locked."""
        context = get_context("spawn")
        near, far = context.Pipe()
        process = context.Process(target=_be_of_the_crew, args=(do, far))
        try:
            process.start()
        except OSError as error:
            near.close()
            raise ProcessDied(f"a process that searches cannot be started: {error}; try with less beside it") from error
        finally:
            far.close()
        return cls(process, near, Lock())

    def give(self, job: bytes) -> None:
        """Send it a job; ProcessDied if it is not there any more."""
        with self._there(), self.turn:
            self.pipe.send_bytes(job)

    def taken(self) -> Any:
        """What it says of its next job; ProcessDied if it is not there any more."""
        with self._there():
            return self.pipe.recv()

    def dismiss(self) -> None:
        """Close its pipe, which ends it."""
        with self.turn:
            self.pipe.close()

    @contextmanager
    def _there(self) -> Generator[None]:
        try:
            yield
        except (EOFError, OSError) as error:
            raise ProcessDied(
                f"one of the processes that search {self._end()}; what was done is logged, and the same command goes "
                "on with the rest (where memory is short, on fewer cores, as with: taskset -c 0 archwright ...)"
            ) from error

    def _end(self) -> str:
        self.process.join(DYING)
        return describe_exit(self.process.exitcode)


@final
class Crew(Generic[Item, Job, Result]):
    """Processes that do `items`, in their order, each item as the job that is made of it.

    A thread for each process keeps it at work, so that none is idle while the caller is busy. The processes get no
    signals from a terminal: it is the caller's affair what Ctrl-C means. They end with the block, or with the caller's
    process, however that ends.
    """

    def __init__(
        self,
        do: Callable[[Job], Result],  # in a process of the crew, which must be able to import it
        job: Callable[[Item], Job],  # made here, in one of the threads
        items: Iterable[Item],
        processes: int,
    ) -> None:
        self._do, self._job = do, job
        self._count = processes
        self._waiting: Iterator[Item] = iter(items)
        self._turn = Lock()  # to take an item
        self._arrived: Queue[tuple[Item, Result] | _Failed | None] = Queue(KEPT * processes)  # None: a thread has ended
        self._members: list[_Member] = []
        self._threads: list[Thread] = []
        self._left = 0  # threads that have ended
        self._failed: _Failed | None = None  # the first that did

    def __enter__(self) -> Self:
        try:
            with _unshadowed(), _signals_kept_out():
                self._members.extend(_Member.started(self._do) for _ in range(self._count))
        except ProcessDied:
            self._end()
            raise
        self._threads += [Thread(target=self._employ, args=(member,), daemon=True) for member in self._members]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _end(self) -> None:
        self._waiting = iter(())
        for member in self._members:
            member.process.kill()
        until = time.monotonic() + DYING
        while any(thread.is_alive() for thread in self._threads) and time.monotonic() < until:
            self.done(0.01)  # lets those go on that wait until there is room for a result
        for member in self._members:
            member.process.join(DYING)

    @property
    def at_work(self) -> bool:
        """Whether there is a result still to come."""
        return self._left < self._count

    def done(self, seconds: float) -> list[tuple[Item, Result]]:
        """What has been done since the last call, and what is within the next `seconds`, unless that is all of it."""
        found: list[tuple[Item, Result]] = []
        until = time.monotonic() + seconds
        with suppress(Empty):
            while self.at_work:
                match self._arrived.get(timeout=max(0.0, until - time.monotonic())):
                    case None:
                        self._left += 1
                    case _Failed() as failed:
                        self._failed = self._failed or failed
                    case pair:
                        found.append(pair)
        return found

    def check(self) -> None:
        """Raise what went wrong in one of the processes, if anything did; ProcessDied where one was killed."""
        if self._failed is not None:
            raise self._failed.error

    def give_no_more(self) -> None:
        """Let the processes end what they have begun, and begin nothing else."""
        with self._turn:
            self._waiting = iter(())
        for member in self._members:
            with suppress(ProcessDied):  # its thread tells, or has dismissed it
                member.give(NO_MORE)

    def _next(self) -> Item | None:
        with self._turn:
            return next(self._waiting, None)

    def _employ(self, member: _Member) -> None:
        """Give jobs to a process, and take in what comes of them, until there are no more or one went wrong."""
        try:
            for pair in self._worked_off(member):
                self._arrived.put(pair)
        except Exception as error:  # noqa: BLE001  (the caller is told)
            self._arrived.put(_Failed(error))
        finally:
            member.dismiss()
            self._arrived.put(None)

    def _worked_off(self, member: _Member) -> Iterator[tuple[Item, Result]]:
        given: deque[Item] = deque()
        at_once = 1
        while True:
            while len(given) < at_once and (item := self._next()) is not None:
                member.give(pickle.dumps(self._job(item)))
                given.append(item)
            if not given:
                return
            began, result, item = time.monotonic(), member.taken(), given.popleft()
            at_once = 2 if time.monotonic() - began < QUICK else 1
            if isinstance(result, _Failed):
                raise result.error
            if not isinstance(result, _NotBegun):
                yield item, result


@contextmanager
def _signals_kept_out() -> Generator[None]:
    """Processes that are started in the block are never sent what a terminal sends, also while they begin."""
    resource_tracker.ensure_running()  # which lets signals in again, where this is what starts it
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _unshadowed() -> Generator[None]:
    """Processes that are started in the block find no modules in the current folder, as their command does."""
    before = os.environ.get(SAFE_PATH)
    os.environ[SAFE_PATH] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[SAFE_PATH]
        else:
            os.environ[SAFE_PATH] = before


def _be_of_the_crew(do: Callable[[Any], Any], pipe: Connection) -> None:
    """What a process of the crew does."""
    jobs: SimpleQueue[bytes] = SimpleQueue()
    no_more = Event()
    Thread(target=_listen, args=(pipe, jobs, no_more), daemon=True).start()
    while True:
        job = jobs.get()
        pipe.send(_NotBegun() if no_more.is_set() else _outcome(do, job))


def _listen(pipe: Connection, jobs: "SimpleQueue[bytes]", no_more: Event) -> None:
    """Take jobs in, and end this process when the pipe ends: nobody is there, or wants anything, any more."""
    with suppress(EOFError, OSError):
        while True:
            if (job := pipe.recv_bytes()) == NO_MORE:
                no_more.set()
            else:
                jobs.put(job)
    os._exit(0)


def _outcome(do: Callable[[Any], Any], job: bytes) -> Any:
    try:
        return do(pickle.loads(job))  # noqa: S301  (from the process that started this one)
    except Exception as error:  # noqa: BLE001  (it is raised there)
        error.add_note(f"in a process of the crew:\n{traceback.format_exc()}")
        return _Failed(error)
