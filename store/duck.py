"""The log as a DuckDB file that is held only while it is read or written."""

import gc
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import final

import numpy as np
from attrs import field, frozen

from archwright.core.errors import ArchwrightError
from archwright.store.beside import DRAFTS
from archwright.store.chain import recorded, settled, written
from archwright.store.events import Event
from archwright.store.failure import explain
from archwright.store.file import WRITER_PATIENCE, Database, attached, present, transaction
from archwright.store.log import START, Position, Recorded, Row, Written
from archwright.store.names import check_run_name
from archwright.store.schema import bring_forward, migrate, schema_version
from archwright.store.scratch import scratch_folder, sweep

# The hash is a text in files of schema 1 and a UUID since: this reads both, so that an old file need not be changed.
_SELECT = """
    SELECT seq, time, kind, trial, payload, replace(chain::VARCHAR, '-', '')
    FROM events WHERE run = ? AND seq BETWEEN ? AND ? ORDER BY seq
"""


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
        with attached(self.path, "write", self.patience) as database:
            bring_forward(database, self.path)
            with transaction(database):
                there = [settled(rows, part) for rows, part in zip(_known(database, parts), parts, strict=True)]
                new = [part for part, position in zip(parts, there, strict=True) if position is None]
                if new:
                    _insert(database, new)
        return [position or part.position for part, position in zip(parts, there, strict=True)]

    def read(self, run: str, after: int = 0, upto: int | None = None) -> list[Recorded]:
        """As `Log.read`."""
        with attached(self.path) as database:
            schema_version(database, self.path)
            rows = read_rows(database, run, after, upto)
        with _collector_paused():
            return recorded(run, rows, after)

    def runs(self) -> list[str]:
        """As `Log.runs`."""
        with attached(self.path) as database:
            schema_version(database, self.path)
            rows = database.execute("SELECT run FROM events WHERE seq = 1 ORDER BY rowid").fetchall()
        return [run for (run,) in rows]


def make(path: Path) -> None:
    """Make the log's file with its tables unless it is there; it appears whole, or not at all."""
    path = present(path, "create")
    if path.exists():
        sweep(path.parent, DRAFTS)
        return
    try:
        with scratch_folder(path.parent, DRAFTS) as folder:
            draft = folder / path.name
            with attached(draft, "create") as database:
                migrate(database)
            _place(draft, path)
    except ArchwrightError:
        raise
    except OSError as error:
        raise explain(error, path) from error


def read_rows(database: Database, run: str, first: int = 1, last: int | None = None) -> list[Row]:
    """The rows of `run` numbered `first` to `last`, in order and unchecked."""
    rows = database.execute(_SELECT, [run, first, 2**62 if last is None else last]).fetchall()
    return list(map(Row._make, rows))


def _known(database: Database, parts: Sequence[Written]) -> Iterator[list[Row]]:
    """What the log holds of each run from the place on where its part goes on."""
    runs = {part.run for part in parts}
    if len(runs) > 1:  # one look for all of them, most of which are new
        found = database.execute("SELECT DISTINCT run FROM events WHERE run IN (SELECT unnest(?))", [list(runs)])
        runs = {run for (run,) in found.fetchall()}
    for part in parts:
        after = part.after.seq
        yield read_rows(database, part.run, after, after + len(part.rows)) if part.run in runs else []


def _insert(database: Database, parts: Sequence[Written]) -> None:
    rows = [(part.run, *row) for part in parts for row in part.rows]
    run, seq, time, kind, trial, payload, chain = zip(*rows, strict=True)
    columns = {
        "run": np.array(run, dtype=object),
        "seq": np.array(seq, dtype=np.int64),
        "time": np.array(time, dtype=np.float64),
        "kind": np.array(kind, dtype=object),
        "trial": np.ma.array([n or 0 for n in trial], mask=[n is None for n in trial], dtype=np.int64),
        "payload": np.array(payload, dtype=object),
        "chain": np.array(chain, dtype=object),
    }
    database.register("new_events", columns)
    database.execute("INSERT INTO events SELECT * REPLACE (chain::UUID AS chain) FROM new_events")
    database.unregister("new_events")


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


def _place(draft: Path, path: Path) -> None:
    """Give the draft its name, unless another process was faster."""
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        return
    except OSError:  # a file system without links
        draft.replace(path)
