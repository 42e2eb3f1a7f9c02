"""How many CPU cores there are for this process and its workers."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from archwright.evaluate.workers.control_group import GROUPS, PROCESS, folders


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
