"""A line of the journal: an append as JSON, which is read as if a stranger had written it.

It holds how many events there are with it, where its runs stand then, and the append, each run's part as columns:

    {"events": 2, "heads": [["a-1", 2, HASH]], "parts": [{"run": "a-1", "after": [0, ""], "time": [TIME, TIME],
    "kind": ["RunStarted", "Proposed"], "trial": [null, 0], "payload": [JSON, JSON], "chain": HASH}]}

Of the hashes only a part's last one is there, since the others follow; long parts are packed, by zlib in base64.
"""

import base64
import json
import math
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import frozen

from archwright.store.chain import follows, link
from archwright.store.errors import JournalIsDamaged
from archwright.store.log import Position, Row, Written

PACKED_BYTES = 2_000  # parts that are longer as JSON are packed
UNPACKED_BYTES = 1 << 26  # and those that are longer than this are not: a short line never becomes more than that
_WRONG = (ValueError, LookupError, TypeError, RecursionError, zlib.error)  # what a line that is none may raise
_TYPES = ({int}, {float}, {str}, {int, type(None)}, {str}, {str})  # of the fields of a row


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
            written = [_part(part) for part in parts]
            if {part.run: part.position for part in written} != self.heads:
                raise ValueError(written)
        except _WRONG as error:
            raise damaged(self.path, f"its line that ends with event {self.events} is not what was written") from error
        return written


def damaged(path: Path, what: str) -> JournalIsDamaged:
    """The error for a journal at `path` of which that must be said."""
    return JournalIsDamaged(f"{path} is damaged: {what}{JournalIsDamaged.REMEDY}")


def read_line(path: Path, line: bytes) -> Entry:
    """The append that a line says, of which the parts are still to be looked at; raises JournalIsDamaged."""
    try:
        content = json.loads(line)
        heads = {_text(run): Position(_number(seq), _text(chain)) for run, seq, chain in content["heads"]}
        if not heads:
            raise ValueError(content)
        return Entry(path, _number(content["events"]), heads, content, not line.endswith(b"\n"))
    except _WRONG as error:
        raise damaged(path, f"{line[:40]!r} is no line of a journal") from error


def write_line(parts: Sequence[Written], before: int) -> bytes:
    """The line, without its line break, of an append to a log of `before` events."""
    heads = [[part.run, part.position.seq, part.position.chain] for part in parts]
    known = {"events": before + sum(len(part.rows) for part in parts), "heads": heads}
    content = [_columns(part) for part in parts]
    text = to_json(content)
    if PACKED_BYTES < len(text) <= UNPACKED_BYTES:
        return to_json({**known, "packed": base64.b64encode(zlib.compress(text)).decode()})
    return to_json({**known, "parts": content})


def to_json(value: object) -> bytes:
    """A value as a line of the journal has it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _columns(part: Written) -> dict[str, Any]:
    """A part as JSON: without the numbers and hashes of its rows, if these follow from where the part goes on."""
    after, rows = part.after, part.rows
    named = {"run": part.run, "after": [after.seq, after.chain]}
    if not follows(part):
        return {**named, "rows": rows}
    _, times, kinds, trials, payloads, chains = zip(*rows, strict=True)
    return {**named, "time": times, "kind": kinds, "trial": trials, "payload": payloads, "chain": chains[-1]}


def _part(part: Mapping[str, Any]) -> Written:
    run, (seq, chain) = _text(part["run"]), part["after"]
    after = Position(_number(seq), _text(chain))
    if "rows" in part:
        return Written(run, after, _fitting([Row(*row) for row in part["rows"]]))
    columns = zip(part["time"], part["kind"], part["trial"], part["payload"], strict=True)
    rows = _fitting([Row(seq, *each, "") for seq, each in enumerate(columns, start=after.seq + 1)], chained=False)
    for place, row in enumerate(rows):
        chain = link(chain, run, row)
        rows[place] = row._replace(chain=chain)
    if chain != part["chain"]:
        raise ValueError(chain)
    return Written(run, after, rows)


def _fitting(rows: list[Row], *, chained: bool = True) -> list[Row]:
    """The rows, of which there are some, if the table of events can hold them; `chained` where they have their hashes.

    Whether a payload is JSON is for DuckDB to say, which does it faster.
    """
    columns = list(zip(*rows, strict=True))
    if len(columns) != len(_TYPES) or not all(set(map(type, c)) <= t for c, t in zip(columns, _TYPES, strict=True)):
        raise TypeError(rows[:1])
    if any(map(math.isnan, columns[1])):
        raise ValueError(rows[:1])
    _in_range(columns[0])
    _in_range(trial for trial in columns[3] if trial is not None)
    if chained and not all(re.fullmatch("[0-9a-f]{32}", chain) for chain in columns[5]):
        raise ValueError(rows[0])
    "".join(map("".join, (columns[2], columns[4]))).encode()  # half of a character is no text
    return rows


def _in_range(numbers: Iterable[int]) -> None:
    if any(not -(2**63) <= number < 2**63 for number in numbers):
        raise ValueError(numbers)


def _number(value: object) -> int:
    if type(value) is not int:
        raise TypeError(value)
    _in_range([value])
    return value


def _text(value: object) -> str:
    if type(value) is not str:
        raise TypeError(value)
    value.encode()
    return value


def _unpacked(text: str) -> bytes:
    stream = zlib.decompressobj()
    content = stream.decompress(base64.b64decode(text), UNPACKED_BYTES + 1)
    if not stream.eof or len(content) > UNPACKED_BYTES:
        raise ValueError(content[:40])
    return content
