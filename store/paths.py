"""Undoing what a kill of the first release's writer has left: it kept in a file what its checkpoint overwrote.

DuckDB overwrites its metadata where it stands: a process that is killed within that leaves a file whose checksums are
wrong. Today the log is made anew from its journal; a log of that release has none yet, and this file instead. Whoever
finds it, and nobody at work on the log, puts the blocks back if the headers are still those of before. What had been
committed is then in the write-ahead file.
"""

import itertools
import stat
from contextlib import suppress
from pathlib import Path
from shlex import quote
from typing import Literal

from archwright.core.errors import suggest_command
from archwright.store.errors import LogIsFolder, LogMissing, NotALog

Mode = Literal["read", "write", "create"]
Suffix = Literal["wal", "undo", "journal", "locks", "artifacts", "damaged"]
WAL_SUFFIXES = ("wal", "wal.checkpoint", "wal.recovery")  # how the names of DuckDB's write-ahead files end
SIDECAR_FILES: dict[Suffix, str] = {
    "wal": "what DuckDB has committed and not yet written into the log",
    "undo": "what a writer of the first release kept while it wrote the log",
    "journal": "every event, a line an append",
    "damaged": "a log that DuckDB refused, and that was made anew from the journal; and what belonged to it",
}
SIDECAR_FOLDERS: dict[Suffix, str] = {
    "locks": "one lock a run",
    "artifacts": "what is kept of the trials",
}


def resolve_log(path: Path, mode: Mode = "read") -> Path:
    """`path` without links and detours, if a log can be there."""
    given = path
    try:
        path = path.expanduser().resolve()
        kind = _read_mode(path)
    except (OSError, RuntimeError) as error:  # a link that goes round, a user or a working directory that is not there
        said = getattr(error, "strerror", None) or error
        raise NotALog(f"{given} leads to no file ({said}); name another one with --log") from error
    if kind is not None and stat.S_ISDIR(kind):
        raise LogIsFolder(
            f"{path} is a folder; name a file in it, as in --log {quote(str(path / 'archwright.duckdb'))}"
        )
    if kind is not None and not stat.S_ISREG(kind):
        raise NotALog(f"{path} is a device, a pipe or a socket, and a log is a file; name one with --log")
    if mode == "create" and not path.parent.is_dir():
        raise LogMissing(f"the folder {path.parent} is not there; make it with mkdir -p {quote(str(path.parent))}")
    if mode != "create" and kind is None:
        raise LogMissing(f"there is no log {path}; archwright search starts one, --log FILE names another")
    return path


def _read_mode(path: Path) -> int | None:
    """Of the file that is there, if one is."""
    try:
        return path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None


def locate_sidecar(log: Path, suffix: Suffix) -> Path:
    """The file or folder of that kind of the log at `log`, whether it is there or not."""
    return log.with_name(f"{log.name}.{suffix}")


def locate_wal_files(log: Path) -> list[Path]:
    """DuckDB's write-ahead files of a log at `log`, whether they are there or not."""
    return [log.with_name(f"{log.name}.{end}") for end in WAL_SUFFIXES]


def find_free_damaged_name(log: Path, ending: str = "") -> Path:
    """A name that is free for a file of the log at `log` that is damaged; it ends with what the file is, as `.wal`."""
    damaged = locate_sidecar(log, "damaged")
    numbers = itertools.chain([""], (f"-{number}" for number in itertools.count(2)))
    names = (damaged.with_name(f"{damaged.name}{number}{ending}") for number in numbers)
    return next(name for name in names if not name.exists())


def belongs_to(log: Path | str, path: Path | str) -> bool:
    """Whether `path` is the log at `log`, or one of the files and folders that belong to it, or lies in one of these.

    Links are followed, and neither need be there: a command must not write its output onto any of them.
    """
    log, path = _resolve(log), _resolve(path)
    return _is_log_or_file(log, path) or any(
        locate_sidecar(log, folder) in (path, *path.parents) for folder in SIDECAR_FOLDERS
    )


def _is_log_or_file(log: Path, path: Path) -> bool:
    if any(_is_same_file(path, known) for known in (log, *(locate_sidecar(log, file) for file in SIDECAR_FILES))):
        return True
    # Several of these may lie there, each with a number or an ending of its own.
    several = tuple(f"{log.name}.{suffix}" for suffix in ("damaged", "journal", "wal."))
    return path.parent == log.parent and path.name.startswith(several)


def _is_same_file(path: Path, known: Path) -> bool:
    with suppress(OSError):  # one of them is not there
        return path.samefile(known)  # also by a second name of the same file
    return path == known


def _resolve(path: Path | str) -> Path:
    with suppress(OSError, RuntimeError):  # a link to itself, a user that is not there
        return Path(path).expanduser().resolve()
    return Path(path).absolute()


def suggest_remedy(path: Path, without_journal: str) -> str:
    """What to do about a file at `path` that is no log any more: it is made anew from its journal, if that is there."""
    journal = locate_sidecar(path, "journal")
    if not journal.exists():
        return without_journal
    return f"move it away, and make it anew from its journal {journal} with: {suggest_command(path, 'runs')}"
