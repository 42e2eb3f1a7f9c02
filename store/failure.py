"""What DuckDB's complaints about a file mean to a person."""

import re
from pathlib import Path

import duckdb

from archwright.core.errors import ArchwrightError
from archwright.core.suggestion import command
from archwright.store.beside import beside
from archwright.store.errors import LogFailed, LogIsFull, LogIsNewer, LogIsTorn, LogUnwritable, NotADatabase

_BUSY = ("Could not set lock", "Unique file handle conflict", "used by another process")

# DuckDB tells most of these situations apart by their words only.
_MEANINGS: tuple[tuple[tuple[str, ...], type[ArchwrightError], str], ...] = (
    (("not a valid DuckDB database",), NotADatabase, "is not a DuckDB file; name another one with --log"),
    (("version number",), LogIsNewer, "was written by a newer DuckDB; upgrade with: pip install -U duckdb"),
    (
        ("No space left", "File too large", "quota exceeded"),
        LogIsFull,
        "cannot grow, the disk is full; make room (nothing acknowledged is lost) and go on with: {resume}",
    ),
    (
        ("Permission denied", "Read-only file system", "Operation not permitted"),
        LogUnwritable,
        "cannot be opened; give yourself the right to its folder and to it, or name another file with --log",
    ),
    (
        ("WAL does not match",),
        LogIsTorn,
        "stands beside the write-ahead file of another log (its name and .wal); move that one away",
    ),
    (
        ("Could not read enough bytes", "orrupt", "checksum", "erializ", "INTERNAL Error", "replaying WAL"),
        LogIsTorn,
        "is torn or damaged; put a backup in its place",
    ),
)


def is_busy(error: duckdb.Error) -> bool:
    """Whether another process, or another thread of this one, holds the file."""
    return any(sign in str(error) for sign in _BUSY)


def holder(error: duckdb.Error) -> str:
    """Who holds the file, as far as DuckDB knows."""
    match = re.search(r"held in (\S*) ?\(PID (\d+)\)", str(error))
    return f"process {match[2]} ({match[1]})" if match else "another process or thread"


def explain(error: duckdb.Error | OSError, path: Path) -> ArchwrightError:
    """The error of ours that says what `error` means for the log at `path`."""
    said = " ".join(str(error).split())
    without_places = said.replace(str(path), "").replace(str(path.parent), "")  # a folder may be named corruptions
    for signs, kind, meaning in _MEANINGS:
        if any(sign in without_places for sign in signs):
            return kind(f"{path} {meaning.format(resume=command(path, 'resume'))} ({said[:300]})")
    return LogFailed(f"{path} cannot be used: {said}")


def remedy(path: Path, without_journal: str) -> str:
    """What to do about a file at `path` that is no log any more: it is made anew from its journal, if that is there."""
    journal = beside(path, "journal")
    if not journal.exists():
        return without_journal
    return f"move it away, and make it anew from its journal {journal} with: {command(path, 'runs')}"
