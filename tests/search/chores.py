"""What the processes of a crew are given to do, and a program that has such a crew and is killed."""

import os
import signal
import sys
import time
from pathlib import Path

from archwright.search.running.process_pool import Crew


class Unlucky(Exception):
    """What a job raises that has the number 13."""


def square(number: int) -> tuple[int, int]:
    """The square of a number, and which process says so."""
    return number**2, os.getpid()


def grown(megabytes: int) -> bytes:
    """More than a pipe holds."""
    return b"x" * (megabytes << 20)


def unlucky(number: int) -> int:
    if number == 13:
        raise Unlucky("thirteen")
    return number


def killed_namelessly(item: int) -> int:
    """Ends itself with a real-time signal that Python has no name for."""
    os.kill(os.getpid(), signal.SIGRTMIN + 1)
    return item


def killed(number: int) -> int:
    if number == 13:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def slept(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


def waited(file: Path) -> str:
    """Leaves a file, and ends once there is one named `go` beside it."""
    file.touch()
    while not file.with_name("go").exists():
        time.sleep(0.01)
    return file.name


def noted(folder: Path) -> None:
    """Leaves the number of its process in a folder, and takes for ever."""
    (folder / str(os.getpid())).touch()
    time.sleep(1000)


def same(item):
    return item


if __name__ == "__main__":
    with Crew(noted, same, [Path(sys.argv[1])] * 2, 2) as crew:
        while crew.at_work:
            crew.done(1.0)
