"""Runs one command, and when that ends, or its coordinator does, ends all that has come of it.

The coordinator runs this file by its path, without archwright and without site packages, so that it is there in some
20 ms and takes 10 MB: `python -I -S guard.py JOBS REPORTS LIFELINE COMMAND...`. The three pipes are the command's last
arguments; the guard itself only watches the lifeline, whose far end the coordinator holds.
"""

import ctypes
import os
import resource
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
DYING = 0.5  # seconds between SIGKILL and the end of a process; one that is stuck in the kernel takes longer


def main() -> None:
    """Be the command for the coordinator: with its exit code, or killed by the signal that killed it."""
    jobs, reports, lifeline = map(int, sys.argv[1:4])
    _hear_all_signals()
    _prctl(PR_SET_CHILD_SUBREAPER)  # orphans become children of the guard, also in a session of their own
    woken, waker = os.pipe()
    os.set_blocking(woken, False)
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(number, lambda *_: None)  # the byte in the pipe is what tells
    worker = _start([*sys.argv[4:], *sys.argv[1:4]])
    os.close(jobs)
    os.close(reports)
    happens = select.poll()
    happens.register(lifeline)
    happens.register(woken, select.POLLIN)
    status = None
    while status is None and not _told_to_end(happens, lifeline, woken):
        status = _reap(worker)
    _leave_as(_end(worker, status))


def _hear_all_signals() -> None:
    """Undoes what was inherited: a shell ignores Ctrl-C for what it starts in the background, `nohup` a hang-up."""
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _start(command: list[str]) -> int:
    """The process id of the command, in a session of its own, which dies with this process."""
    guard = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    try:
        os.setsid()
        _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == guard:
            os.execv(command[0], command)  # noqa: S606  (no shell)
    except OSError as error:
        os.write(2, f"{command[0]} cannot be run: {error}\n".encode())
    finally:
        os._exit(127)


def _told_to_end(happens: select.poll, lifeline: int, woken: int) -> bool:
    """Waits for something to happen; whether it is that the coordinator is gone, or wants an end."""
    if any(fd == lifeline for fd, _ in happens.poll()):
        return True
    with suppress(BlockingIOError):
        return signal.SIGTERM in os.read(woken, 4096)
    return False


def _reap(worker: int) -> int | None:
    """The status of the worker, if it has ended; takes note of all others that have."""
    status = None
    with suppress(ChildProcessError):  # none is left
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            status = ended[1] if ended[0] == worker else status
    return status


def _end(worker: int, status: int | None) -> int | None:
    """Kills the worker, its group and all their descendants; the worker's status, once it has one."""
    with suppress(ProcessLookupError, PermissionError):  # macOS: no permission for a group of zombies
        os.killpg(worker, signal.SIGKILL)
    until = time.monotonic() + DYING
    while ((children := list(_children())) or status is None) and time.monotonic() < until:
        for child in children:  # whose own children become this process's, and are next
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        time.sleep(0.005)
        ended = _reap(worker)
        status = status if ended is None else ended
    return status


def _children() -> Iterator[int]:
    """The processes whose parent this one is, as Linux lists them."""
    me = str(os.getpid())
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if stat.read_text(errors="replace").rpartition(")")[2].split()[1] == me:
                yield int(stat.parent.name)


def _leave_as(status: int | None) -> None:
    code = 1 if status is None else os.waitstatus_to_exitcode(status)
    if code < 0:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with suppress(OSError):  # SIGKILL
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


def _prctl(option: int, value: int = 1) -> None:
    if sys.platform == "linux":
        call: Callable[..., int] = ctypes.CDLL(None).prctl
        call(option, value, 0, 0, 0)


if __name__ == "__main__":
    main()
