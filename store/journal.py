"""The log's journal: a text file beside it with a line an append, which is on the disk before DuckDB's file is written.

So the log can be rebuilt from the journal whatever happened to it, and what is missing from its end is known. A line
gets its line break once DuckDB has committed the append: a kill leaves at worst a last line without one. If that line
is torn it is dropped; if it is whole the log takes it in. Neither append was acknowledged.
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

JOURNAL_FORM = 1  # the version of the format; a journal of a later one is refused
_HEADER = "archwright journal"
_BEGINNING = f'{{"{_HEADER}":'.encode()
_TAIL_BYTES = 65_536  # that are read at first, to find the last line


@frozen
class JournalTail:
    """The end of a journal."""

    entry: JournalEntry | None  # in its last line; None if it holds no event
    end: int  # in bytes, without a last line break; what follows was torn by a kill

    @property
    def events(self) -> int:
        """How many events the journal has."""
        return self.entry.events if self.entry else 0

    @property
    def acknowledged(self) -> int:
        """How many of them were acknowledged to whoever appended them."""
        unacknowledged = self.entry.unpack() if self.entry and self.is_open else ()
        return self.events - sum(len(batch.rows) for batch in unacknowledged)

    @property
    def is_open(self) -> bool:
        """Whether the log may lack the last append, because of a kill."""
        return self.entry is not None and self.entry.is_open


def locate_journal(log: Path) -> Path:
    """The journal of the log at `log`, whether it exists or not."""
    return locate_sidecar(log, "journal")


def read_tail(path: Path) -> JournalTail | None:
    """The end of the journal at `path`, None if there is no such file; raises JournalIsDamaged, LogIsNewer."""
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
    """The appends in the journal at `path` up to its byte `end`, or all; raises JournalIsDamaged at a bad line."""
    try:
        with _open_journal(path) as file:
            _check_header(path, file.readline())
            while end is None or file.tell() < end:
                line = file.readline()
                if line.endswith(b"\n"):
                    yield parse_line(path, line)
                else:  # the end, or a line that a kill cut short
                    yield from _parse_last(path, line)
                    return
    except JournalIsDamaged:
        raise
    except OSError as error:
        raise explain_failure(error, path) from error


def read_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines of the journal at `path` with their numbers, unchecked; the first one only if it is no journal's.

    A torn last line is left out. Raises LogIsNewer.
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
    positions = dict[str, Position]()
    for entry in read_entries(path, end):
        batches = entry.unpack()
        for batch in batches:
            if batch.after != positions.get(batch.run, START):
                raise explain_damage(path, f"event {batch.after.seq + 1} of {batch.run} does not follow in it")
            positions[batch.run] = batch.position
        yield entry, batches


def read_journal_heads(path: Path) -> dict[str, Position]:
    """Each run's last position by the journal at `path`, all of which is read; raises as `read_chained_entries`."""
    heads = dict[str, Position]()
    for entry, _ in read_chained_entries(path):
        heads |= entry.heads
    return heads


def append_entry(path: Path, batches: Sequence[EventBatch]) -> None:
    """Append a line with `batches` to the journal at `path` on the disk, all or nothing; the log must be attached.

    The line stays open until `close_entry`, or the next one.
    """
    tail = read_tail(path)
    if tail is None:
        raise explain_damage(path, "it is gone")
    try:
        with path.open("r+b", buffering=0) as file:
            end = tail.end if tail.is_open else tail.end + 1  # the line before has its line break, if the log has it
            file.truncate(end)
            file.seek(end)
            try:
                remaining = memoryview(b"\n" * tail.is_open + format_line(batches, tail.events))
                while remaining:  # a disk that is nearly full takes a part
                    remaining = remaining[file.write(remaining) :]
                os.fsync(file.fileno())
            except OSError:
                file.truncate(end)  # for which a full disk has room
                raise
    except OSError as error:
        raise explain_failure(error, path.with_suffix("")) from error


def close_entry(path: Path) -> None:
    """End the last line: the log has committed it, and a kill of the process can no longer lose it."""
    with suppress(OSError), path.open("ab") as file:  # an open line is only taken for one that the log may lack
        file.write(b"\n")


def write_journal(path: Path, appends: Iterable[Sequence[EventBatch]], like: Path | None = None) -> None:
    """Write the journal at `path`, whole or not at all, with the `appends` of the log so far; the log must be attached.

    It gets the permissions of the log, or of the file `like`.
    """
    events = 0
    try:
        with write_atomically(path, path.with_name(f"{path.name}.draft")) as file:
            with suppress(FileNotFoundError):  # the log does not exist yet
                os.fchmod(file.fileno(), stat.S_IMODE((like or path.with_suffix("")).stat().st_mode))
            file.write(dump_json({_HEADER: JOURNAL_FORM}) + b"\n")
            for batches in appends:
                file.write(format_line(batches, events) + b"\n")
                events += sum(len(batch.rows) for batch in batches)
    except OSError as error:
        raise explain_failure(error, path.with_suffix("")) from error


def is_journal(path: Path) -> bool:
    """Whether the file at `path` begins as a journal of any version does."""
    with suppress(OSError, JournalIsDamaged), _open_journal(path) as file:
        return file.read(len(_BEGINNING)) == _BEGINNING
    return False


def _open_journal(path: Path) -> BinaryIO:
    """The journal at `path`, opened for reading; raises JournalIsDamaged if it is a link or no file.

    A link, which may have come with a stranger's log, could have appends written to another log's journal, and a pipe
    would be waited for without end.
    """
    if path.is_symlink():
        raise explain_damage(path, "it is a link, which may lead to the journal of another log")
    if path.exists() and not path.is_file():
        raise explain_damage(path, "it is no file")
    return path.open("rb")


def _find_tail(path: Path, file: BinaryIO) -> JournalTail:
    """The end of the journal, sought from its last byte backwards; its header has been read from `file`."""
    header_end, size, length = file.tell() - 1, file.seek(0, os.SEEK_END), _TAIL_BYTES
    while True:
        start = max(header_end, size - length)
        file.seek(start)
        _, *lines = file.read(size - start).split(b"\n")  # the first is cut, or nothing before the header's line break
        for entry in _parse_last(path, lines[-1]) if lines else ():
            return JournalTail(entry, size)
        if len(lines) > 1:
            return JournalTail(parse_line(path, lines[-2] + b"\n"), size - len(lines[-1]) - 1)
        if start == header_end:
            return JournalTail(None, header_end)
        length *= 4


def _check_header(path: Path, header: bytes) -> None:
    """Raise JournalIsDamaged if the first line is no journal's, LogIsNewer if the format is a later one."""
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
    """The entry in a last line without a line break, if the line is whole: a part of a line is never JSON."""
    with suppress(JournalIsDamaged):
        return [parse_line(path, line)]
    return []
