"""The files of logs, which nothing else may take the place of."""

import os
import re
from contextlib import suppress
from pathlib import Path

from archwright.core.errors import ArchwrightError
from archwright.store.journal import is_journal, locate_journal
from archwright.store.paths import belongs_to


class FileOfALog(ArchwrightError, FileExistsError):
    """A target that is a log or belongs to one."""


def require_no_log(target: Path, remedy: str) -> None:
    """Nothing, if `target` neither is a log nor belongs to one; else FileOfALog."""
    path = Path(os.path.realpath(target))
    log = _find_log(path)
    if log is not None:
        relation = "is a log" if log == path else f"belongs to the log {log}"
        raise FileOfALog(f"{target} {relation}, which nothing else may take the place of; {remedy}")


def _find_log(path: Path) -> Path | None:
    """The log that `path` is or belongs to, as its own name or the name of a folder above it says."""
    for ancestor in (path, *path.parents):
        for name in (ancestor.name, *(ancestor.name[: dot.start()] for dot in re.finditer(r"\.", ancestor.name))):
            if name and _is_log(log := ancestor.with_name(name)) and belongs_to(log, path):
                return log
    return None


def _is_log(path: Path) -> bool:
    """Whether there is a log, or its journal, from which a log that was emptied or deleted is rebuilt."""
    with suppress(OSError):
        if path.is_file():
            with path.open("rb") as file:
                if file.read(12)[8:] == b"DUCK":
                    return True
    return is_journal(locate_journal(path))
