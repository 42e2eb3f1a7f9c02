"""The log's journal: a text beside it with a line an append, which is on the disk before DuckDB's file is written.

So from the journal the file can be made anew, whatever happened to it, and what is gone from the file's end is known.
A line gets its line break once DuckDB has committed it: a kill leaves at worst a last line without one. If that is
torn it is dropped; if it is whole the file takes it in. Neither was acknowledged.
"""

import json
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from attrs import frozen

from archwright.store.atomic import write_atomically
from archwright.store.errors import JournalIsDamaged, LogIsNewer, explain_failure
from archwright.store.journal_entry import (
    JournalEntry,
    dump_json,
    explain_damage,
    format_line,
    parse_line,
)
from archwright.store.log import START, EventBatch, Position
from archwright.store.paths import locate_sidecar

JOURNAL_FORM = 1  # of the lines; a journal of a later one is refused
_HEADER = "archwright journal"
_BEGINNING = f'{{"{_HEADER}":'.encode()
_TAIL_BYTES = 65_536  # read at first, to find the last line


@frozen
class JournalTail:
    """Where a journal ends."""

    entry: JournalEntry | None  # its last line; None if it holds no event
    end: int  # in bytes, without a last line break; what stands behind was torn by a kill

    @property
    def events(self) -> int:
        """How many events the journal knows."""
        return self.entry.events if self.entry else 0

    @property
    def acknowledged(self) -> int:
        """How many of them whoever appended them was promised."""
        last = self.entry.parts() if self.entry and self.open else ()
        return self.events - sum(len(part.rows) for part in last)

    @property
    def open(self) -> bool:
        """Whether the log may lack the last line, as a kill came in between."""
        return self.entry is not None and self.entry.open


def locate_journal(log: Path) -> Path:
    """The journal of the log at `log`, which may be there or not."""
    return locate_sidecar(log, "journal")


def read_tail(path: Path) -> JournalTail | None:
    """How the journal at `path` ends, None if there is no such file; raises JournalIsDamaged, LogIsNewer."""
    try:
        with _open_journal(path) as file:
            _check_header(path, file.readline())
            return _find_tail(path, file)
    except JournalIsDamaged:
        raise
    except FileNotFoundError:
        return None
    except OSError as error:
        raise explain_failure(error, path) from error


def read_entries(path: Path, end: int | None = None) -> Iterator[JournalEntry]:
    """The appends in the journal at `path`, from the first to its byte `end`; raises JournalIsDamaged at no such line.

    Without `end`, all of them.
    """
    try:
        with _open_journal(path) as file:
            _check_header(path, file.readline())
            while end is None or file.tell() < end:
                line = file.readline()
                if line.endswith(b"\n"):
                    yield parse_line(path, line)
                else:  # there is no more, or a kill came in between
                    yield from _parse_last(path, line)
                    return
    except JournalIsDamaged:
        raise
    except OSError as error:
        raise explain_failure(error, path) from error


