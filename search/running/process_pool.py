"""A pool of processes that run jobs side by side, each fed by a thread of its own through a pipe of its own.

The processes of `concurrent.futures` share one pipe for their results: if one is killed while it writes there, the
reader waits for ever for the rest of that result.
"""

import os
import pickle
import signal
import subprocess
import sys
import time
import traceback
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from queue import Empty, Queue, SimpleQueue
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Any, Generic, Self, TypeVar, final

from attrs import frozen

from archwright.core.errors import ArchwrightError
from archwright.core.exit_code import describe_exit
from archwright.store.by_value import pickle_by_value
from archwright.store.origins import list_import_path

MAX_WAITING_RESULTS = 32  # of each process, until the caller collects them; at more, the process has to wait
PREFETCH_BELOW_SECONDS = 1.0  # after a job shorter than this, a process gets its next job before the last one ends
EXIT_TIMEOUT_SECONDS = 2.0  # for a process to be gone after its pipe was closed, or after SIGKILL
# What a process of a pool is given to run, with the number of its end of the pipe and the folders to import from. Like
# `archwright` itself it imports nothing from the current folder, unless the calling process does.
PROGRAM = """
import sys
sys.path += [folder for folder in sys.argv[2:] if folder not in sys.path]
from archwright.search.running.process_pool import run_pool_process
run_pool_process(int(sys.argv[1]))
"""
CANCEL_MESSAGE = b""  # in place of a pickled job: no job that was sent before is to be started

Item = TypeVar("Item")
JobInput = TypeVar("JobInput")
Output = TypeVar("Output")


class ProcessDied(ArchwrightError, RuntimeError):
    """A process of a pool that was killed, or that could not be started."""


@frozen
class _Failure:
    """In place of the result of a job that raised `error`."""

    error: Exception


@frozen
class _Cancelled:
    """In place of the result of a job that was sent, but cancelled before it started."""


@frozen
class _Worker:
    """One process of a pool, and this end of its pipe. Only the process holds the other end."""

    process: subprocess.Popen[bytes]
    pipe: Connection
    lock: Lock  # to write to the pipe, or to close it

    @classmethod
    def start(cls) -> Self:
        """A new process. It has nothing of this one: a fork of a process with threads, such as DuckDB's, may deadlock.

        Nor does it run a person's script again, as a process that multiprocessing spawns does.
        """
        pipe, far_end = Pipe()
        try:
            process = subprocess.Popen(
                [sys.executable, "-P", "-c", PROGRAM, str(far_end.fileno()), *list_import_path()],
                stdin=subprocess.DEVNULL,
                pass_fds=[far_end.fileno()],
            )
        except OSError as error:
            pipe.close()
            raise ProcessDied(f"a process that searches cannot be started: {error}; try with less beside it") from error
        finally:
            far_end.close()
        return cls(process, pipe, Lock())

    def send(self, message: bytes) -> None:
        """Send a pickled function or job, or CANCEL_MESSAGE; raises ProcessDied if the process is gone."""
        with self._explain_death(), self.lock:
            self.pipe.send_bytes(message)

    def receive(self) -> Any:
        """Wait for the result of its next job, a _Failure or _Cancelled; raises ProcessDied if the process is gone."""
        with self._explain_death():
            message = self.pipe.recv_bytes()
        return pickle.loads(message)  # noqa: S301  (from a process that this one has started)

    def close(self) -> None:
        """Close the pipe, which ends the process."""
        with self.lock:
            self.pipe.close()

    def wait(self) -> int | None:
        """Wait a moment until the process is gone; its exit code, None if it is still there."""
        with suppress(subprocess.TimeoutExpired):
            return self.process.wait(EXIT_TIMEOUT_SECONDS)
        return None

    @contextmanager
    def _explain_death(self) -> Generator[None]:
        try:
            yield
        except (EOFError, OSError) as error:
            raise ProcessDied(
                f"one of the processes that search {describe_exit(self.wait())}; what was done is logged, "
                "and the same command goes on with the rest (the same call in Python; where memory is short, on fewer "
                "cores: with taskset -c 0 before archwright or python)"
            ) from error


