"""Make the golden log of the current schema: python tests/goldens/make_log.py [--replace].

A released schema's golden is never made again: it stands for the logs that people have.
"""

import json
import sys
from pathlib import Path
from typing import cast

import duckdb
from attrs import evolve

from archwright.core.budget import Budget
from archwright.core.json import JSON
from archwright.core.objective import Objective
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import (
    AttemptEnded,
    AttemptStarted,
    Enqueued,
    Event,
    Inherited,
    Proposed,
    Reported,
    RunResumed,
    RunStarted,
    RunStopped,
    Scored,
)
from archwright.store.log import START
from archwright.store.query import query
from archwright.store.runs import fork_run
from archwright.store.schema import MIGRATIONS, migrate
from archwright.store.views import VIEWS

FOLDER = Path(__file__).parent
EPOCHS = Budget(2, "epochs")


def make_history() -> list[Event]:
    """Every kind of event, with trials that failed, were interrupted and were resumed, and ends that were moved."""
    started = RunStarted(
        space={"kind": "sequential", "children": [{"kind": "affine", "units": {"values": [8, 16]}}]},
        space_source="space.py:toy",
        input_shape=(1, 8, 8),
        searcher={"name": "random"},
        evaluator={"kind": "training", "data": "digits"},
        objective=Objective("accuracy", "maximize"),
        budget=EPOCHS,
        seed=7,
        trials=3,
        versions={"archwright": "0.1.0", "python": "3.11"},
        time_limit=7200.0,
        until_score=0.95,
        budgets="1epochs..2epochs",
        can_continue=False,
        configurations=9,
        total=Budget(40, "epochs"),
    )
    return [
        started,
        Inherited(-2, (("0.affine.units", 8),), EPOCHS, "crashed", None, "earlier-1", 3, "earlier.duckdb", seconds=1.5),
        Inherited(-1, (("0.affine.units", 16),), EPOCHS, "ok", 0.25, "earlier-1", 4, metrics={"accuracy": 0.25}),
        Enqueued(0, ()),
        Enqueued(1, (("act", "模型"), ("rate", 1e-05))),
        Enqueued(2, (("0.affine.units", 16),)),
        Proposed(0, (("0.affine.units", 8), ("rate", 0.1), ("act", "relu"), ("bias", True)), EPOCHS, enqueued=0),
        Proposed(1, (("0.affine.units", 16), ("rate", 1e-05), ("act", "模型"), ("bias", False)), EPOCHS, enqueued=1),
        AttemptStarted(0, 1),
        AttemptStarted(1, 1),
        Reported(0, 1, 1, {"accuracy": 0.1 + 0.2, "loss": 1.25}),
        Reported(1, 1, 1, {"accuracy": 0.1, "loss": float("nan")}),
        AttemptEnded(1, 1, "diverged", 0.5, {"loss": float("nan")}, "the loss is NaN at epoch 1"),
        Scored(1, "diverged", None, {"loss": float("nan")}),
        RunResumed(
            None,
            {"archwright": "0.1.0", "python": "3.12"},
            time_limit=9000.0,
            no_improvement=30,
            simulates_time=True,
            configurations=12,
            total=Budget(60, "epochs"),
        ),
        AttemptStarted(0, 2),
        Reported(0, 2, 1, {"accuracy": 0.5, "loss": float("inf")}),
        AttemptEnded(0, 2, "ok", 3.25, {"accuracy": 0.5}),
        Scored(0, "ok", 0.5, {"accuracy": 0.5}),
        Proposed(
            2,
            (("0.affine.units", 8),),
            Budget(30, "seconds"),
            0,
            enqueued=2,
            bracket=1,
            rung=0,
            horizon=Budget(90, "seconds"),
            by_model=True,
        ),
        AttemptStarted(2, 1),
        AttemptEnded(2, 1, "crashed", 1.5, error="signal 9"),
        Scored(2, "crashed", None),
        Enqueued(3, (("rate", 0.1),)),
        RunStopped("interrupted", "Ctrl-C"),
    ]


def read_content(path: Path) -> JSON:
    """The events and views of a log, as JSON."""
    events = query(
        path,
        "SELECT run, seq, time, kind, trial, payload, replace(chain::VARCHAR, '-', '') FROM events ORDER BY run, seq",
    ).rows
    views = {view.name: query(path, f"SELECT * FROM {view.name} ORDER BY ALL") for view in VIEWS}
    tables = {name: {"columns": table.columns, "rows": table.rows} for name, table in views.items()}
    return json.loads(json.dumps({"events": events, "views": tables}, default=str))


def write_log(path: Path) -> None:
    """Write the log; in small blocks, so that it takes little room in the repository."""
    with duckdb.connect() as database:
        database.execute(f"ATTACH '{path}' AS log (BLOCK_SIZE 16384, STORAGE_VERSION 'v1.4.0')")
        database.execute("USE log")
        migrate(database)
    log, events = DuckDBLog(path), make_history()
    log.append("toy-1", events, START, [1.7e9 + 0.1 * i for i in range(len(events))])
    started = cast(RunStarted, events[0])
    fork_run(log, "toy-1", 17, "toy-2", evolve(started, reads_budget=False), clock=lambda: 1.8e9)


def main() -> None:
    """Make the golden log and its content beside it."""
    path = FOLDER / f"log-schema-{len(MIGRATIONS)}.golden"
    if path.exists() and "--replace" not in sys.argv:
        sys.exit(f"{path} is there; --replace makes it again, which only an unreleased schema may ask for")
    path.unlink(missing_ok=True)
    write_log(path)
    path.with_suffix(".json").write_text(json.dumps(read_content(path), indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
