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

from archwright.store.chain import hash_row, is_unbroken
from archwright.store.errors import JournalIsDamaged
from archwright.store.log import EventBatch, EventRow, Position

PACKED_BYTES = 2_000  # parts that are longer as JSON are packed
UNPACKED_BYTES = 1 << 26  # and those that are longer than this are not: a short line never becomes more than that
_MALFORMED = (ValueError, LookupError, TypeError, RecursionError, zlib.error)  # what a line that is none may raise
_COLUMN_TYPES = ({int}, {float}, {str}, {int, type(None)}, {str}, {str})  # of the fields of a row


@frozen
class JournalEntry:
    """One append, as a line of the journal at `path` has it."""

    path: Path
    events: int  # how many the log holds with it
    heads: Mapping[str, Position]  # where its runs stood after it; the last is that of its last event
    content: Mapping[str, Any]  # the line
    open: bool  # whether a kill may have kept it from the log

    def parts(self) -> list[EventBatch]:
        """What was appended; raises JournalIsDamaged where it is not what was written."""
        content = self.content
        try:
            parts = content["parts"] if "parts" in content else json.loads(_unpack(content["packed"]))
            written = [_batch_from_json(part) for part in parts]
            if {part.run: part.position for part in written} != self.heads:
                raise ValueError(written)
        except _MALFORMED as error:
            raise explain_damage(
                self.path, f"its line that ends with event {self.events} is not what was written"
            ) from error
        return written


def explain_damage(path: Path, what: str) -> JournalIsDamaged:
    """The error for a journal at `path` of which that must be said."""
    return JournalIsDamaged(f"{path} is damaged: {what}{JournalIsDamaged.REMEDY}")


def parse_line(path: Path, line: bytes) -> JournalEntry:
    """The append that a line says, of which the parts are still to be looked at; raises JournalIsDamaged."""
    try:
        content = json.loads(line)
        heads = {
            _require_text(run): Position(_require_integer(seq), _require_text(chain))
            for run, seq, chain in content["heads"]
        }
        if not heads:
            raise ValueError(content)
        return JournalEntry(path, _require_integer(content["events"]), heads, content, not line.endswith(b"\n"))
    except _MALFORMED as error:
        raise explain_damage(path, f"{line[:40]!r} is no line of a journal") from error


def format_line(parts: Sequence[EventBatch], before: int) -> bytes:
    """The line, without its line break, of an append to a log of `before` events."""
    heads = [[part.run, part.position.seq, part.position.chain] for part in parts]
    known = {"events": before + sum(len(part.rows) for part in parts), "heads": heads}
    content = [_batch_to_json(part) for part in parts]
    text = dump_json(content)
    if PACKED_BYTES < len(text) <= UNPACKED_BYTES:
        return dump_json({**known, "packed": base64.b64encode(zlib.compress(text)).decode()})
    return dump_json({**known, "parts": content})


def dump_json(value: object) -> bytes:
    """A value as a line of the journal has it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _batch_to_json(part: EventBatch) -> dict[str, Any]:
    """A part as JSON: without the numbers and hashes of its rows, if these follow from where the part goes on."""
    after, rows = part.after, part.rows
    named = {"run": part.run, "after": [after.seq, after.chain]}
    if not is_unbroken(part):
        return {**named, "rows": rows}
    _, times, kinds, trials, payloads, chains = zip(*rows, strict=True)
    return {**named, "time": times, "kind": kinds, "trial": trials, "payload": payloads, "chain": chains[-1]}


def _batch_from_json(part: Mapping[str, Any]) -> EventBatch:
    run, (seq, chain) = _require_text(part["run"]), part["after"]
    after = Position(_require_integer(seq), _require_text(chain))
    if "rows" in part:
        return EventBatch(run, after, _require_storable([EventRow(*row) for row in part["rows"]]))
    columns = zip(part["time"], part["kind"], part["trial"], part["payload"], strict=True)
    rows = _require_storable(
        [EventRow(seq, *each, "") for seq, each in enumerate(columns, start=after.seq + 1)], chained=False
    )
    for place, row in enumerate(rows):
        chain = hash_row(chain, run, row)
        rows[place] = row._replace(chain=chain)
    if chain != part["chain"]:
        raise ValueError(chain)
    return EventBatch(run, after, rows)


def _require_storable(rows: list[EventRow], *, chained: bool = True) -> list[EventRow]:
    """The rows, of which there are some, if the table of events can hold them; `chained` where they have their hashes.

    Whether a payload is JSON is for DuckDB to say, which does it faster.
    """
    columns = list(zip(*rows, strict=True))
    if len(columns) != len(_COLUMN_TYPES) or not all(
        set(map(type, c)) <= t for c, t in zip(columns, _COLUMN_TYPES, strict=True)
    ):
        raise TypeError(rows[:1])
    if any(map(math.isnan, columns[1])):
        raise ValueError(rows[:1])
    _require_64_bits(columns[0])
    _require_64_bits(trial for trial in columns[3] if trial is not None)
    if chained and not all(re.fullmatch("[0-9a-f]{32}", chain) for chain in columns[5]):
        raise ValueError(rows[0])
    "".join(map("".join, (columns[2], columns[4]))).encode()  # half of a character is no text
    return rows


def _require_64_bits(numbers: Iterable[int]) -> None:
    if any(not -(2**63) <= number < 2**63 for number in numbers):
        raise ValueError(numbers)


def _require_integer(value: object) -> int:
    if type(value) is not int:
        raise TypeError(value)
    _require_64_bits([value])
    return value


def _require_text(value: object) -> str:
    if type(value) is not str:
        raise TypeError(value)
    value.encode()
    return value


def _unpack(text: str) -> bytes:
    stream = zlib.decompressobj()
    content = stream.decompress(base64.b64decode(text), UNPACKED_BYTES + 1)
    if not stream.eof or len(content) > UNPACKED_BYTES:
        raise ValueError(content[:40])
    return content
