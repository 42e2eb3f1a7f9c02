"""Where a log lies, and its sidecars: the files and folders beside it that belong to it and begin with its name."""

import itertools
import stat
from contextlib import suppress
from pathlib import Path
from shlex import quote
from typing import Literal

from archwright.core.errors import to_one_line
from archwright.store.errors import LogIsFolder, LogMissing, NotALog
from archwright.store.suggestions import suggest_listing

Mode = Literal["read", "write", "create"]  # what a log is opened for
Suffix = Literal["wal", "undo", "journal", "locks", "artifacts", "damaged"]
WAL_SUFFIXES = ("wal", "wal.checkpoint", "wal.recovery")  # of DuckDB's write-ahead files
SIDECAR_FILES: dict[Suffix, str] = {
    "wal": "what DuckDB has committed and not yet written into the log",
    "undo": "what a writer of the first release kept while it wrote the log",
    "journal": "every event, a line an append",
    "damaged": "a log that DuckDB refused, and that was rebuilt from the journal; and what belonged to it",
}
SIDECAR_FOLDERS: dict[Suffix, str] = {
    "locks": "one lock a run",
    "artifacts": "what is kept of the trials",
}


def resolve_log(path: Path, mode: Mode = "read") -> Path:
    """The absolute `path` of a log without links, if a log can be there.

    Raises LogMissing where there is none to "read" or "write", or no folder to "create" it in; LogIsFolder, NotALog.
    """
    original = path
    try:
        path = path.expanduser().resolve()
        file_mode = _read_file_mode(path)
    except (OSError, RuntimeError, ValueError) as error:
        # A link to itself, an unknown user, a working directory that is gone, a character that no name of a file has.
        reason = getattr(error, "strerror", None) or error
        raise NotALog(
            f"{to_one_line(str(original))} leads to no file ({reason}); name another one with --log (log= in Python)"
        ) from error
    if any("\udc80" <= character <= "\udcff" for character in str(path)):  # Python's, for bytes that are none of UTF-8
        raise NotALog(
            f"{to_one_line(str(path))} has a name that is not UTF-8, and DuckDB opens no such file; name another one "
            "with --log (log= in Python)"
        )
    if file_mode is not None and stat.S_ISDIR(file_mode):
        file = path / "archwright.duckdb"
        raise LogIsFolder(
            f"{path} is a folder; name a file in it, as in --log {quote(str(file))} (log={str(file)!r} in Python)"
        )
    if file_mode is not None and not stat.S_ISREG(file_mode):
        raise NotALog(
            f"{path} is a device, a pipe or a socket, and a log is a file; name one with --log (log= in Python)"
        )
    if mode == "create" and not path.parent.is_dir():
        raise LogMissing(f"the folder {path.parent} is not there; make it with mkdir -p {quote(str(path.parent))}")
    if mode != "create" and file_mode is None:
        raise LogMissing(
            f"there is no log {path}; archwright search starts one (aw.search in Python), "
            "--log FILE (log= in Python) names another"
        )
    return path


def _read_file_mode(path: Path) -> int | None:
    """The type and permissions of the file at `path`; None if there is no file."""
    try:
        return path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None


def locate_sidecar(log: Path, suffix: Suffix) -> Path:
    """The sidecar of the log at `log` with that suffix, a file or a folder, whether it exists or not."""
    return log.with_name(f"{log.name}.{suffix}")


def locate_wal_files(log: Path) -> list[Path]:
    """DuckDB's write-ahead files of the log at `log`, whether they exist or not."""
    return [log.with_name(f"{log.name}.{suffix}") for suffix in WAL_SUFFIXES]


def choose_damaged_path(log: Path, ending: str = "") -> Path:
    """A free path under which to keep a damaged file of the log at `log`; `ending` says what it is, as in `.wal`."""
    damaged = locate_sidecar(log, "damaged")
    numbers = itertools.chain([""], (f"-{number}" for number in itertools.count(2)))
    paths = (damaged.with_name(f"{damaged.name}{number}{ending}") for number in numbers)
    return next(path for path in paths if not path.exists())


def belongs_to(log: Path | str, path: Path | str) -> bool:
    """Whether `path` is the log at `log` or one of its sidecars, or lies in one of these.

    Links are followed, and neither path need exist: a command must not write its output onto any of them.
    """
    log, path = _resolve(log), _resolve(path)
    return _is_log_or_sidecar_file(log, path) or any(
        locate_sidecar(log, suffix) in (path, *path.parents) for suffix in SIDECAR_FOLDERS
    )


def _is_log_or_sidecar_file(log: Path, path: Path) -> bool:
    if any(_is_same_file(path, known) for known in (log, *(locate_sidecar(log, suffix) for suffix in SIDECAR_FILES))):
        return True
    # There may be several of these, each with a number or an ending of its own.
    prefixes = tuple(f"{log.name}.{suffix}" for suffix in ("damaged", "journal", "wal."))
    return path.parent == log.parent and path.name.startswith(prefixes)


def _is_same_file(path: Path, known: Path) -> bool:
    with suppress(OSError):  # one of them does not exist
        return path.samefile(known)  # also under a second name of the same file
    return path == known


def _resolve(path: Path | str) -> Path:
    with suppress(OSError, RuntimeError):  # a link to itself, an unknown user
        return Path(path).expanduser().resolve()
    return Path(path).absolute()


def suggest_remedy(path: Path, without_journal: str) -> str:
    """What a person can do about a file at `path` that is no log: have it rebuilt from its journal.

    Where there is none, it is what `without_journal` says.
    """
    journal = locate_sidecar(path, "journal")
    if not journal.exists():
        return without_journal
    return f"move it away, and make it anew from its journal {journal} with: {suggest_listing(path)}"
