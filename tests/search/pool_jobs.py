"""Functions that a process pool runs in tests, and a program with such a pool, which a test kills."""

import os
import signal
import sys
import time
from pathlib import Path

from archwright.search.running.process_pool import ProcessPool


class JobError(Exception):
    """What a job raises that has the number 13."""


def square(number: int) -> tuple[int, int]:
    """The square of a number, and which process says so."""
    return number**2, os.getpid()


def make_bytes(megabytes: int) -> bytes:
    """More than a pipe holds."""
    return b"x" * (megabytes << 20)


def raise_at_13(number: int) -> int:
    if number == 13:
        raise JobError("thirteen")
    return number


def kill_by_unnamed_signal(item: int) -> int:
    """Ends its process with a real-time signal that Python has no name for."""
    os.kill(os.getpid(), signal.SIGRTMIN + 1)
    return item


def kill_at_13(number: int) -> int:
    if number == 13:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def sleep(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


def wait_for_go(file: Path) -> str:
    """Leaves a file, and ends once there is one named `go` beside it."""
    file.touch()
    while not file.with_name("go").exists():
        time.sleep(0.01)
    return file.name


def run_endlessly(folder: Path) -> None:
    """Leaves the number of its process in a folder, and takes for ever."""
    (folder / str(os.getpid())).touch()
    time.sleep(1000)


def identity(item):
    return item


if __name__ == "__main__":
    with ProcessPool(run_endlessly, identity, [Path(sys.argv[1])] * 2, 2) as pool:
        while pool.is_running:
            pool.collect(1.0)
