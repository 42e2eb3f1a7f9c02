"""What a log is: named runs, each a chain of events that only grows at its end."""

from collections.abc import Sequence
from typing import Protocol

from attrs import frozen

from archwright.store.errors import LogConflict
from archwright.store.events import Event


@frozen
class Position:
    """Where a run stands: the number of its last event, and the hash over all of them."""

    seq: int
    chain: str  # 32 hexadecimal digits; "" before the first event


START = Position(0, "")


@frozen
class Recorded:
    """An event as the log holds it."""

    seq: int  # 1, 2 ... within the run
    time: float  # seconds since 1970, UTC
    event: Event
    chain: str

    @property
    def position(self) -> Position:
        """Where the run stood after this event."""
        return Position(self.seq, self.chain)


class Log(Protocol):
    """Runs that survive their processes.

    Any number of processes may read while one writes. A run has one writer at a time: `claim` keeps others out, and
    an append whose `after` is not the run's real end is refused, so that a second writer cannot corrupt the run.
    """

    def append(
        self, run: str, events: Sequence[Event], after: Position, times: Sequence[float] | None = None
    ) -> Position:
        """Where `run` stands once `events` are durable, all or none of them; `times` default to now.

        Appending the same events after the same position again changes nothing and returns the same position.
        Raises LogConflict where the run does not stand at `after`.
        """
        ...

    def read(self, run: str, after: int = 0, upto: int | None = None) -> list[Recorded]:
        """The events of `run` numbered after+1 to `upto`; none where the log has no such run.

        Raises LogIsDamaged where the events are not those that were appended.
        """
        ...

    def runs(self) -> list[str]:
        """The names of the runs, the one that was started last at the end."""
        ...


def conflict(run: str, after: Position) -> LogConflict:
    """The error for a writer of `run` who believes that it stands at `after`."""
    return LogConflict(
        f"{run} does not stand at event {after.seq} as this process left it: another process has written the run, "
        f"or another file is in the log's place; stop that one, then go on with: archwright resume {run}"
    )
