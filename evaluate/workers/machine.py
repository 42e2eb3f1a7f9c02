"""What Linux says of this process's share of the machine: its cores, and processes killed for want of memory.

A container or a batch system limits both by control groups.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

OWN_PROC_FOLDER = Path("/proc/self")
CGROUP_FOLDER = Path("/sys/fs/cgroup")  # where Linux shows control groups
VMSTAT_FILE = Path("/proc/vmstat")  # counts of the whole machine


def count_cores(process: Path = OWN_PROC_FOLDER, groups: Path = CGROUP_FOLDER) -> int:
    """How many cores the process may run on, and no more than its control group gets the time of; at least 1."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, int(min([allowed, *_read_cpu_quotas(process, groups)])))


def _read_cpu_quotas(process: Path, groups: Path) -> Iterator[float]:
    """How many cores' time the group is limited to, where it is: by Docker's --cpus, for example."""
    for folder in _list_controller_folders("cpu", process, groups):
        with suppress(OSError, ValueError):  # "max": no limit
            quota, period = (folder / "cpu.max").read_text().split()
            yield int(quota) / int(period)
        with suppress(OSError):
            quota, period = (int((folder / f"cpu.cfs_{name}_us").read_text()) for name in ("quota", "period"))
            if quota > 0:
                yield quota / period


class OomKills:
    """Linux's count of out-of-memory kills, in this process's control group if it has one, or on the machine.

    Linux does not say whom it killed. So one kill explains one death: what explains one worker's explains no other's.
    """

    def __init__(self, process: Path = OWN_PROC_FOLDER, groups: Path = CGROUP_FOLDER) -> None:
        files = (file for file in _list_counters(process, groups) if _read_kills(file) is not None)
        self._counter = next(files, None)
        self._explained = 0  # the count up to which every kill has explained a death

    def count(self) -> int | None:
        """How many processes were killed so far; None where that is not known, as on macOS."""
        return None if self._counter is None else _read_kills(self._counter)

    def explain_death(self, since: int | None) -> bool | None:
        """Whether there was a kill after the count was `since` which explains no other death; None if not known."""
        count = self.count()
        if count is None or since is None:
            return None
        before = max(since, self._explained)
        if count <= before:
            return False
        self._explained = before + 1
        return True


def _list_counters(process: Path, groups: Path) -> Iterator[Path]:
    """Files that may count kills: first those of the process's group, which counts its own victims alone."""
    for folder in _list_controller_folders("memory", process, groups):
        yield from (folder / "memory.events", folder / "memory.oom_control")
    yield VMSTAT_FILE


def _read_kills(file: Path) -> int | None:
    with suppress(OSError, ValueError):
        for line in file.read_text().splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return None


def _list_controller_folders(controller: str, process: Path, groups: Path) -> Iterator[Path]:
    """Where the files of a controller of the process's group may be, for either version of control groups.

    In a container the process may see its own group alone, as the root of all, whatever the group is called outside.
    """
    with suppress(OSError):
        for line in (process / "cgroup").read_text().splitlines():
            _, controllers, group = line.split(":", 2)
            if not controllers:  # version 2
                yield from (groups / group.lstrip("/"), groups)
            elif controller in controllers.split(","):
                yield from (groups / controller / group.lstrip("/"), groups / controller)
