"""One worker process as the coordinator sees it: its pipes, its job, and the end of what it wrote to stderr."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock, Timer

from attrs import frozen

from archwright.core.trial import Job, Status
from archwright.evaluate.failure import last_lines
from archwright.evaluate.workers import guard
from archwright.evaluate.workers.memory_kills import MemoryKills
from archwright.evaluate.workers.protocol import Message, Setup, decode, encode, is_end

CHUNK = 1 << 16  # bytes read at once, the size of a pipe
STDERR_KEPT = 1 << 14  # bytes; the rest of a flood is read and forgotten
LONGEST_LINE = 1 << 24  # bytes of a message; more than that is no message
DYING = 1.0  # seconds between the end of a worker's pipe and the end of its process
SPARE = 0.5  # seconds beyond a limit after which a worker is killed also where nobody collects
LAST_CALL = 0.25  # seconds in which a worker over its limit may say that it was done, if nobody has heard it yet
STANDSTILL = 2.0  # seconds that a limit is noticed late by, if this process did not run meanwhile, nor the job perhaps
WORKER = ("-P", "-u", "-X", "faulthandler", "-m", "archwright.evaluate.workers.worker")
GUARD = str(Path(guard.__file__))
# What a process brings upon itself; by any other signal somebody or something else has killed it.
OWN_SIGNALS = {
    signal.SIGABRT,
    signal.SIGBUS,
    signal.SIGFPE,
    signal.SIGILL,
    signal.SIGSEGV,
    signal.SIGSYS,
    signal.SIGTRAP,
    signal.SIGPIPE,
    signal.SIGXCPU,
    signal.SIGXFSZ,
}


class Gone(Exception):
    """The worker has closed its pipe, which it does only by dying; the pool makes an end of the attempt of it."""


@frozen
class Death:
    """How a worker ended without having been told to."""

    status: Status
    why: str
    may_be_chance: bool = False  # not of the job's doing, as far as can be known


class WorkerProcess:
    """A worker under a guard of its own, each in a session of its own: Ctrl-C in the terminal does not reach them.

    They hold the far end of a lifeline: when the coordinator dies, however it dies, so do they. The guard is the child
    of the coordinator; it ends as the worker does, once all that the worker has started is gone.
    """

    def __init__(self, setup: Setup, kills: MemoryKills) -> None:
        self.index = setup.index
        self.ready = False
        self.served = False  # whether it ever had a job
        self.job: Job | None = None
        self.since = time.monotonic()  # of the start of the process, or of its job
        self.called: float | None = None  # when it was found to be over its limit
        self.expired: float | None = None  # when it was killed at its limit while nobody collected
        self.stood_still = False  # whether the coordinator did not run when the limit was reached
        self._due = float("inf")  # when that is to be
        self._limit: Timer | None = None
        self._ending = Lock()  # a job is over either because it ended or because its time did
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
        return self.alive and self.job is None and self.expired is None

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
        arrived = self._take_in()
        with self._reading:
            *lines, self._received = self._received.split(b"\n")
        yield from map(decode, lines)
        if self._silent:
            raise Gone
        if not arrived and not lines:
            raise BlockingIOError
        if len(self._received) > LONGEST_LINE:
            decode(self._received)

    def _take_in(self) -> bool:
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
        self.called, self.stood_still, self._due = None, False, self.since + limit
        if limit < float("inf"):
            self._limit = Timer(limit + SPARE, self._expire, [self.job])
            self._limit.daemon = True
            with suppress(RuntimeError):  # the machine has no more threads: the limit holds where somebody collects
                self._limit.start()
        self.send(self.job)

    def finish(self) -> None:
        """The job is over."""
        with self._ending:
            self.job, self.called = None, None
        if self._limit is not None:
            self._limit.cancel()

    def hang_up(self) -> None:
        """Tells the guard to end the worker and all that it has started."""
        lifeline, self._lifeline = self._lifeline, -1
        if lifeline >= 0:
            os.close(lifeline)

    def kill(self) -> None:
        """Ends the worker and all that it has started at once, and gives back its pipes."""
        if self._limit is not None:
            self._limit.cancel()
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

    def call(self) -> None:
        """Takes note that it is over its limit: a little later it is to be killed, unless it says that it is done."""
        self.called = time.monotonic()
        if self.expired is None:
            self._notice(self.called)

    def epitaph(self) -> Death:
        """How the worker ended by itself, waiting a moment where it is just dying; to be asked before `kill`."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(DYING)
        code = self._process.returncode
        if code is None:
            return Death("crashed", "the worker closed its pipes")
        if code >= 0:
            return Death("crashed", f"the worker exited with code {code}")
        if -code != signal.SIGKILL:
            own = -code in OWN_SIGNALS
            meaning = f" ({(signal.strsignal(-code) or '').lower()})" if own else ""
            return Death("crashed", f"the worker was killed by {_name(-code)}{meaning}", not own)
        match self._kills.explain(self._kills_before):
            case True:
                return Death("out_of_memory", "the worker was killed by the system (SIGKILL), as memory ran out", True)
            case False:
                why = "the worker was killed by SIGKILL, and not by the system for want of memory"
            case None:
                why = "the worker was killed by SIGKILL, as the system does when memory runs out"
        return Death("crashed", why, True)

    def last_words(self) -> str:
        """The last lines of stderr since the job began."""
        return last_lines(self._said.decode(errors="replace"))

    def _expire(self, job: Job) -> None:
        """Kills the worker of a job over its limit, unless it says that the job is done: that beats the clock."""
        began = time.monotonic()
        while self.job is job and not self._has_ended() and time.monotonic() < began + LAST_CALL:
            time.sleep(0 if self._take_in() else 0.01)
        with self._ending:
            if self.job is job and self.alive and not self._has_ended():
                self._notice(began - SPARE)
                self.expired = time.monotonic()
                self._process.terminate()

    def _has_ended(self) -> bool:
        with self._reading:
            return any(map(is_end, self._received.split(b"\n")[:-1]))

    def _notice(self, now: float) -> None:
        """That the limit is reached `now`, as far as is noticed; this process ran, unless it was to be much earlier."""
        self.stood_still = self.stood_still or now > self._due + SPARE + STANDSTILL


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # one of the real-time signals
        return f"signal {number}"


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
