"""One worker process as the coordinator sees it: its pipes, and the end of what it wrote to stderr."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock

from archwright.core.protocols import Job
from archwright.evaluate.user_errors import last_lines
from archwright.evaluate.workers import guard
from archwright.evaluate.workers.death import Death, explain_death
from archwright.evaluate.workers.limit import Limit
from archwright.evaluate.workers.machine import OomKills
from archwright.evaluate.workers.protocol import JobMessage, Message, Setup, decode, encode, is_end

CHUNK = 1 << 16  # bytes read at once, the size of a pipe
STDERR_KEPT = 1 << 14  # bytes; the rest of a flood is read and forgotten
LONGEST_LINE = 1 << 24  # bytes of a message; more than that is no message
DYING = 1.0  # seconds between the end of a worker's pipe and the end of its process
WORKER = ("-P", "-u", "-X", "faulthandler", "-m", "archwright.evaluate.workers.worker")
GUARD = str(Path(guard.__file__))


class Gone(Exception):
    """The worker has closed its pipe, which it does only by dying; the pool makes an end of the attempt of it."""


class WorkerProcess:
    """A worker under a guard of its own, each in a session of its own: Ctrl-C in the terminal does not reach them.

    They hold the far end of a lifeline: when the coordinator dies, however it dies, so do they. The guard is the child
    of the coordinator; it ends as the worker does, once all that the worker has started is gone.
    """

    def __init__(self, setup: Setup, kills: OomKills) -> None:
        self.index = setup.index
        self.ready = False
        self.served = False  # whether it ever had a job
        self.job: Job | None = None
        self.since = time.monotonic()  # of the start of the process, or of its job
        self.limit = Limit(self)  # of its job; that of its start is the pool's affair
        self._kills = kills
        self._kills_before = kills.count()
        self._unsent = encode(setup)
        self._received = b""
        self._reading = Lock()  # to take in what arrives, which the thread of the limit does too
        self._silent = False  # the worker has closed its end
        self._closed = False  # and the pool its own
        self._said = b""
        (jobs, self.jobs), (self.reports, reports), (self.stderr, stderr), (lifeline, self._lifeline) = _pipes(4)
        theirs = (jobs, reports, lifeline)
        ours = (self.jobs, self.reports, self.stderr)
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", GUARD, *map(str, theirs), sys.executable, *WORKER],
                stdin=subprocess.DEVNULL,
                stdout=stderr,  # prints by the code that is run must reach neither the protocol nor the terminal
                stderr=stderr,
                pass_fds=theirs,
                start_new_session=True,
                env=os.environ | _environment(setup.threads),
            )
        except OSError:
            _close(*ours, self._lifeline)
            raise
        finally:
            _close(*theirs, stderr)
        for fd in ours:
            os.set_blocking(fd, False)

    @property
    def pid(self) -> int:
        """Of the guard."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the worker still runs, or something that it has started."""
        return self._process.poll() is None

    @property
    def usable(self) -> bool:
        """Whether it can have another job, now or once it is ready."""
        return self.alive and self.job is None and self.limit.expired is None

    @property
    def sending(self) -> bool:
        """Whether something waits until the worker reads."""
        return bool(self._unsent)

    def send(self, message: Message | None = None) -> None:
        """Writes as much as the worker's pipe takes now; the rest waits for the next call."""
        self._unsent += encode(message) if message is not None else b""
        try:
            while self._unsent:
                self._unsent = self._unsent[os.write(self.jobs, self._unsent) :]
        except BlockingIOError:
            pass
        except BrokenPipeError:  # a dead worker is noticed where it is listened to
            self._unsent = b""

    @property
    def unheard(self) -> bool:
        """Whether something was taken in that nobody has received."""
        return b"\n" in self._received or self._silent

    def receive(self) -> Iterator[Message]:
        """The messages that have arrived; raises Gone or Garbled, and BlockingIOError where there is nothing."""
        arrived = self.take_in()
        with self._reading:
            *lines, self._received = self._received.split(b"\n")
        yield from map(decode, lines)
        if self._silent:
            raise Gone
        if not arrived and not lines:
            raise BlockingIOError
        if len(self._received) > LONGEST_LINE:
            decode(self._received)

    def take_in(self) -> bool:
        """Takes in what has arrived, as much as a pipe holds; whether there was anything."""
        with self._reading:
            if self._silent or self._closed:
                return False
            try:
                chunk = _read(self.reports)
            except BlockingIOError:
                return False
            self._received += chunk
            self._silent = not chunk
        return bool(chunk)

    def listen(self) -> bool:
        """Takes in what was written to stderr; False at its end."""
        chunk = _read(self.stderr)
        self._said = (self._said + chunk)[-STDERR_KEPT:]
        return bool(chunk)

    def begin(self, limit: float) -> None:
        """Sends the job, which may take `limit` seconds; from now on time and stderr are the attempt's.

        A little later the worker is killed even where nobody collects, as where the coordinator waits for its log.
        """
        assert self.job is not None
        self.since, self._said, self.served, self._kills_before = time.monotonic(), b"", True, self._kills.count()
        self.limit = Limit(self, limit)
        self.limit.hold()
        self.send(JobMessage.of(self.job))

    def finish(self) -> None:
        """The job is over."""
        self.limit.lift()
        self.job = None

    def hang_up(self) -> None:
        """Tells the guard to end the worker and all that it has started."""
        lifeline, self._lifeline = self._lifeline, -1
        if lifeline >= 0:
            os.close(lifeline)

    def kill(self) -> None:
        """Ends the worker and all that it has started at once, and gives back its pipes."""
        self.limit.cancel()
        self.hang_up()
        for _ in range(2):
            with suppress(subprocess.TimeoutExpired):  # stuck in the kernel: it dies when that lets it go
                self._process.wait(DYING)
            self._process.kill()  # a guard that cannot do its work: the worker dies with it
        for _ in range(16):  # what is left in the pipe
            with suppress(BlockingIOError):
                if self.listen():
                    continue
            break
        with self._reading:
            self._closed = True
            _close(self.jobs, self.reports, self.stderr)

    def epitaph(self) -> Death:
        """How the worker ended by itself, waiting a moment where it is just dying; to be asked before `kill`."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(DYING)
        return explain_death(self._process.returncode, self._kills, self._kills_before)

    def last_words(self) -> str:
        """The last lines of stderr since the job began."""
        return last_lines(self._said.decode(errors="replace"))

    @property
    def is_done(self) -> bool:
        """Whether it has said that its job has ended, as far as that was taken in."""
        with self._reading:
            return any(map(is_end, self._received.split(b"\n")[:-1]))

    def terminate(self) -> None:
        """Tells the guard to end it, and all that it has started, without a wait."""
        self._process.terminate()


def _pipes(count: int) -> list[tuple[int, int]]:
    """So many pipes, or none and an OSError."""
    made: list[tuple[int, int]] = []
    try:
        for _ in range(count):
            made.append(os.pipe())  # noqa: PERF401  (those that were made are to be closed)
    except OSError:
        _close(*(fd for pipe in made for fd in pipe))
        raise
    return made


def _close(*fds: int) -> None:
    for fd in fds:
        os.close(fd)


def _read(fd: int) -> bytes:
    return os.read(fd, CHUNK)


def _environment(threads: int) -> dict[str, str]:
    libraries = (
        "OMP_NUM_THREADS",
        "MKL_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "NUMEXPR_NUM_THREADS",
        "TORCHINDUCTOR_COMPILE_THREADS",
    )
    fixed = {"PYTHONHASHSEED": "0"}  # sets of strings in the same order
    # Threads that wait give their core away: on a machine with other work, spinning makes a training several times
    # slower. Before that they spin for some microseconds, or else a small model trains at half its speed.
    usual = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "1000"}
    waiting = {name: os.environ.get(name, value) for name, value in usual.items()}
    return dict.fromkeys(libraries, str(threads)) | fixed | waiting


def import_path() -> Sequence[str]:
    """The folders from which a worker imports what the coordinator can."""
    return [folder or str(Path.cwd()) for folder in sys.path]  # in an interactive Python, "" is the current folder
