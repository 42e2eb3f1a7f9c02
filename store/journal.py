"""The log's journal: a text beside it with a line an append, which is on the disk before DuckDB's file is written.

So from the journal the file can be made anew, whatever happened to it, and what is gone from the file's end is known.
A line gets its line break once DuckDB has committed it: a kill leaves at worst a last line without one. If that is
torn it is dropped; if it is whole the file takes it in. Neither was acknowledged. A line holds how many events there
are with it, where its runs stand then, and all of the append, each run's part as columns:

    {"events": 2, "heads": [["a-1", 2, HASH]], "parts": [{"run": "a-1", "after": [0, ""], "time": [TIME, TIME],
    "kind": ["RunStarted", "Proposed"], "trial": [null, 0], "payload": [JSON, JSON], "chain": HASH}]}

Of the hashes only a part's last one is there, since the others follow; long parts are packed, by zlib in base64.
"""

import base64
import json
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from attrs import frozen

from archwright.store.artifacts import settle_names
from archwright.store.beside import beside
from archwright.store.chain import follows, link
from archwright.store.errors import JournalIsDamaged, LogIsNewer
from archwright.store.failure import explain
from archwright.store.log import Position, Row, Written

FORM = 1  # of the lines; a journal of a later one is refused
_HEADER = "archwright journal"
_BEGINNING = f'{{"{_HEADER}":'.encode()
_PACKED_BYTES = 2_000  # parts that are longer as JSON are packed
_INSERTED_ROWS = 10_000
_TAIL_BYTES = 65_536  # read at first, to find the last line


@frozen
class Entry:
    """One append, as a line of the journal at `path` has it."""

    path: Path
    events: int  # how many the log holds with it
    heads: Mapping[str, Position]  # where its runs stood after it; the last is that of its last event
    content: Mapping[str, Any]  # the line
    open: bool  # whether a kill may have kept it from the log

    def parts(self) -> list[Written]:
        """What was appended; raises JournalIsDamaged where it is not what was written."""
        content = self.content
        try:
            parts = content["parts"] if "parts" in content else json.loads(_unpacked(content["packed"]))
            return [_part(part) for part in parts]
        except (ValueError, LookupError, TypeError, zlib.error) as error:
            raise damaged(self.path, f"its line that ends with event {self.events} is not what was written") from error


@frozen
class Tail:
    """Where a journal ends."""

    entry: Entry | None  # its last line; None if it holds no event
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


def journal_file(log: Path) -> Path:
    """The journal of the log at `log`, which may be there or not."""
    return beside(log, "journal")


def tail(path: Path) -> Tail | None:
    """How the journal at `path` ends, None if there is no such file; raises JournalIsDamaged, LogIsNewer."""
    try:
        with _opened(path) as file:
            _check_form(path, file.readline())
            return _tail(path, file)
    except JournalIsDamaged:
        raise
    except FileNotFoundError:
        return None
    except OSError as error:
        raise explain(error, path) from error


def entries(path: Path, end: int | None = None) -> Iterator[Entry]:
    """The appends in the journal at `path`, from the first to its byte `end`; raises JournalIsDamaged at no such line.

    Without `end`, all of them.
    """
    try:
        with _opened(path) as file:
            _check_form(path, file.readline())
            while end is None or file.tell() < end:
                line = file.readline()
                if line.endswith(b"\n"):
                    yield _entry(path, line)
                else:  # there is no more, or a kill came in between
                    yield from _last(path, line)
                    return
    except JournalIsDamaged:
        raise
    except OSError as error:
        raise explain(error, path) from error


def heads(path: Path) -> dict[str, Position]:
    """Where each run stands by the journal at `path`, which is read from its beginning; raises as `entries` does."""
    found = dict[str, Position]()
    for entry in entries(path):
        found |= entry.heads
    return found


def by_size(appends: Iterable[Entry]) -> Iterator[list[Written]]:
    """What was appended, in lists of some ten thousand rows: so are they inserted fastest."""
    parts, rows = list[Written](), 0
    for entry in appends:
        new = entry.parts()
        parts += new
        rows += sum(len(part.rows) for part in new)
        if rows >= _INSERTED_ROWS:
            yield parts
            parts, rows = [], 0
    if parts:
        yield parts


def append(path: Path, parts: Sequence[Written]) -> None:
    """Bring `parts` to the disk behind what the journal at `path` holds, all or nothing; the log must be held.

    The line stays open until `close`, or the next one.
    """
    known = tail(path)
    if known is None:
        raise damaged(path, "it is gone")
    try:
        with path.open("r+b", buffering=0) as file:
            file.truncate(known.end)
            file.seek(known.end)
            try:
                left = memoryview(b"\n" + _line(parts, known.events))
                while left:  # a disk that is nearly full takes a part
                    left = left[file.write(left) :]
                os.fsync(file.fileno())
            except OSError:
                file.truncate(known.end)  # for which a full disk has room
                raise
    except OSError as error:
        raise explain(error, path.with_suffix("")) from error


