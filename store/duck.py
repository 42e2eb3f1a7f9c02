"""The log as a DuckDB file that is held only while it is read or written."""

import gc
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import final

from attrs import field, frozen

from archwright.core.errors import ArchwrightError
from archwright.store.chain import Row, chained, recorded, settled
from archwright.store.events import Event
from archwright.store.failure import explain
from archwright.store.file import WRITER_PATIENCE, Database, attached, present, transaction
from archwright.store.log import START, Position, Recorded
from archwright.store.names import check_run_name
from archwright.store.schema import bring_forward, migrate, schema_version

_SELECT = """
    SELECT seq, time, kind, trial, payload, chain FROM events WHERE run = ? AND seq BETWEEN ? AND ? ORDER BY seq
"""

# One statement with a list for each column: 100 rows in 2.5 ms, where a row of VALUES each takes 14 ms
# and executemany 47 ms (DuckDB 2.0).
_INSERT = """
    INSERT INTO events SELECT ?, unnest(?::BIGINT[]), unnest(?::DOUBLE[]), unnest(?::VARCHAR[]),
        unnest(?::BIGINT[]), unnest(?::VARCHAR[]), unnest(?::VARCHAR[])
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
        new = list(chained(run, events, times or [self.clock()] * len(events), after))
        if after == START:
            make(self.path)
        with attached(self.path, "write", self.patience) as database:
            bring_forward(database, self.path)
            with transaction(database):
                known = read_rows(database, run, after.seq, after.seq + len(new))
                position = settled(run, known, new, after)
                if position is None:
                    _insert(database, run, new)
            # What is acknowledged is in the file itself: a write-ahead file that is torn or lost costs nothing.
            database.execute("CHECKPOINT")
        return position or new[-1].position

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
        return
    try:
        with TemporaryDirectory(prefix=".archwright-", dir=path.parent) as folder:
            draft = Path(folder) / path.name
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


def _insert(database: Database, run: str, rows: Sequence[Row]) -> None:
    database.execute(_INSERT, [run, *map(list, zip(*rows, strict=True))])


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
