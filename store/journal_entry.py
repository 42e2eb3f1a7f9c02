"""A line of the journal: an append as JSON, which is parsed as if a stranger had written it.

It holds how many events the log has with it, the positions of its runs then, and each run's batch as columns:

    {"events": 2, "heads": [["a-1", 2, HASH]], "parts": [{"run": "a-1", "after": [0, ""], "time": [TIME, TIME],
    "kind": ["RunStarted", "Proposed"], "trial": [null, 0], "payload": [JSON, JSON], "chain": HASH}]}

It has only the last hash of a batch, since the others follow; long batches are packed, by zlib in base64.
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

from archwright.core.errors import show
from archwright.store.chain import hash_row, is_unbroken
from archwright.store.errors import JournalIsDamaged
from archwright.store.log import EventBatch, EventRow, Position

PACKED_BYTES = 2_000  # batches that are longer as JSON are packed
UNPACKED_BYTES = 1 << 26  # but none longer than this: so a short line never unpacks to more
_MALFORMED = (ValueError, LookupError, TypeError, RecursionError, zlib.error)  # what a malformed line may raise
_COLUMN_TYPES = ({int}, {float}, {str}, {int, type(None)}, {str}, {str})  # of the fields of a row


@frozen
class JournalEntry:
    """One append, as a line of the journal at `path` has it."""

    path: Path
    events: int  # how many the log holds with it
    heads: Mapping[str, Position]  # of its runs after it; the last is that of its last event
    content: Mapping[str, Any]  # the line as JSON
    is_open: bool  # whether the line has no line break yet, so that a kill may have kept the append from the log

    def unpack(self) -> list[EventBatch]:
        """The batches that were appended; raises JournalIsDamaged where they are not what was written."""
        content = self.content
        try:
            columns = content["parts"] if "parts" in content else json.loads(_decompress(content["packed"]))
            batches = [_batch_from_json(each) for each in columns]
            if {batch.run: batch.position for batch in batches} != self.heads:
                raise ValueError(batches)
        except _MALFORMED as error:
            reason = f"its line that ends with event {self.events} is not what was written"
            raise explain_damage(self.path, reason) from error
        return batches


def explain_damage(path: Path, reason: str) -> JournalIsDamaged:
    """The error for the journal at `path`, which is damaged for that reason."""
    return JournalIsDamaged(f"{path} is damaged: {reason}{JournalIsDamaged.REMEDY}")


def parse_line(path: Path, line: bytes) -> JournalEntry:
    """The append in a line of the journal at `path`, its batches still packed; raises JournalIsDamaged."""
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
        raise explain_damage(path, f"{show(line, 40)} is no line of a journal") from error


def format_line(batches: Sequence[EventBatch], events_before: int) -> bytes:
    """The line, without its line break, of an append to a log of `events_before` events."""
    events = events_before + sum(len(batch.rows) for batch in batches)
    heads = [[batch.run, batch.position.seq, batch.position.chain] for batch in batches]
    header = {"events": events, "heads": heads}
    content = [_batch_to_json(batch) for batch in batches]
    text = dump_json(content)
    if PACKED_BYTES < len(text) <= UNPACKED_BYTES:
        return dump_json({**header, "packed": base64.b64encode(zlib.compress(text)).decode()})
    return dump_json({**header, "parts": content})


def dump_json(value: object) -> bytes:
    """A value as JSON, as a line of the journal has it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _batch_to_json(batch: EventBatch) -> dict[str, Any]:
    """A batch as JSON: without the numbers and hashes of its rows, if they follow from its position `after`."""
    header = {"run": batch.run, "after": [batch.after.seq, batch.after.chain]}
    if not is_unbroken(batch):
        return {**header, "rows": batch.rows}
    _, times, kinds, trials, payloads, chains = zip(*batch.rows, strict=True)
    return {**header, "time": times, "kind": kinds, "trial": trials, "payload": payloads, "chain": chains[-1]}


def _batch_from_json(content: Mapping[str, Any]) -> EventBatch:
    run, (seq, chain) = _require_text(content["run"]), content["after"]
    after = Position(_require_integer(seq), _require_text(chain))
    if "rows" in content:
        return EventBatch(run, after, _require_storable([EventRow(*row) for row in content["rows"]]))
    columns = zip(content["time"], content["kind"], content["trial"], content["payload"], strict=True)
    rows = [EventRow(seq, *fields, "") for seq, fields in enumerate(columns, start=after.seq + 1)]
    rows = _require_storable(rows, hashed=False)
    for index, row in enumerate(rows):
        chain = hash_row(chain, run, row)
        rows[index] = row._replace(chain=chain)
    if chain != content["chain"]:
        raise ValueError(chain)
    return EventBatch(run, after, rows)


def _require_storable(rows: list[EventRow], *, hashed: bool = True) -> list[EventRow]:
    """`rows`, if there are any and the table of events can hold them; `hashed` where they have their hashes already.

    Whether a payload is JSON is left to DuckDB, which checks it faster.
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
    if hashed and not all(re.fullmatch("[0-9a-f]{32}", chain) for chain in columns[5]):
        raise ValueError(rows[0])
    "".join(map("".join, (columns[2], columns[4]))).encode()  # half of a surrogate pair is no text
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


def _decompress(text: str) -> bytes:
    stream = zlib.decompressobj()
    content = stream.decompress(base64.b64decode(text), UNPACKED_BYTES + 1)
    if not stream.eof or len(content) > UNPACKED_BYTES:
        raise ValueError(content[:40])
    return content