def read_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines of the journal at `path` by their numbers, whatever they say; the first only if it is not a journal's.

    A last line that was torn is none. Raises LogIsNewer.
    """
    try:
        with _open_journal(path) as file:
            header = file.readline()
            try:
                _check_header(path, header)
            except JournalIsDamaged:
                yield 1, header
            for number, line in enumerate(file, start=2):
                if line.endswith(b"\n") or _parse_last(path, line):
                    yield number, line
    except JournalIsDamaged:
        raise
    except OSError as error:
        raise explain_failure(error, path) from error


def read_chained_entries(path: Path, end: int | None = None) -> Iterator[tuple[JournalEntry, list[EventBatch]]]:
    """As `read_entries`, each with its batches; raises JournalIsDamaged where one does not follow from those before."""
    stands = dict[str, Position]()
    for entry in read_entries(path, end):
        parts = entry.parts()
        for part in parts:
            if part.after != stands.get(part.run, START):
                raise explain_damage(path, f"event {part.after.seq + 1} of {part.run} does not follow in it")
            stands[part.run] = part.position
        yield entry, parts


def read_journal_heads(path: Path) -> dict[str, Position]:
    """Where each run stands by the journal at `path`, all of which is read; raises as `read_chained_entries` does."""
    found = dict[str, Position]()
    for entry, _ in read_chained_entries(path):
        found |= entry.heads
    return found


def append_entry(path: Path, parts: Sequence[EventBatch]) -> None:
    """Bring `parts` to the disk behind what the journal at `path` holds, all or nothing; the log must be held.

    The line stays open until `close_entry`, or the next one.
    """
    known = read_tail(path)
    if known is None:
        raise explain_damage(path, "it is gone")
    try:
        with path.open("r+b", buffering=0) as file:
            end = known.end if known.open else known.end + 1  # the line before is ended, if the log has it
            file.truncate(end)
            file.seek(end)
            try:
                left = memoryview(b"\n" * known.open + format_line(parts, known.events))
                while left:  # a disk that is nearly full takes a part
                    left = left[file.write(left) :]
                os.fsync(file.fileno())
            except OSError:
                file.truncate(end)  # for which a full disk has room
                raise
    except OSError as error:
        raise explain_failure(error, path.with_suffix("")) from error


def close_entry(path: Path) -> None:
    """End the last line: the log has it, as far as processes that are killed are concerned."""
    with suppress(OSError), path.open("ab") as file:  # left open, it is taken for one that the log may lack
        file.write(b"\n")


def write_journal(path: Path, appends: Iterable[Sequence[EventBatch]], like: Path | None = None) -> None:
    """Make the journal at `path`, whole or not at all, with what the log holds already; the log must be held.

    Who may read and write the log, or the file `like`, may do so with its journal.
    """
    events = 0
    try:
        with write_atomically(path, path.with_name(f"{path.name}.draft")) as file:
            with suppress(FileNotFoundError):  # there is no log yet
                os.fchmod(file.fileno(), stat.S_IMODE((like or path.with_suffix("")).stat().st_mode))
            file.write(dump_json({_HEADER: JOURNAL_FORM}) + b"\n")
            for parts in appends:
                file.write(format_line(parts, events) + b"\n")
                events += sum(len(part.rows) for part in parts)
    except OSError as error:
        raise explain_failure(error, path.with_suffix("")) from error


def is_journal(path: Path) -> bool:
    """Whether the file at `path` begins as a journal does, of whatever form."""
    with suppress(OSError, JournalIsDamaged), _open_journal(path) as file:
        return file.read(len(_BEGINNING)) == _BEGINNING
    return False


def _open_journal(path: Path) -> BinaryIO:
    """The journal at `path` to be read; a pipe under its name would be waited for without end.

    A link, which may have come with a stranger's log, would have what is appended written into another log's journal.
    """
    if path.is_symlink():
        raise explain_damage(path, "it is a link, which may lead to the journal of another log")
    if path.exists() and not path.is_file():
        raise explain_damage(path, "it is no file")
    return path.open("rb")


def _find_tail(path: Path, file: BinaryIO) -> JournalTail:
    """The end, sought from behind; the header has been read."""
    header, size, length = file.tell() - 1, file.seek(0, os.SEEK_END), _TAIL_BYTES
    while True:
        start = max(header, size - length)
        file.seek(start)
        _, *lines = file.read(size - start).split(b"\n")  # the first is cut, or nothing before the header's line break
        for entry in _parse_last(path, lines[-1]) if lines else ():
            return JournalTail(entry, size)
        if len(lines) > 1:
            return JournalTail(parse_line(path, lines[-2] + b"\n"), size - len(lines[-1]) - 1)
        if start == header:
            return JournalTail(None, header)
        length *= 4


def _check_header(path: Path, header: bytes) -> None:
    try:
        form = json.loads(header)[_HEADER]
        if not header.endswith(b"\n") or type(form) is not int or form < JOURNAL_FORM:
            raise ValueError(form)
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise explain_damage(path, "its first line is not that of a journal") from error
    if form > JOURNAL_FORM:
        raise LogIsNewer(
            f"{path} is of form {form}, and this archwright knows form {JOURNAL_FORM}; "
            "upgrade it with: pip install -U archwright"
        )


def _parse_last(path: Path, line: bytes) -> list[JournalEntry]:
    """The entry in a last line without a line break, if it is whole: no part of a line is JSON."""
    with suppress(JournalIsDamaged):
        return [parse_line(path, line)]
    return []
