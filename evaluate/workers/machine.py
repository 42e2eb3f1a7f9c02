"""The control group that this process is in: Linux's limits and counts, of a container or a batch system, say."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

PROCESS = Path("/proc/self")
GROUPS = Path("/sys/fs/cgroup")  # where Linux shows them


def folders(controller: str, process: Path = PROCESS, groups: Path = GROUPS) -> Iterator[Path]:
    """Where the files of a controller of the process's group may be, for either version of control groups.

    In a container the group may be all that is seen of the groups, under a name that is not seen.
    """
    with suppress(OSError):
        for line in (process / "cgroup").read_text().splitlines():
            _, controllers, group = line.split(":", 2)
            if not controllers:
                yield from (groups / group.lstrip("/"), groups)
            elif controller in controllers.split(","):
                yield from (groups / controller / group.lstrip("/"), groups / controller)


def cores(process: Path = PROCESS, groups: Path = GROUPS) -> int:
    """Those that the process may run on, and no more than its control group gets the time of; at least 1."""
    mine = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, int(min([mine, *_quotas(process, groups)])))


def _quotas(process: Path, groups: Path) -> Iterator[float]:
    """How many cores' time a group is limited to, where it is: Docker's --cpus, for example."""
    for folder in folders("cpu", process, groups):
        with suppress(OSError, ValueError):  # "max": no limit
            quota, period = (folder / "cpu.max").read_text().split()
            yield int(quota) / int(period)
        with suppress(OSError):
            quota, period = (int((folder / f"cpu.cfs_{name}_us").read_text()) for name in ("quota", "period"))
            if quota > 0:
                yield quota / period


MACHINE = Path("/proc/vmstat")


class OomKills:
    """What the system counts of such kills, in the control group of this process if it has one, or on the machine.

    Linux does not say whom it killed. So one kill explains one death: what explains a worker's explains no other's.
    """

    def __init__(self, process: Path = PROCESS, groups: Path = GROUPS) -> None:
        self._counts = next((file for file in _files(process, groups) if _count(file) is not None), None)
        self._explained = 0

    def count(self) -> int | None:
        """How many processes were killed so far; None where that is not known, as on macOS."""
        return None if self._counts is None else _count(self._counts)

    def explain_death(self, since: int | None) -> bool | None:
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
