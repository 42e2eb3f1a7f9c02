"""The hash chain over a run, in which no event can be changed, lost, added or moved unnoticed."""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from pathlib import Path

from attrs import frozen

from archwright.store.errors import LogIsDamaged, UnreadableEvent
from archwright.store.events import Event, event_from_json, event_to_json
from archwright.store.log import START, EventBatch, EventRow, LoggedEvent, Position, explain_conflict
from archwright.store.suggestions import suggest_fork, suggest_verification


@frozen
class ChainBreak:
    """The first row of a run that does not follow from the rows before it."""

    seq: int
    reason: str
    after: int = 0  # the last event before it that follows; 0 if there is none, or it is not known


def hash_row(previous: str, run: str, row: EventRow) -> str:
    """The hash of `row` and, through the `previous` row's hash, of all that came before it in `run`."""
    # Of the fields only the payload can hold a line break, and it comes last: no two rows make the same text.
    text = f"{previous}\n{run}\n{row.seq}\n{row.time!r}\n{row.kind}\n{row.trial}\n{row.payload}"
    return blake2b(text.encode(), digest_size=16).hexdigest()


def _chain_rows(run: str, events: Sequence[Event], times: Iterable[float], after: Position) -> Iterator[EventRow]:
    """The rows that hold `events`, which happened at `times`, and follow the position `after`."""
    seq, chain = after.seq, after.chain
    for event, time in zip(events, times, strict=True):
        seq += 1
        kind, payload = event_to_json(event)
        row = EventRow(seq, float(time), kind, getattr(event, "trial", None), payload, "")
        chain = hash_row(chain, run, row)
        yield row._replace(chain=chain)


def chain_events(run: str, events: Sequence[Event], times: Iterable[float], after: Position) -> EventBatch:
    """`events`, which happened at `times`, as rows of `run` that follow the position `after`."""
    return EventBatch(run, after, list(_chain_rows(run, events, times, after)))


def locate_batch(known: Sequence[EventRow], batch: EventBatch, log: Path | None = None) -> Position | None:
    """The run's position after `batch`, if the log holds it already; None if the run ends where `batch` goes on.

    `known` are the rows that the log, whose file is `log` if it has one, holds of the run from that of `batch.after`
    on. Raises LogConflict where the run goes on otherwise.
    """
    run, after, new = batch.run, batch.after, batch.rows
    if after != START:
        if not known or known[0].position != after:
            raise explain_conflict(run, after, log)
        known = known[1:]
    if not known:
        return None
    if [(row.kind, row.payload) for row in known[: len(new)]] != [(row.kind, row.payload) for row in new]:
        raise explain_conflict(run, after, log)
    return known[len(new) - 1].position


def find_first_break(run: str, rows: Iterable[EventRow], after: Position) -> ChainBreak | None:
    """The first of `rows` that does not follow from the position `after` and the rows before it; None if all do."""
    seq, chain = after.seq, after.chain
    for row in rows:
        if row.seq != seq + 1:
            return ChainBreak(row.seq, _explain_misplacement(row.seq, seq), seq)
        if row.chain != hash_row(chain, run, row):
            return ChainBreak(row.seq, "what it says, or its hash, is not what was written", seq)
        seq, chain = row.seq, row.chain
    return None


def is_unbroken(batch: EventBatch) -> bool:
    """Whether the rows of `batch` follow from its position `after` and from one another."""
    return find_first_break(batch.run, batch.rows, batch.after) is None


def find_first_unreadable(rows: Iterable[EventRow]) -> ChainBreak | None:
    """The first of `rows` that holds no event that this archwright knows; None if all do."""
    for row in rows:
        try:
            event_from_json(row.kind, row.payload)
        except UnreadableEvent as error:
            return ChainBreak(row.seq, str(error))
    return None


def load_events(run: str, rows: Sequence[EventRow], after: int = 0, log: Path | None = None) -> list[LoggedEvent]:
    """The events in `rows`, checked as by `check_rows` and parsed."""
    return parse_rows(run, check_rows(run, rows, after, log))


def check_rows(run: str, rows: Sequence[EventRow], after: int = 0, log: Path | None = None) -> Sequence[EventRow]:
    """The `rows` that come after event `after`; the row of that event is the first of `rows`, unless `after` is 0.

    Raises LogIsDamaged where they are not what was appended; `log` is the log's file, if it has one.
    """
    position = START
    if after and rows:
        position, rows = Position(after, rows[0].chain), rows[1:]
    if broken := find_first_break(run, rows, position):
        forks = suggest_fork(log, run, broken.after)
        raise LogIsDamaged(
            f"event {broken.seq} of {run} is broken: {broken.reason}; "
            + (f"what came before it is whole: {forks} goes on from there, and " if broken.after else "")
            + f"{suggest_verification(log)} says whether the log's journal has the run as it was written"
        )
    return rows


def parse_rows(run: str, rows: Iterable[EventRow]) -> list[LoggedEvent]:
    """The events in `rows`, any of a run's; raises UnreadableEvent where this archwright does not know one."""
    rows = list(rows)
    try:
        return [LoggedEvent(row.seq, row.time, event_from_json(row.kind, row.payload), row.chain) for row in rows]
    except UnreadableEvent as error:
        unreadable = find_first_unreadable(rows)
        raise UnreadableEvent(f"event {unreadable.seq if unreadable else '?'} of {run}: {error}") from error


def _explain_misplacement(seq: int, previous: int) -> str:
    if seq < 1:
        return "events are numbered 1, 2, 3 ..., and this is none of these"
    if seq == previous:
        return "it is there twice"
    return f"it follows event {previous}: what was between them is missing"
