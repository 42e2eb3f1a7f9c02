"""The log as a DuckDB file, which is held only while it is read or written."""

import gc
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import final

from attrs import field, frozen

from archwright.store.chain import chain_events, check_rows, load_events, locate_batch
from archwright.store.database import WRITER_WAIT_SECONDS, Database, open_transaction
from archwright.store.events import Event
from archwright.store.journal import append_entry, close_entry, locate_journal
from archwright.store.log import START, EventBatch, EventRow, LoggedEvent, Position
from archwright.store.opening import run_on_log
from archwright.store.paths import resolve_log
from archwright.store.rebuild import create_log
from archwright.store.rows import insert_batches, read_rows, read_runs
from archwright.store.runs import check_run_name
from archwright.store.written_paths import to_absolute


@final
@frozen
class DuckDBLog:
    """The runs in one file, which is created when the first run is started."""

    path: Path = field(converter=to_absolute)
    clock: Callable[[], float] = time.time
    wait_seconds: float = WRITER_WAIT_SECONDS  # how long an append waits for whoever holds the file

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
        if not batches:
            return []
        if any(batch.after == START for batch in batches):
            create_log(self.path)
        return run_on_log(self.path, "write", partial(_append_batches, self.path, batches), self.wait_seconds)

    def read(self, run: str, after: int = 0, upto: int | None = None) -> list[LoggedEvent]:
        """As `EventLog.read`."""
        rows = run_on_log(self.path, "read", lambda database: read_rows(database, run, after, upto))
        with _pause_collector():
            return load_events(run, rows, after, self.path)

    def rows(self, run: str) -> Sequence[EventRow]:
        """The rows of `run`, checked and unparsed: most of a read is parsing, and not everybody needs all of it.

        Raises LogIsDamaged where they are not those that were appended.
        """
        return check_rows(run, run_on_log(self.path, "read", lambda database: read_rows(database, run)), log=self.path)

    def runs(self) -> list[str]:
        """As `EventLog.runs`."""
        return run_on_log(self.path, "read", read_runs)


def _append_batches(path: Path, batches: Sequence[EventBatch], database: Database) -> list[Position]:
    journal = locate_journal(resolve_log(path))
    with open_transaction(database):
        rows_in_log = _read_present_rows(database, batches)
        positions = [locate_batch(rows, batch, path) for rows, batch in zip(rows_in_log, batches, strict=True)]
        new = [batch for batch, position in zip(batches, positions, strict=True) if position is None]
        if new:
            insert_batches(database, new)
            append_entry(journal, new)  # last, and before the commit: whatever the log commits, the journal has
    if new:
        close_entry(journal)
    return [position or batch.position for batch, position in zip(batches, positions, strict=True)]


def _read_present_rows(database: Database, batches: Sequence[EventBatch]) -> Iterator[list[EventRow]]:
    """The rows that the log has of each batch's run already, from the position on that the batch follows."""
    runs = {batch.run for batch in batches}
    if len(runs) > 1:  # one query for all of them, most of which are new
        present = database.execute("SELECT DISTINCT run FROM events WHERE run IN (SELECT unnest(?))", [list(runs)])
        runs = {run for (run,) in present.fetchall()}
    for batch in batches:
        after = batch.after.seq
        yield read_rows(database, batch.run, after, after + len(batch.rows)) if batch.run in runs else []


@contextmanager
def _pause_collector() -> Generator[None]:
    """Pause the garbage collector: looking for cycles in ten thousands of new events takes a third of a read's time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