def close(path: Path) -> None:
    """End the last line: the log has it, as far as processes that are killed are concerned."""
    with suppress(OSError), path.open("ab") as file:  # left open, it is taken for one that the log may lack
        file.write(b"\n")


def begin(path: Path, appends: Iterable[Sequence[Written]]) -> None:
    """Make the journal at `path`, whole or not at all, with what the log holds already; the log must be held."""
    draft, events = path.with_name(f"{path.name}.draft"), 0
    try:
        with draft.open("wb") as file:
            file.write(_json({_HEADER: FORM}) + b"\n")
            for parts in appends:
                file.write(_line(parts, events) + b"\n")
                events += sum(len(part.rows) for part in parts)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        settle_names(path.parent)
    except OSError as error:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise explain(error, path.with_suffix("")) from error


def damaged(path: Path, what: str) -> JournalIsDamaged:
    """The error for a journal at `path` of which that must be said."""
    return JournalIsDamaged(f"{path} is damaged: {what}; move it away, and the next search begins it anew")


def is_journal(path: Path) -> bool:
    """Whether the file at `path` begins as a journal does, of whatever form."""
    with suppress(OSError, JournalIsDamaged), _opened(path) as file:
        return file.read(len(_BEGINNING)) == _BEGINNING
    return False


def _opened(path: Path) -> BinaryIO:
    """The journal at `path` to be read; a pipe under its name would be waited for without end."""
    if path.exists() and not path.is_file():
        raise damaged(path, "it is no file")
    return path.open("rb")


def _tail(path: Path, file: BinaryIO) -> Tail:
    """The end, sought from behind; the header has been read."""
    header, size, length = file.tell() - 1, file.seek(0, os.SEEK_END), _TAIL_BYTES
    while True:
        start = max(header, size - length)
        file.seek(start)
        _, *lines = file.read(size - start).split(b"\n")  # the first is cut, or nothing before the header's line break
        for entry in _last(path, lines[-1]) if lines else ():
            return Tail(entry, size)
        if len(lines) > 1:
            return Tail(_entry(path, lines[-2] + b"\n"), size - len(lines[-1]) - 1)
        if start == header:
            return Tail(None, header)
        length *= 4


def _check_form(path: Path, header: bytes) -> None:
    try:
        form = json.loads(header)[_HEADER]
    except (ValueError, LookupError, TypeError) as error:
        raise damaged(path, "its first line is not that of a journal") from error
    if form != FORM:
        raise LogIsNewer(
            f"{path} is of form {form}, and this archwright knows form {FORM}; "
            "upgrade it with: pip install -U archwright"
        )


def _entry(path: Path, line: bytes) -> Entry:
    try:
        content = json.loads(line)
        heads = {run: Position(seq, chain) for run, seq, chain in content["heads"]}
        return Entry(path, content["events"], heads, content, not line.endswith(b"\n"))
    except (ValueError, LookupError, TypeError) as error:
        raise damaged(path, f"{line[:40]!r} is no line of a journal") from error


def _last(path: Path, line: bytes) -> list[Entry]:
    """The entry in a last line without a line break, if it is whole: no part of a line is JSON."""
    with suppress(JournalIsDamaged):
        return [_entry(path, line)]
    return []


def _line(parts: Sequence[Written], before: int) -> bytes:
    """The line of an append to a log of `before` events."""
    heads = [[part.run, part.position.seq, part.position.chain] for part in parts]
    known = {"events": before + sum(len(part.rows) for part in parts), "heads": heads}
    content = [_columns(part) for part in parts]
    text = _json(content)
    if len(text) > _PACKED_BYTES:
        return _json({**known, "packed": base64.b64encode(zlib.compress(text)).decode()})
    return _json({**known, "parts": content})


def _columns(part: Written) -> dict[str, Any]:
    """A part as JSON: without the numbers and hashes of its rows, if these follow from where the part goes on."""
    after, rows = part.after, part.rows
    named = {"run": part.run, "after": [after.seq, after.chain]}
    if not follows(part):
        return {**named, "rows": rows}
    _, times, kinds, trials, payloads, chains = zip(*rows, strict=True)
    return {**named, "time": times, "kind": kinds, "trial": trials, "payload": payloads, "chain": chains[-1]}


def _part(part: Mapping[str, Any]) -> Written:
    run, (seq, chain) = part["run"], part["after"]
    after, rows = Position(seq, chain), list[Row]()
    if "rows" in part:
        return Written(run, after, [Row(*row) for row in part["rows"]])
    for columns in zip(part["time"], part["kind"], part["trial"], part["payload"], strict=True):
        seq += 1
        row = Row(seq, *columns, "")
        chain = link(chain, run, row)
        rows.append(row._replace(chain=chain))
    if chain != part["chain"]:
        raise ValueError(chain)
    return Written(run, after, rows)


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _unpacked(text: str) -> bytes:
    return zlib.decompress(base64.b64decode(text))
