"""A log that lives and dies with its process, for tests and for searches that nobody will ask about."""

import time
from collections.abc import Callable, Sequence
from typing import final

from attrs import define, field

from archwright.store.chain import Row, chained, recorded, settled
from archwright.store.events import Event
from archwright.store.log import Position, Recorded
from archwright.store.names import check_run_name


@final
@define
class MemoryLog:
    """The runs as rows in memory, with the same checks as a log on disk."""

    clock: Callable[[], float] = time.time
    _rows: dict[str, list[Row]] = field(factory=dict[str, list[Row]], init=False)

    def append(
        self, run: str, events: Sequence[Event], after: Position, times: Sequence[float] | None = None
    ) -> Position:
        """As `Log.append`."""
        check_run_name(run)
        if not events:
            return after
        rows = self._rows.get(run, [])
        new = list(chained(run, events, times or [self.clock()] * len(events), after))
        if position := settled(run, rows[max(after.seq - 1, 0) :], new, after):
            return position
        self._rows.setdefault(run, []).extend(new)
        return new[-1].position

    def read(self, run: str, after: int = 0, upto: int | None = None) -> list[Recorded]:
        """As `Log.read`."""
        return recorded(run, self._rows.get(run, [])[max(after - 1, 0) : upto], after)

    def runs(self) -> list[str]:
        """As `Log.runs`."""
        return list(self._rows)
