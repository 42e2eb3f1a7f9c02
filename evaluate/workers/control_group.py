"""The control group that this process is in: Linux's limits and counts, of a container or a batch system, say."""

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
