"""What lies beside a log and belongs to it: names that begin with its own."""

import itertools
from contextlib import suppress
from pathlib import Path
from typing import Literal

DRAFTS = ".archwright-draft-"  # how the folders begin in which a file is made, beside its place

Suffix = Literal["wal", "undo", "journal", "locks", "artifacts", "damaged"]

AHEAD = ("wal", "wal.checkpoint", "wal.recovery")  # how the names of DuckDB's write-ahead files end

FILES: dict[Suffix, str] = {
    "wal": "what DuckDB has committed and not yet written into the log",
    "undo": "what a writer of the first release kept while it wrote the log",
    "journal": "every event, a line an append",
    "damaged": "a log that DuckDB refused, and that was made anew from the journal; and what belonged to it",
}
FOLDERS: dict[Suffix, str] = {
    "locks": "one lock a run",
    "artifacts": "what is kept of the trials",
}


def beside(log: Path, suffix: Suffix) -> Path:
    """The file or folder of that kind of the log at `log`, whether it is there or not."""
    return log.with_name(f"{log.name}.{suffix}")


def ahead(log: Path) -> list[Path]:
    """DuckDB's write-ahead files of a log at `log`, whether they are there or not."""
    return [log.with_name(f"{log.name}.{end}") for end in AHEAD]


def kept_name(log: Path, ending: str = "") -> Path:
    """A name that is free for a file of the log at `log` that is damaged; it ends with what the file is, as `.wal`."""
    damaged = beside(log, "damaged")
    numbers = itertools.chain([""], (f"-{number}" for number in itertools.count(2)))
    names = (damaged.with_name(f"{damaged.name}{number}{ending}") for number in numbers)
    return next(name for name in names if not name.exists())


def belongs_to(log: Path | str, path: Path | str) -> bool:
    """Whether `path` is the log at `log`, or one of the files and folders that belong to it, or lies in one of these.

    Links are followed, and neither need be there: a command must not write its output onto any of them.
    """
    log, path = _real(log), _real(path)
    return _is_log_or_file(log, path) or any(beside(log, folder) in (path, *path.parents) for folder in FOLDERS)


def _is_log_or_file(log: Path, path: Path) -> bool:
    if any(_same(path, known) for known in (log, *(beside(log, file) for file in FILES))):
        return True
    # Several of these may lie there, each with a number or an ending of its own.
    several = tuple(f"{log.name}.{suffix}" for suffix in ("damaged", "journal", "wal."))
    return path.parent == log.parent and path.name.startswith(several)


def _same(path: Path, known: Path) -> bool:
    with suppress(OSError):  # one of them is not there
        return path.samefile(known)  # also by a second name of the same file
    return path == known


def _real(path: Path | str) -> Path:
    with suppress(OSError, RuntimeError):  # a link to itself, a user that is not there
        return Path(path).expanduser().resolve()
    return Path(path).absolute()
