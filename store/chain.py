"""The hash chain over a run, in which no event can be changed, lost, added or moved unseen."""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from pathlib import Path

from attrs import frozen

from archwright.core.errors import suggest_command
from archwright.store.errors import LogIsDamaged, UnreadableEvent
from archwright.store.events import Event, event_from_json, event_to_json
from archwright.store.log import START, EventBatch, EventRow, LoggedEvent, Position, explain_conflict


@frozen
class ChainBreak:
    """The first row of a run that does not follow from the rows before it."""

    seq: int
    what: str
    after: int = 0  # the last event before it that follows; 0 if there is none, or nobody has looked


def hash_row(previous: str, run: str, row: EventRow) -> str:
    """The hash of `row` and, through the `previous` row's hash, of all that came before it in `run`."""
    # Of the fields only the payload can hold a line break, and it comes last: no two rows make the same text.
    text = f"{previous}\n{run}\n{row.seq}\n{row.time!r}\n{row.kind}\n{row.trial}\n{row.payload}"
    return blake2b(text.encode(), digest_size=16).hexdigest()


def _chain_rows(run: str, events: Sequence[Event], times: Iterable[float], after: Position) -> Iterator[EventRow]:
    """The rows that hold `events` and go on from `after`."""
    seq, chain = after.seq, after.chain
    for event, time in zip(events, times, strict=True):
        seq += 1
        kind, payload = event_to_json(event)
        row = EventRow(seq, float(time), kind, getattr(event, "trial", None), payload, "")
        chain = hash_row(chain, run, row)
        yield row._replace(chain=chain)


def chain_events(run: str, events: Sequence[Event], times: Iterable[float], after: Position) -> EventBatch:
    """`events`, which happen at `times`, as rows of `run` that go on from `after`."""
    return EventBatch(run, after, list(_chain_rows(run, events, times, after)))


def locate_batch(known: Sequence[EventRow], part: EventBatch, log: Path | None = None) -> Position | None:
    """Where the run stood once it held `part`, or None if it ends where `part` goes on and that is still to be written.

    `known` is what the log, in the file `log` if it is in one, holds of the run from the row `part.after` on. Raises
    LogConflict where it is neither.
    """
    run, after, new = part.run, part.after, part.rows
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
    """The first of `rows`, in their order, that does not follow from `after` and the rows before it."""
    seq, chain = after.seq, after.chain
    for row in rows:
        if row.seq != seq + 1:
            return ChainBreak(row.seq, _explain_misplacement(row.seq, seq), seq)
        if row.chain != hash_row(chain, run, row):
            return ChainBreak(row.seq, "what it says, or its hash, is not what was written", seq)
        seq, chain = row.seq, row.chain
    return None


def is_unbroken(part: EventBatch) -> bool:
    """Whether the rows of `part` are one after the other what follows from where it goes on."""
    return find_first_break(part.run, part.rows, part.after) is None


def find_first_unreadable(rows: Iterable[EventRow]) -> ChainBreak | None:
    """The first of `rows` that holds no event that we know."""
    for row in rows:
        try:
            event_from_json(row.kind, row.payload)
        except UnreadableEvent as error:
            return ChainBreak(row.seq, str(error))
    return None


def load_events(run: str, rows: Sequence[EventRow], after: int = 0, log: Path | None = None) -> list[LoggedEvent]:
    """The events in `rows` that come after number `after`, whose own row is the first of `rows`.

    They are of the file `log`, if they are of one. Raises LogIsDamaged where they are not what was appended.
    """
    return parse_rows(run, check_rows(run, rows, after, log))


def check_rows(run: str, rows: Sequence[EventRow], after: int = 0, log: Path | None = None) -> Sequence[EventRow]:
    """Those of `rows` that come after number `after`, whose own row is the first; LogIsDamaged where one is broken.

    They are of the file `log`, if they are of one.
    """
    position = START
    if after and rows:
        position, rows = Position(after, rows[0].chain), rows[1:]
    if broken := find_first_break(run, rows, position):
        forks = suggest_command(log, "fork", run, "--at", str(broken.after))
        raise LogIsDamaged(
            f"event {broken.seq} of {run} is broken: {broken.what}; "
            + (f"what came before it is whole: {forks} goes on from there, and " if broken.after else "")
            + f"{suggest_command(log, 'verify')} says whether the log's journal has the run as it was written"
        )
    return rows


def parse_rows(run: str, rows: Iterable[EventRow]) -> list[LoggedEvent]:
    """The events in `rows`, which may be some of a run's; raises UnreadableEvent where one is none that we know."""
    rows = list(rows)
    try:
        return [LoggedEvent(row.seq, row.time, event_from_json(row.kind, row.payload), row.chain) for row in rows]
    except UnreadableEvent as error:
        place = find_first_unreadable(rows)
        raise UnreadableEvent(f"event {place.seq if place else '?'} of {run}: {error}") from error


def _explain_misplacement(seq: int, previous: int) -> str:
    if seq < 1:
        return "events are numbered 1, 2, 3 ..., and this is none of these"
    if seq == previous:
        return "it is there twice"
    return f"it follows event {previous}: what was between them is missing"
