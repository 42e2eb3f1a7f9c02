"""What a log is: named runs, each a hash chain of events that only grows at its end."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from attrs import frozen

from archwright.store.errors import LogConflict
from archwright.store.events import Event
from archwright.store.suggestions import suggest_resumption


@frozen
class Position:
    """A position in a run: the number of an event, and the hash over it and all events before it."""

    seq: int
    chain: str  # 32 hexadecimal digits; "" before the first event


START = Position(0, "")  # before the first event


class EventRow(NamedTuple):
    """A row of the table of events, without its run: a tuple, as DuckDB takes and gives ten thousands of them."""

    seq: int
    time: float
    kind: str
    trial: int | None
    payload: str
    chain: str

    @property
    def position(self) -> Position:
        """The run's position after this row."""
        return Position(self.seq, self.chain)


@frozen
class EventBatch:
    """Events of a run as rows that follow the position `after`: ready to be appended, also by another process."""

    run: str
    after: Position
    rows: Sequence[EventRow]

    @property
    def position(self) -> Position:
        """The run's position after the rows."""
        return self.rows[-1].position if self.rows else self.after

    def __reduce__(self) -> tuple[Any, ...]:
        # As columns: pickle writes and reads them thirty times as fast as rows.
        return _batch_from_columns, (self.run, self.after, tuple(zip(*self.rows, strict=True)))


def _batch_from_columns(run: str, after: Position, columns: tuple[tuple[Any, ...], ...]) -> EventBatch:
    return EventBatch(run, after, list(map(EventRow._make, zip(*columns, strict=True))))


@frozen
class LoggedEvent:
    """An event as the log holds it."""

    seq: int  # 1, 2 ... within the run
    time: float  # seconds since 1970, UTC
    event: Event
    chain: str

    @property
    def position(self) -> Position:
        """The run's position after this event."""
        return Position(self.seq, self.chain)


class AppendableLog(Protocol):
    """A log that a run's events can be appended to, and read from again."""

    def append(
        self, run: str, events: Sequence[Event], after: Position, times: Sequence[float] | None = None
    ) -> Position:
        """Append `events` to `run` after the position `after`, all or none of them, and give the position then.

        They are durable when this returns. `times` are in seconds since 1970, UTC; now by default. Appending the same
        events after the same position again changes nothing and returns the same position. Raises LogConflict where
        `after` is not the run's end.
        """
        ...

    def read(self, run: str, after: int = 0, upto: int | None = None) -> list[LoggedEvent]:
        """The events of `run` numbered after+1 to `upto`; none where the log has no such run.

        Raises LogIsDamaged where the events are not those that were appended.
        """
        ...


class EventLog(AppendableLog, Protocol):
    """Runs that survive their processes.

    Any number of processes may read while one writes. A run has one writer at a time: `claim` keeps others out, and
    an append whose `after` is not the run's real end is refused, so that a second writer cannot corrupt the run.
    """

    def append_all(self, batches: Sequence[EventBatch]) -> list[Position]:
        """Append all `batches`, or none of them, as `append` does, and give the position of each one's run then.

        Each is of another run.
        """
        ...

    def runs(self) -> list[str]:
        """The names of the runs, the one that was started last at the end."""
        ...


def explain_conflict(run: str, after: Position, log: Path | None) -> LogConflict:
    """The error for a writer of `run` who expects it to end at `after`; `log` is the log's file, if it has one."""
    return LogConflict(
        f"{run} does not stand at event {after.seq} as this process left it: another process has written the run, "
        f"or another file is in the log's place; stop that one, then go on with: {suggest_resumption(log, run)}"
    )
