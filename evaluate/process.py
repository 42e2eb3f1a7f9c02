"""One worker process as the coordinator sees it: its pipes, its job, and the end of what it wrote to stderr."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from archwright.core.trial import Job
from archwright.evaluate.failure import last_lines
from archwright.evaluate.protocol import Message, Setup, decode, encode

CHUNK = 1 << 16  # bytes read at once, the size of a pipe
STDERR_KEPT = 1 << 14  # bytes; the rest of a flood is read and forgotten
LONGEST_LINE = 1 << 24  # bytes of a message; more than that is no message
DYING = 1.0  # seconds between the end of a worker's pipe and the end of its process


class Gone(Exception):
    """The worker has closed its pipe, which it does only by dying; the pool makes an end of the attempt of it."""


class WorkerProcess:
    """A process in a session of its own, so that Ctrl-C in the terminal does not reach it.

    It holds the far end of a lifeline: when the coordinator dies, however it dies, the worker does too.
    """

    def __init__(self, setup: Setup) -> None:
        jobs, self.jobs = os.pipe()
        self.reports, reports = os.pipe()
        self.stderr, stderr = os.pipe()
        lifeline, self._lifeline = os.pipe()
        theirs = (jobs, reports, lifeline)
        self.index = setup.index
        self.ready = False
        self.job: Job | None = None
        self.since = time.monotonic()  # of the start of the process, or of its job
        self._unsent = encode(setup)
        self._received = b""
        self._said = b""
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-u", "-X", "faulthandler", "-m", "archwright.evaluate.worker", *map(str, theirs)],
            stdin=subprocess.DEVNULL,
            stdout=stderr,  # prints by the code that is run must reach neither the protocol nor the terminal
            stderr=stderr,
            pass_fds=theirs,
            start_new_session=True,
            env=os.environ | _environment(setup.threads),
        )
        for fd in (*theirs, stderr):
            os.close(fd)
        for fd in (self.jobs, self.reports, self.stderr):
            os.set_blocking(fd, False)

    @property
    def pid(self) -> int:
        """Of the process, and of its group."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process still runs; its children may, where it does not."""
        return self._process.poll() is None

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

    def receive(self) -> Iterator[Message]:
        """The messages that have arrived; raises Gone or Garbled."""
        chunk = _read(self.reports)
        *lines, self._received = (self._received + chunk).split(b"\n")
        yield from map(decode, lines)
        if not chunk:
            raise Gone
        if len(self._received) > LONGEST_LINE:
            decode(self._received)

    def listen(self) -> bool:
        """Takes in what was written to stderr; False at its end."""
        chunk = _read(self.stderr)
        self._said = (self._said + chunk)[-STDERR_KEPT:]
        return bool(chunk)

    def begin(self) -> None:
        """Sends the job; from now on time and stderr are the attempt's."""
        assert self.job is not None
        self.since, self._said = time.monotonic(), b""
        self.send(self.job)

    def kill(self) -> None:
        """Ends the process and its group at once, and gives back its pipes."""
        with suppress(ProcessLookupError, PermissionError):  # macOS: no permission for a group of zombies
            os.killpg(self.pid, signal.SIGKILL)
        self._process.kill()
        with suppress(subprocess.TimeoutExpired):  # stuck in the kernel: it dies when that lets it go
            self._process.wait(DYING)
        for _ in range(16):  # what is left in the pipe; a child that fled its group may write for ever
            with suppress(BlockingIOError):
                if self.listen():
                    continue
            break
        for fd in (self.jobs, self.reports, self.stderr, self._lifeline):
            os.close(fd)

    def epitaph(self) -> str:
        """How the process ended by itself, waiting a moment where it is just dying; to be asked before `kill`."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(DYING)
        code = self._process.returncode
        if code is None:
            return "the worker closed its pipes"
        if code >= 0:
            return f"the worker exited with code {code}"
        name = signal.Signals(-code).name
        hint = ", as the system does when memory runs out" if name == "SIGKILL" else ""
        return f"the worker was killed by {name}{hint}"

    def last_words(self) -> str:
        """The last lines of stderr since the job began."""
        return last_lines(self._said.decode(errors="replace"))


def _read(fd: int) -> bytes:
    return os.read(fd, CHUNK)


def _environment(threads: int) -> dict[str, str]:
    libraries = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")
    fixed = {"PYTHONHASHSEED": "0"}  # sets of strings in the same order
    # Threads that wait give their core away: on a machine with other work, spinning makes a training several times
    # slower.
    waiting = {"OMP_WAIT_POLICY": os.environ.get("OMP_WAIT_POLICY", "PASSIVE")}
    return dict.fromkeys(libraries, str(threads)) | fixed | waiting


def cores() -> int:
    """How many CPU cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def import_path() -> Sequence[str]:
    """The folders from which a worker imports what the coordinator can."""
    return [folder or str(Path.cwd()) for folder in sys.path]  # in an interactive Python, "" is the current folder
