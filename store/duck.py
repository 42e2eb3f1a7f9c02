"""The log as a DuckDB file that is held only while it is read or written."""

import gc
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import final

from attrs import field, frozen

from archwright.store.anew import make
from archwright.store.chain import recorded, settled, whole, written
from archwright.store.events import Event
from archwright.store.file import WRITER_PATIENCE, Database, present, transaction
from archwright.store.journal import append, close, journal_file
from archwright.store.log import START, Position, Recorded, Row, Written, check_run_name
from archwright.store.repair import on_log
from archwright.store.rows import insert, read_rows, runs_of


@final
@frozen
class DuckDBLog:
    """The runs in one file; the first start of a run makes the file."""

    path: Path = field(converter=Path)
    clock: Callable[[], float] = time.time
    patience: float = WRITER_PATIENCE  # how many seconds an append waits for whoever holds the file

    def append(
        self, run: str, events: Sequence[Event], after: Position, times: Sequence[float] | None = None
    ) -> Position:
        """As `Log.append`."""
        check_run_name(run)
        if not events:
            return after
        return self.append_all([written(run, events, times or [self.clock()] * len(events), after)])[0]

    def append_all(self, parts: Sequence[Written]) -> list[Position]:
        """As `Log.append_all`."""
        if not parts:
            return []
        if any(part.after == START for part in parts):
            make(self.path)
        return on_log(self.path, "write", partial(_appended, self.path, parts), self.patience)

    def read(self, run: str, after: int = 0, upto: int | None = None) -> list[Recorded]:
        """As `Log.read`."""
        rows = on_log(self.path, "read", lambda database: read_rows(database, run, after, upto))
        with _collector_paused():
            return recorded(run, rows, after, self.path)

    def rows(self, run: str) -> Sequence[Row]:
        """The rows of `run`, of which none is parsed: most of a read is parsing, and not everybody needs all of it.

        Raises LogIsDamaged where they are not those that were appended.
        """
        return whole(run, on_log(self.path, "read", lambda database: read_rows(database, run)), log=self.path)

    def runs(self) -> list[str]:
        """As `Log.runs`."""
        return on_log(self.path, "read", runs_of)


def _appended(path: Path, parts: Sequence[Written], database: Database) -> list[Position]:
    journal = journal_file(present(path))
    with transaction(database):
        there = [settled(rows, part, path) for rows, part in zip(_known(database, parts), parts, strict=True)]
        new = [part for part, position in zip(parts, there, strict=True) if position is None]
        if new:
            insert(database, new)
            append(journal, new)  # last, and before the commit: what the log takes in, the journal has
    if new:
        close(journal)
    return [position or part.position for part, position in zip(parts, there, strict=True)]


def _known(database: Database, parts: Sequence[Written]) -> Iterator[list[Row]]:
    """What the log holds of each run from the place on where its part goes on."""
    runs = {part.run for part in parts}
    if len(runs) > 1:  # one look for all of them, most of which are new
        found = database.execute("SELECT DISTINCT run FROM events WHERE run IN (SELECT unnest(?))", [list(runs)])
        runs = {run for (run,) in found.fetchall()}
    for part in parts:
        after = part.after.seq
        yield read_rows(database, part.run, after, after + len(part.rows)) if part.run in runs else []


@contextmanager
def _collector_paused() -> Generator[None]:
    """Python's collector would look for cycles among ten thousands of new events: a third of the time of a read."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
