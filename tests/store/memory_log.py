"""A log in memory: the model that the log on disk is tested against, and what searches of tests are logged in."""

import time
from collections.abc import Callable, Sequence

from attrs import define, field

from archwright.store.chain import chain_events, load_events, locate_batch
from archwright.store.events import Event
from archwright.store.log import EventBatch, EventRow, LoggedEvent, Position
from archwright.store.runs import check_run_name


@define
class MemoryLog:
    """The runs as rows in memory, with the same checks as a log on disk."""

    clock: Callable[[], float] = time.time
    _rows: dict[str, list[EventRow]] = field(factory=dict[str, list[EventRow]], init=False)

    def append(
        self, run: str, events: Sequence[Event], after: Position, times: Sequence[float] | None = None
    ) -> Position:
        """As `EventLog.append`."""
        check_run_name(run)
        if not events:
            return after
        return self.append_all([chain_events(run, events, times or [self.clock()] * len(events), after)])[0]

    def append_all(self, batches: Sequence[EventBatch]) -> list[Position]:
        """As `EventLog.append_all`."""
        present = [self._rows.get(batch.run, [])[max(batch.after.seq - 1, 0) :] for batch in batches]
        positions = [locate_batch(rows, batch) for rows, batch in zip(present, batches, strict=True)]
        for batch, position in zip(batches, positions, strict=True):
            if position is None:
                self._rows.setdefault(batch.run, []).extend(batch.rows)
        return [position or batch.position for batch, position in zip(batches, positions, strict=True)]

    def read(self, run: str, after: int = 0, upto: int | None = None) -> list[LoggedEvent]:
        """As `EventLog.read`."""
        return load_events(run, self._rows.get(run, [])[max(after - 1, 0) : upto], after)

    def runs(self) -> list[str]:
        """As `EventLog.runs`."""
        return list(self._rows)
