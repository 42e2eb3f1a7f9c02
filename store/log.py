"""What a log is: named runs, each a chain of events that only grows at its end."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from attrs import frozen

from archwright.core.errors import suggest_command
from archwright.store.errors import LogConflict
from archwright.store.events import Event


@frozen
class Position:
    """Where a run stands: the number of its last event, and the hash over all of them."""

    seq: int
    chain: str  # 32 hexadecimal digits; "" before the first event


START = Position(0, "")


class EventRow(NamedTuple):
    """One row of the table of events, its run aside: a tuple, as DuckDB takes and gives them by the ten thousand."""

    seq: int
    time: float
    kind: str
    trial: int | None
    payload: str
    chain: str

    @property
    def position(self) -> Position:
        """Where the run stands after this row."""
        return Position(self.seq, self.chain)


@frozen
class EventBatch:
    """Events of a run as rows that go on from `after`: ready to be appended, also by another process."""

    run: str
    after: Position
    rows: Sequence[EventRow]

    @property
    def position(self) -> Position:
        """Where the run stands after the rows."""
        return self.rows[-1].position if self.rows else self.after

    def __reduce__(self) -> tuple[Any, ...]:
        # As columns: pickle takes them, and makes them again, thirty times as fast as rows.
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
        """Where the run stood after this event."""
        return Position(self.seq, self.chain)


class Appendable(Protocol):
    """What takes the events of a run, as it goes on."""

    def append(
        self, run: str, events: Sequence[Event], after: Position, times: Sequence[float] | None = None
    ) -> Position:
        """Where `run` stands once `events` are durable, all or none of them; `times` default to now.

        Appending the same events after the same position again changes nothing and returns the same position.
        Raises LogConflict where the run does not stand at `after`.
        """
        ...


class Log(Appendable, Protocol):
    """Runs that survive their processes.

    Any number of processes may read while one writes. A run has one writer at a time: `claim` keeps others out, and
    an append whose `after` is not the run's real end is refused, so that a second writer cannot corrupt the run.
    """

    def append_all(self, parts: Sequence[EventBatch]) -> list[Position]:
        """Where each run stands once all `parts` are durable, all or none of them; each as `append` takes its events.

        A run comes once among the parts.
        """
        ...

    def read(self, run: str, after: int = 0, upto: int | None = None) -> list[LoggedEvent]:
        """The events of `run` numbered after+1 to `upto`; none where the log has no such run.

        Raises LogIsDamaged where the events are not those that were appended.
        """
        ...

    def runs(self) -> list[str]:
        """The names of the runs, the one that was started last at the end."""
        ...


def explain_conflict(run: str, after: Position, log: Path | None) -> LogConflict:
    """The error for a writer of `run` in the file `log`, if it is in one, who believes that it stands at `after`."""
    return LogConflict(
        f"{run} does not stand at event {after.seq} as this process left it: another process has written the run, "
        f"or another file is in the log's place; stop that one, then go on with: {suggest_command(log, 'resume', run)}"
    )
