"""Whether the system has killed a worker because memory ran out, as far as its counts tell."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from archwright.evaluate.workers.control_group import GROUPS, PROCESS, folders

MACHINE = Path("/proc/vmstat")


class MemoryKills:
    """What the system counts of such kills, in the control group of this process if it has one, or on the machine.

    Linux does not say whom it killed. So one kill explains one death: what explains a worker's explains no other's.
    """

    def __init__(self, process: Path = PROCESS, groups: Path = GROUPS) -> None:
        self._counts = next((file for file in _files(process, groups) if _count(file) is not None), None)
        self._explained = 0

    def count(self) -> int | None:
        """How many processes were killed so far; None where that is not known, as on macOS."""
        return None if self._counts is None else _count(self._counts)

    def explain(self, since: int | None) -> bool | None:
        """Whether there was a kill after the count was `since` which explains no other death; None if not known."""
        now = self.count()
        if now is None or since is None:
            return None
        before = max(since, self._explained)
        if now <= before:
            return False
        self._explained = before + 1
        return True


def _files(process: Path, groups: Path) -> Iterator[Path]:
    """Where the kills may be counted: first in the process's group, which counts its own victims alone."""
    for folder in folders("memory", process, groups):
        yield from (folder / "memory.events", folder / "memory.oom_control")
    yield MACHINE


def _count(file: Path) -> int | None:
    with suppress(OSError, ValueError):
        for line in file.read_text().splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return None
