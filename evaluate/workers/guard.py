"""The guard of a worker: runs its command, and kills all its descendants when it or the coordinator ends.

The coordinator runs this file by its path, without archwright and without site packages, so that it starts in some
20 ms and takes 10 MB: `python -I -S guard.py JOBS REPORTS LIFELINE COMMAND...`. The file descriptors of three pipes are
the command's last arguments; the guard itself only watches the lifeline, whose far end the coordinator holds.
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
KILL_SECONDS = 0.5  # to wait for the ends of killed processes; one that is stuck in the kernel takes longer


def run_guard() -> None:
    """Run the command and exit as it does: with its exit code, or killed by the signal that killed it."""
    jobs, reports, lifeline = map(int, sys.argv[1:4])
    _reset_signals()
    _prctl(PR_SET_CHILD_SUBREAPER)  # orphans become children of the guard, also in a session of their own
    wake_reader, wake_writer = os.pipe()
    os.set_blocking(wake_reader, False)
    os.set_blocking(wake_writer, False)
    signal.set_wakeup_fd(wake_writer, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(number, lambda *_: None)  # the byte that the wakeup writes says which
    worker = _start_command([*sys.argv[4:], *sys.argv[1:4]])
    os.close(jobs)
    os.close(reports)
    events = select.poll()
    events.register(lifeline)
    events.register(wake_reader, select.POLLIN)
    status = None
    while status is None and not _wait_for_end(events, lifeline, wake_reader):
        status = _reap(worker)
    _exit_like(_kill_descendants(worker, status))


def _reset_signals() -> None:
    """Undo what was inherited: a shell ignores Ctrl-C for what it starts in the background, `nohup` a hang-up."""
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _start_command(command: list[str]) -> int:
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


def _wait_for_end(events: select.poll, lifeline: int, wake_reader: int) -> bool:
    """Wait for an event; whether it is that the coordinator is gone or has sent SIGTERM."""
    if any(fd == lifeline for fd, _ in events.poll()):
        return True
    with suppress(BlockingIOError):
        return signal.SIGTERM in os.read(wake_reader, 4096)
    return False


def _reap(worker: int) -> int | None:
    """The wait status of the worker, if it has ended; reaps all other children that have."""
    status = None
    with suppress(ChildProcessError):  # none is left
        while (child := os.waitpid(-1, os.WNOHANG))[0]:
            status = child[1] if child[0] == worker else status
    return status


def _kill_descendants(worker: int, status: int | None) -> int | None:
    """Kill the worker, its group and all their descendants; the worker's wait status, once it has one."""
    with suppress(ProcessLookupError, PermissionError):  # macOS: no permission for a group of zombies
        os.killpg(worker, signal.SIGKILL)
    end = time.monotonic() + KILL_SECONDS
    while ((children := list(_list_children())) or status is None) and time.monotonic() < end:
        for child in children:  # whose own children become this process's, and are next
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        time.sleep(0.005)
        worker_status = _reap(worker)
        status = status if worker_status is None else worker_status
    return status


def _list_children() -> Iterator[int]:
    """The processes whose parent this one is, as Linux lists them."""
    parent = str(os.getpid())
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if stat.read_text(errors="replace").rpartition(")")[2].split()[1] == parent:
                yield int(stat.parent.name)


def _exit_like(status: int | None) -> None:
    """End this process as one with that wait status ended, without a core dump; None counts as exit code 1."""
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
    run_guard()
