"""The table of events as rows: reading, inserting and counting them."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

import numpy as np

from archwright.store.database import Database
from archwright.store.log import START, EventBatch, EventRow, Position

# The hash is a text in files of schema 1 and a UUID since: this reads both, so that an old file need not be migrated.
_SELECT = """
    SELECT seq, time, kind, trial, payload, replace(chain::VARCHAR, '-', '')
    FROM events WHERE run = ? AND seq BETWEEN ? AND ? ORDER BY seq
"""
_SELECT_ALL = """
    SELECT run, seq, time, kind, trial, payload, replace(chain::VARCHAR, '-', '') FROM events ORDER BY rowid
"""
_SELECT_HEADS = """
    SELECT run, max(seq), replace(arg_max(chain, seq)::VARCHAR, '-', '') FROM events GROUP BY run ORDER BY min(rowid)
"""
_COUNT_AND_MATCH = """
    SELECT count(*), count(*) FILTER (seq > 0), (
        SELECT count(*) FROM events WHERE run = ? AND seq = ? AND replace(chain::VARCHAR, '-', '') = ?
    ) FROM events
"""
_FETCHED_ROWS = 10_000
_APPEND_ROWS = 1_000


def read_rows(database: Database, run: str, first: int = 1, last: int | None = None) -> list[EventRow]:
    """The rows of `run` numbered `first` to `last`, in order and unchecked."""
    rows = database.execute(_SELECT, [run, first, 2**62 if last is None else last]).fetchall()
    return list(map(EventRow._make, rows))


def read_runs(database: Database) -> list[str]:
    """The runs, in the order of their first events."""
    rows = database.execute("SELECT run FROM events WHERE seq = 1 ORDER BY rowid").fetchall()
    return [run for (run,) in rows]


def read_heads(database: Database) -> dict[str, Position]:
    """Each run's position by its highest event number, unchecked; in the order of their first rows."""
    rows = database.execute(_SELECT_HEADS).fetchall()
    return {run: Position(seq, chain) for run, seq, chain in rows}


def read_all_rows(database: Database, sql: str = _SELECT_ALL) -> Iterator[tuple[str, EventRow]]:
    """Every row with its run, in the order of appending and unchecked; `sql` may select some of them."""
    result = database.execute(sql)
    while rows := result.fetchmany(_FETCHED_ROWS):
        yield from ((run, EventRow._make(row)) for run, *row in rows)


def group_into_batches(
    rows: Iterable[tuple[str, EventRow]], heads: Mapping[str, Position]
) -> Iterator[list[EventBatch]]:
    """The rows in their order, as appends of a thousand rows each; the runs go on from `heads`, or are new."""
    positions = dict(heads)
    rows = iter(rows)
    while chunk := list(itertools.islice(rows, _APPEND_ROWS)):
        rows_by_run = dict[str, list[EventRow]]()
        for run, row in chunk:
            rows_by_run.setdefault(run, []).append(row)
        yield [EventBatch(run, positions.get(run, START), run_rows) for run, run_rows in rows_by_run.items()]
        positions |= {run: run_rows[-1].position for run, run_rows in rows_by_run.items()}


def count_rows(database: Database) -> tuple[int, int]:
    """How many rows the table has, and how many of them have a number above 0, as every event has."""
    ((rows, numbered),) = database.execute("SELECT count(*), count(*) FILTER (seq > 0) FROM events").fetchall()
    return rows, numbered


def ends_with(database: Database, events: int, run: str, position: Position) -> bool:
    """Whether the table has `events` rows, all numbered above 0, and among them one with that `position` of `run`."""
    values = [run, position.seq, position.chain]
    return database.execute(_COUNT_AND_MATCH, values).fetchall() == [(events, events, 1)]


def insert_batches(
    database: Database, batches: Sequence[EventBatch], table: Literal["events", "journalled"] = "events"
) -> None:
    """Insert the rows of `batches` at the end of the table."""
    rows = [(batch.run, *row) for batch in batches for row in batch.rows]
    if not rows:
        return
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
    database.execute(f"INSERT INTO {table} SELECT * REPLACE (chain::UUID AS chain) FROM new_events")  # noqa: S608
    database.unregister("new_events")
