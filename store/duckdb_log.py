"""The log as a DuckDB file that is held only while it is read or written."""

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


@final
@frozen
class DuckDBLog:
    """The runs in one file; the first start of a run makes the file."""

    path: Path = field(converter=Path)
    clock: Callable[[], float] = time.time
    patience: float = WRITER_WAIT_SECONDS  # how many seconds an append waits for whoever holds the file

    def append(
        self, run: str, events: Sequence[Event], after: Position, times: Sequence[float] | None = None
    ) -> Position:
        """As `Log.append`."""
        check_run_name(run)
        if not events:
            return after
        return self.append_all([chain_events(run, events, times or [self.clock()] * len(events), after)])[0]

    def append_all(self, parts: Sequence[EventBatch]) -> list[Position]:
        """As `Log.append_all`."""
        if not parts:
            return []
        if any(part.after == START for part in parts):
            create_log(self.path)
        return run_on_log(self.path, "write", partial(_append_batches, self.path, parts), self.patience)

    def read(self, run: str, after: int = 0, upto: int | None = None) -> list[LoggedEvent]:
        """As `Log.read`."""
        rows = run_on_log(self.path, "read", lambda database: read_rows(database, run, after, upto))
        with _pause_collector():
            return load_events(run, rows, after, self.path)

    def rows(self, run: str) -> Sequence[EventRow]:
        """The rows of `run`, of which none is parsed: most of a read is parsing, and not everybody needs all of it.

        Raises LogIsDamaged where they are not those that were appended.
        """
        return check_rows(run, run_on_log(self.path, "read", lambda database: read_rows(database, run)), log=self.path)

    def runs(self) -> list[str]:
        """As `Log.runs`."""
        return run_on_log(self.path, "read", read_runs)


def _append_batches(path: Path, parts: Sequence[EventBatch], database: Database) -> list[Position]:
    journal = locate_journal(resolve_log(path))
    with open_transaction(database):
        there = [locate_batch(rows, part, path) for rows, part in zip(_read_known(database, parts), parts, strict=True)]
        new = [part for part, position in zip(parts, there, strict=True) if position is None]
        if new:
            insert_batches(database, new)
            append_entry(journal, new)  # last, and before the commit: what the log takes in, the journal has
    if new:
        close_entry(journal)
    return [position or part.position for part, position in zip(parts, there, strict=True)]


def _read_known(database: Database, parts: Sequence[EventBatch]) -> Iterator[list[EventRow]]:
    """What the log holds of each run from the place on where its part goes on."""
    runs = {part.run for part in parts}
    if len(runs) > 1:  # one look for all of them, most of which are new
        found = database.execute("SELECT DISTINCT run FROM events WHERE run IN (SELECT unnest(?))", [list(runs)])
        runs = {run for (run,) in found.fetchall()}
    for part in parts:
        after = part.after.seq
        yield read_rows(database, part.run, after, after + len(part.rows)) if part.run in runs else []


@contextmanager
def _pause_collector() -> Generator[None]:
    """Python's collector would look for cycles among ten thousands of new events: a third of the time of a read."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
