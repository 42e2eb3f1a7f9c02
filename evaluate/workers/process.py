"""One worker process as the coordinator sees it: its start, its pipes, the job that it has, and its end."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Lock

from archwright.core.protocols import Job
from archwright.core.tracebacks import last_lines
from archwright.evaluate.workers import guard
from archwright.evaluate.workers.death import Death, explain_death
from archwright.evaluate.workers.machine import OomKills
from archwright.evaluate.workers.protocol import JobMessage, Message, WorkerSetup, decode, encode, is_job_ended
from archwright.evaluate.workers.time_limit import TimeLimit

PIPE_BYTES = 1 << 16  # read at once: as much as a pipe holds
MAX_STDERR_BYTES = 1 << 14  # kept of the end of stderr; what came before is dropped
MAX_MESSAGE_BYTES = 1 << 24  # a longer line is no message
EXIT_SECONDS = 1.0  # a process may take from the end of its pipe to its exit
WORKER_ARGUMENTS = ("-P", "-u", "-X", "faulthandler", "-m", "archwright.evaluate.workers.worker")
GUARD_FILE = str(Path(guard.__file__))


class WorkerGone(Exception):
    """The worker has closed its pipe, which it does only by dying; the pool ends the attempt."""


class WorkerProcess:
    """A worker under a guard of its own, each in a session of its own: Ctrl-C in the terminal does not reach them.

    The guard is the coordinator's child and the worker is the guard's. Both hold the far end of a pipe, the lifeline:
    when the coordinator dies, in whatever way, so do they. The guard exits as the worker does, once everything that the
    worker has started is gone.
    """

    def __init__(self, setup: WorkerSetup, kills: OomKills) -> None:
        self.index = setup.index
        self.ready = False
        self.had_job = False
        self.job: Job | None = None
        self.started_at = time.monotonic()  # of the process, then of its job; on the monotonic clock
        self.limit = TimeLimit(self)  # of its job; the pool holds that of its start
        self._kills = kills
        self._kills_before = kills.count()
        self._unsent = encode(setup)
        self._received = b""  # lines that were read and not decoded
        self._reading = Lock()  # of reports, which the timer of the limit does too
        self._reports_ended = False  # the worker has closed its end
        self._closed = False  # and the pool its own
        self._stderr_tail = b""
        (jobs, self.jobs), (self.reports, reports), (self.stderr, stderr), (lifeline, self._lifeline) = _open_pipes(4)
        worker_ends = (jobs, reports, lifeline)
        own_ends = (self.jobs, self.reports, self.stderr)
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", GUARD_FILE, *map(str, worker_ends), sys.executable, *WORKER_ARGUMENTS],
                stdin=subprocess.DEVNULL,
                stdout=stderr,  # prints by the code that is run must reach neither the messages nor the terminal
                stderr=stderr,
                pass_fds=worker_ends,
                start_new_session=True,
                env=os.environ | _environment_variables(setup.threads),
            )
        except OSError:
            _close(*own_ends, self._lifeline)
            raise
        finally:
            _close(*worker_ends, stderr)
        for fd in own_ends:
            os.set_blocking(fd, False)

    @property
    def pid(self) -> int:
        """The process id of the guard."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether the worker still runs, or something that it has started."""
        return self._process.poll() is None

    @property
    def is_idle(self) -> bool:
        """Whether it can have another job, now or once it is ready."""
        return self.is_alive and self.job is None and self.limit.killed_at is None

    def start_job(self, limit: float) -> None:
        """Send its job, which may take `limit` seconds; from now on time and stderr are those of the attempt."""
        assert self.job is not None
        self.started_at, self._stderr_tail, self.had_job = time.monotonic(), b"", True
        self._kills_before = self._kills.count()
        self.limit = TimeLimit(self, limit)
        self.limit.start_timer()
        self.send(JobMessage.of(self.job))

    def finish_job(self) -> None:
        """Its job is over."""
        self.limit.lift()
        self.job = None

    @property
    def has_unsent(self) -> bool:
        """Whether part of a message waits until the worker reads."""
        return bool(self._unsent)

    def send(self, message: Message | None = None) -> None:
        """Write as much as the worker's pipe takes now; the rest waits for the next call."""
        self._unsent += encode(message) if message is not None else b""
        try:
            while self._unsent:
                self._unsent = self._unsent[os.write(self.jobs, self._unsent) :]
        except BlockingIOError:
            pass
        except BrokenPipeError:  # the death of a worker is noticed where its reports end
            self._unsent = b""

    @property
    def has_unreceived(self) -> bool:
        """Whether something was read that `receive` has not given yet."""
        return b"\n" in self._received or self._reports_ended

    def receive(self) -> Iterator[Message]:
        """The messages that have arrived; WorkerGone or MalformedMessage, or BlockingIOError if there is nothing."""
        has_read = self.read_reports()
        with self._reading:
            *lines, self._received = self._received.split(b"\n")
        yield from map(decode, lines)
        if self._reports_ended:
            raise WorkerGone
        if not has_read and not lines:
            raise BlockingIOError
        if len(self._received) > MAX_MESSAGE_BYTES:
            decode(self._received)

    def read_reports(self) -> bool:
        """Read what the worker has reported, as much as a pipe holds; whether there was anything."""
        with self._reading:
            if self._reports_ended or self._closed:
                return False
            try:
                chunk = os.read(self.reports, PIPE_BYTES)
            except BlockingIOError:
                return False
            self._received += chunk
            self._reports_ended = not chunk
        return bool(chunk)

    @property
    def has_ended_job(self) -> bool:
        """Whether it has said that its job has ended, as far as its reports were read."""
        with self._reading:
            return any(map(is_job_ended, self._received.split(b"\n")[:-1]))

    def read_stderr(self) -> bool:
        """Read what was written to stderr; False at its end."""
        chunk = os.read(self.stderr, PIPE_BYTES)
        self._stderr_tail = (self._stderr_tail + chunk)[-MAX_STDERR_BYTES:]
        return bool(chunk)

    def tail_stderr(self) -> str:
        """The last lines of stderr since the job began."""
        return last_lines(self._stderr_tail.decode(errors="replace"))

    def explain_death(self) -> Death:
        """Why the worker died, waiting a moment where it is just dying; call this before `kill`."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(EXIT_SECONDS)
        return explain_death(self._process.returncode, self._kills, self._kills_before)

    def terminate(self) -> None:
        """Tell the guard to end the worker and all that it has started; return at once."""
        self._process.terminate()

    def close_lifeline(self) -> None:
        """Tell the guard the same as `terminate` does, in the way that works also when the coordinator dies."""
        lifeline, self._lifeline = self._lifeline, -1
        if lifeline >= 0:
            os.close(lifeline)

    def kill(self) -> None:
        """End the worker and all that it has started, read the rest of stderr, and close its pipes."""
        self.limit.cancel_timer()
        self.close_lifeline()
        for _ in range(2):
            with suppress(subprocess.TimeoutExpired):  # stuck in the kernel: it dies when that lets it go
                self._process.wait(EXIT_SECONDS)
            self._process.kill()  # a guard that cannot do its work: the worker dies with it
        for _ in range(16):  # what is left in the pipe
            with suppress(BlockingIOError):
                if self.read_stderr():
                    continue
            break
        with self._reading:
            self._closed = True
            _close(self.jobs, self.reports, self.stderr)


def _open_pipes(count: int) -> list[tuple[int, int]]:
    """So many pipes, or none and an OSError."""
    pipes: list[tuple[int, int]] = []
    try:
        for _ in range(count):
            pipes.append(os.pipe())  # noqa: PERF401  (those that were opened are to be closed)
    except OSError:
        _close(*(fd for pipe in pipes for fd in pipe))
        raise
    return pipes


def _close(*fds: int) -> None:
    for fd in fds:
        os.close(fd)


def _environment_variables(threads: int) -> dict[str, str]:
    """The variables that make libraries of a worker use so many threads, and Python give the same results again."""
    thread_counts = (
        "OMP_NUM_THREADS",
        "MKL_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "NUMEXPR_NUM_THREADS",
        "TORCHINDUCTOR_COMPILE_THREADS",
    )
    fixed = {"PYTHONHASHSEED": "0"}  # sets of strings in the same order
    # Threads that wait give their core away: on a machine with other work, spinning makes a training several times
    # slower. Before that they spin for some microseconds, or else a small model trains at half its speed.
    defaults = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "1000"}
    waiting = {name: os.environ.get(name, value) for name, value in defaults.items()}
    return dict.fromkeys(thread_counts, str(threads)) | fixed | waiting