@final
class ProcessPool(Generic[Item, JobInput, Output]):
    """Processes that compute `function(make_input(item))` for each of `items`, which are started in their order.

    An item is what the caller has, `make_input` makes the input of its job, which is pickled and sent, and the output
    comes back with the item. A thread for each process feeds it, so that none is idle while the caller is busy. The
    processes get no signals from a terminal: what Ctrl-C means is for the caller to decide. They end with the `with`
    block, or with the calling process, however that ends.
    """

    def __init__(
        self,
        function: Callable[[JobInput], Output],  # runs in a process of the pool: what that cannot import goes by value
        make_input: Callable[[Item], JobInput],  # runs in a thread of the calling process
        items: Iterable[Item],
        processes: int,
    ) -> None:
        self._function, self._make_input = pickle_by_value(function), make_input
        self._process_count = processes
        self._items: Iterator[Item] = iter(items)  # those that no process has taken
        self._items_lock = Lock()
        # Each thread puts None at its end.
        self._results: Queue[tuple[Item, Output] | _Failure | None] = Queue(MAX_WAITING_RESULTS * processes)
        self._workers: list[_Worker] = []
        self._threads: list[Thread] = []
        self._ended_threads = 0
        self._first_failure: _Failure | None = None

    def __enter__(self) -> Self:
        try:
            with _block_signals():
                self._workers.extend(_Worker.start() for _ in range(self._process_count))
        except ProcessDied:
            self._kill_processes()
            raise
        self._threads += [Thread(target=self._feed, args=(worker,), daemon=True) for worker in self._workers]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, exc_traceback: TracebackType | None
    ) -> None:
        self._kill_processes()

    def _kill_processes(self) -> None:
        self._items = iter(())
        for worker in self._workers:
            worker.process.kill()
        deadline = time.monotonic() + EXIT_TIMEOUT_SECONDS
        while any(thread.is_alive() for thread in self._threads) and time.monotonic() < deadline:
            self.collect(0.01)  # makes room for the results of threads that wait for it
        for worker in self._workers:
            worker.wait()

    @property
    def is_running(self) -> bool:
        """Whether a result may still come."""
        return self._ended_threads < self._process_count

    def collect(self, timeout: float) -> list[tuple[Item, Output]]:
        """The results since the last call, with their items, and those of the next `timeout` seconds.

        Returns earlier where no more can come.
        """
        results: list[tuple[Item, Output]] = []
        deadline = time.monotonic() + timeout
        with suppress(Empty):
            while self.is_running:
                match self._results.get(timeout=max(0.0, deadline - time.monotonic())):
                    case None:
                        self._ended_threads += 1
                    case _Failure() as failure:
                        self._first_failure = self._first_failure or failure
                    case result:
                        results.append(result)
        return results

    def raise_failure(self) -> None:
        """Raise what a job raised, if any collected one did; ProcessDied where a process was killed."""
        if self._first_failure is not None:
            raise self._first_failure.error

    def cancel_waiting(self) -> None:
        """Let the processes end the jobs that they have started, and start no others."""
        with self._items_lock:
            self._items = iter(())
        for worker in self._workers:
            with suppress(ProcessDied):  # its thread reports that, or has closed the pipe itself
                worker.send(CANCEL_MESSAGE)

    def _feed(self, worker: _Worker) -> None:
        """Send jobs to a process and pass its results on, until there are no more jobs or one fails."""
        try:
            for result in self._run_items(worker):
                self._results.put(result)
        except Exception as error:  # noqa: BLE001  (the caller raises it)
            self._results.put(_Failure(error))
        finally:
            worker.close()
            self._results.put(None)

    def _run_items(self, worker: _Worker) -> Iterator[tuple[Item, Output]]:
        """The result of each item that this process takes, in the order of taking."""
        sent: deque[Item] = deque()  # those without a result yet
        max_sent = 1
        worker.send(self._function)
        while True:
            while len(sent) < max_sent and (item := self._take_item()) is not None:
                worker.send(pickle.dumps(self._make_input(item)))
                sent.append(item)
            if not sent:
                return
            start, result, item = time.monotonic(), worker.receive(), sent.popleft()
            max_sent = 2 if time.monotonic() - start < PREFETCH_BELOW_SECONDS else 1
            if isinstance(result, _Failure):
                raise result.error
            if not isinstance(result, _Cancelled):
                yield item, result

    def _take_item(self) -> Item | None:
        with self._items_lock:
            return next(self._items, None)


@contextmanager
def _block_signals() -> Generator[None]:
    """Processes that are started in the block never get a terminal's signals, not even while they start."""
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def run_pool_process(pipe_number: int) -> None:
    """What a process of the pool runs: computes the function for every input in the pipe and sends the results.

    The first message is the function.
    """
    pipe = Connection(pipe_number)
    messages: SimpleQueue[bytes] = SimpleQueue()
    cancelled = Event()
    Thread(target=_listen, args=(pipe, messages, cancelled), daemon=True).start()
    function = messages.get()
    while True:
        message = messages.get()
        pipe.send_bytes(_pickle_result(_Cancelled() if cancelled.is_set() else _compute_output(function, message)))


def _listen(pipe: Connection, messages: "SimpleQueue[bytes]", cancelled: Event) -> None:
    """Receive jobs, and end this process once the pipe is closed, as nobody waits for its results then."""
    with suppress(EOFError, OSError):
        while True:
            if (message := pipe.recv_bytes()) == CANCEL_MESSAGE:
                cancelled.set()
            else:
                messages.put(message)
    os._exit(0)


def _compute_output(function: bytes, message: bytes) -> Any:
    try:
        return _load_function(function)(pickle.loads(message))  # noqa: S301  (from the process that started this one)
    except Exception as error:  # noqa: BLE001  (the caller raises it)
        error.add_note(f"in a process of the pool:\n{traceback.format_exc()}")
        return _Failure(error)


@cache
def _load_function(function: bytes) -> Callable[[Any], Any]:
    """The function, once for all jobs of this process."""
    return pickle.loads(function)  # noqa: S301  (from the process that started this one)


def _pickle_result(result: object) -> bytes:
    """The pickle of a result, with classes by value that were sent by value: an error may be one of those."""
    return pickle_by_value(result) if isinstance(result, _Failure) else pickle.dumps(result)
