"""What people read with SQL."""

import math
from datetime import datetime

import duckdb
import pytest
from attrs import evolve

from archwright.core.budget import Budget
from archwright.core.protocols import EarlyStop
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import (
    AttemptEnded,
    AttemptStarted,
    ForkPoint,
    Proposed,
    Reported,
    RunResumed,
    RunStopped,
    Scored,
    event_to_json,
)
from archwright.store.log import START
from archwright.store.query import query
from archwright.store.runs import fork_run
from archwright.store.views import VIEWS
from tests.store.strategies import EPOCH, make_run_events, make_run_started, make_trial_events


@pytest.fixture
def log(tmp_path):
    return DuckDBLog(tmp_path / "log.duckdb")


def record(log, run, events):
    """Append `events` as the whole of `run`, the first at 1 s past 1970 and each a second after the one before."""
    log.append(run, events, START, [float(1 + second) for second in range(len(events))])


def at(second):
    return datetime(1970, 1, 1, 0, 0, second)  # UTC without saying so, as SQL's TIMESTAMP


def test_every_view_has_the_documented_columns(log):
    """Names, order and comments in the file are the documentation's, and every view is one."""
    record(log, "a-1", [make_run_started()])
    for view in VIEWS:
        table = query(log.path, f"SELECT * FROM {view.name}")
        assert table.columns == tuple(view.columns)
        comments = "SELECT column_name, comment FROM duckdb_columns() WHERE table_name = ? ORDER BY column_index"
        with duckdb.connect(log.path, read_only=True) as client:
            assert dict(client.execute(comments, [view.name]).fetchall()) == view.columns
    with duckdb.connect(log.path, read_only=True) as client:
        views = client.execute("SELECT view_name, comment FROM duckdb_views() WHERE NOT internal").fetchall()
    assert dict(views) == {view.name: view.doc for view in VIEWS}
    assert {view.name for view in VIEWS} == {
        "runs", "trials", "queue", "choices", "scores", "curves", "metrics", "incumbents", "attempts",
        "inherited",
    }  # fmt: skip


def test_types_are_stable(log):
    """A user's script may rely on the types."""
    record(log, "a-1", [make_run_started()])
    types = {
        view.name: [row[1] for row in query(log.path, f"DESCRIBE {view.name}").rows]
        for view in VIEWS
    }  # fmt: skip
    assert types == {
        "scores": ["VARCHAR", "BIGINT", "BIGINT", "TIMESTAMP", "VARCHAR", "DOUBLE", "JSON"],
        "attempts": [
            "VARCHAR", "BIGINT", "BIGINT", "TIMESTAMP", "TIMESTAMP", "VARCHAR", "DOUBLE", "VARCHAR", "VARCHAR",
            "BIGINT", "VARCHAR", "DOUBLE", "DOUBLE",
        ],
        "trials": [
            "VARCHAR", "BIGINT", "TIMESTAMP", "VARCHAR", "DOUBLE", "DOUBLE", "VARCHAR", "BIGINT", "BIGINT", "DOUBLE",
            "JSON", "BIGINT", "BIGINT", "BIGINT", "BIGINT", "BOOLEAN", "DOUBLE",
        ],
        "queue": ["VARCHAR", "BIGINT", "TIMESTAMP", "BIGINT", "JSON"],
        "choices": ["VARCHAR", "BIGINT", "BIGINT", "VARCHAR", "VARCHAR", "DOUBLE"],
        "curves": ["VARCHAR", "BIGINT", "BIGINT", "BIGINT", "VARCHAR", "DOUBLE", "TIMESTAMP"],
        "metrics": ["VARCHAR", "BIGINT", "BIGINT", "VARCHAR", "DOUBLE"],
        "incumbents": ["VARCHAR", "BIGINT", "BIGINT", "DOUBLE", "TIMESTAMP", "DOUBLE", "VARCHAR"],
        "inherited": [
            "VARCHAR", "BIGINT", "VARCHAR", "BIGINT", "VARCHAR", "VARCHAR", "DOUBLE", "DOUBLE", "JSON", "JSON",
            "DOUBLE", "VARCHAR",
        ],
        "runs": [
            "VARCHAR", "TIMESTAMP", "TIMESTAMP", "VARCHAR", "VARCHAR", "VARCHAR", "VARCHAR", "VARCHAR", "BIGINT",
            "BIGINT", "BIGINT", "BIGINT", "BIGINT", "DOUBLE", "VARCHAR", "BIGINT", "BIGINT", "DOUBLE",
            "DOUBLE", "BIGINT", "DOUBLE", "VARCHAR", "BIGINT", "DOUBLE",
        ],
    }  # fmt: skip


def test_views_of_an_empty_log_are_empty(log):
    """A log whose only run has just begun breaks no view."""
    record(log, "a-1", [make_run_started()])
    counts = {view.name: query(log.path, f"SELECT count(*) FROM {view.name}").rows[0][0] for view in VIEWS}
    assert counts == {name: int(name == "runs") for name in counts}


def test_choices(log):
    """One row a choice, its value as text and, if it is a number, as a number."""
    path = (
        ("act", "relu"),
        ("width", 16),
        ("rate", 1e-3),
        ("bias", True),
        ("init", "NaN"),
        ("big", 10**20),
        ("a'b", "é"),
    )
    record(log, "a-1", [make_run_started(), Proposed(0, path, EPOCH), Proposed(1, (), EPOCH)])
    assert query(log.path, "SELECT * FROM choices ORDER BY trial, position").rows == [
        ("a-1", 0, 1, "act", "relu", None),
        ("a-1", 0, 2, "width", "16", 16.0),
        ("a-1", 0, 3, "rate", "0.001", 0.001),
        ("a-1", 0, 4, "bias", "true", None),
        ("a-1", 0, 5, "init", "NaN", None),
        ("a-1", 0, 6, "big", "100000000000000000000", 1e20),
        ("a-1", 0, 7, "a'b", "é", None),
    ]


def test_a_budget_that_nothing_reads_is_null(log):
    """In the runs whose evaluation says so, and in those alone; others may say nothing of it."""
    started = make_run_started()
    for name, evaluator in (("a-1", {"ignores_budget": True}), ("a-2", {"ignores_budget": False}), ("a-3", {})):
        is_read = not evaluator.get("ignores_budget", False)  # as earlier releases logged it, not by a field of its own
        begun = evolve(started, evaluator={"kind": "function", **evaluator}, reads_budget=is_read)
        assert '"reads_budget"' not in event_to_json(begun)[1]
        record(log, name, [begun, Proposed(0, (), EPOCH)])
    assert query(log.path, "SELECT run, budget, unit FROM trials ORDER BY run").rows == [
        ("a-1", None, None),
        ("a-2", 1.0, "epochs"),
        ("a-3", 1.0, "epochs"),
    ]


def test_a_run_says_itself_whether_its_budget_is_read(log):
    """Whatever the settings of its evaluator say, of which earlier releases logged it alone."""
    for name, is_read, evaluator in (("a-1", False, {}), ("a-2", True, {"ignores_budget": True})):
        started = evolve(make_run_started(), evaluator={"kind": "own", **evaluator}, reads_budget=is_read)
        record(log, name, [started, Proposed(0, (), EPOCH)])
    rows = query(log.path, "SELECT run, budget, unit FROM trials ORDER BY run").rows
    assert rows == [("a-1", None, None), ("a-2", 1.0, "epochs")]


def test_scores_and_trials(log):
    """Scores come in the order of telling; a trial has its status, budget and spent time."""
    promoted = Proposed(2, (("width", 1),), Budget(30, "seconds"), 0)
    told = [*make_trial_events(1, 0.7)[1:], *make_trial_events(0, 0.6)[1:]]
    record(
        log,
        "a-1",
        [make_run_started(), make_trial_events(0)[0], make_trial_events(1)[0], *told, promoted, AttemptStarted(2, 1)],
    )
    assert query(log.path, "SELECT n, trial, status, score, metrics, time FROM scores ORDER BY n").rows == [
        (1, 1, "ok", 0.7, '{"accuracy":0.7}', at(7)),
        (2, 0, "ok", 0.6, '{"accuracy":0.6}', at(11)),
    ]
    columns = "trial, proposed, status, score, budget, unit, continues, attempts, seconds"
    assert query(log.path, f"SELECT {columns} FROM trials ORDER BY trial").rows == [
        (0, at(2), "ok", 0.6, 1.0, "epochs", None, 1, 1.5),
        (1, at(3), "ok", 0.7, 1.0, "epochs", None, 1, 1.5),
        (2, at(12), "in_flight", None, 30.0, "seconds", 0, 1, 0.0),
    ]
    assert query(log.path, "SELECT path FROM trials WHERE trial = 2").rows == [('[["width",1]]',)]


def test_curves(log):
    """One row a metric of an epoch, whatever the metric's name and value."""
    reports = [
        Reported(0, 1, 1, {"loss": 0.5, "top-5 'x'": 1.0}),
        Reported(0, 1, 2, {"loss": math.inf}),
        Reported(0, 1, 3, {}),
    ]
    record(log, "a-1", [make_run_started(), *make_trial_events(0)[:2], *reports])
    assert query(log.path, "SELECT * FROM curves ORDER BY epoch, metric").rows == [
        ("a-1", 0, 1, 1, "loss", 0.5, at(4)),
        ("a-1", 0, 1, 1, "top-5 'x'", 1.0, at(4)),
        ("a-1", 0, 1, 2, "loss", math.inf, at(5)),
    ]


def test_metrics(log):
    """One row a metric of the attempt that was scored; what is for people only is there, an earlier attempt is not."""
    first = [AttemptStarted(0, 1), AttemptEnded(0, 1, "crashed", 1.0, {"accuracy": 0.1}), AttemptStarted(0, 2)]
    last = [AttemptEnded(0, 2, "ok", 1.0, {"accuracy": 0.5, "test_a'b": math.inf}), Scored(0, "ok", 0.5)]
    running = [make_trial_events(1)[0], AttemptStarted(1, 1), AttemptEnded(1, 1, "crashed", 1.0, {"accuracy": 0.2})]
    record(log, "a-1", [make_run_started(), make_trial_events(0)[0], *first, *last, *running])
    assert query(log.path, "SELECT * FROM metrics ORDER BY metric").rows == [
        ("a-1", 0, 2, "accuracy", 0.5),
        ("a-1", 0, 2, "test_a'b", math.inf),
    ]


def test_nan_breaks_no_view(log):
    """A diverged trial's NaN is a NaN in the curves, and no incumbent."""
    nan = {"accuracy": math.nan}
    diverged = [Reported(0, 1, 1, nan), AttemptEnded(0, 1, "diverged", math.nan, nan), Scored(0, "diverged", None, nan)]
    record(
        log,
        "a-1",
        [
            make_run_started(),
            *make_trial_events(0)[:2],
            *diverged,
            *make_trial_events(1, 0.1),
            *make_trial_events(2)[:4],
            Scored(2, "ok", math.nan),
        ],
    )
    assert math.isnan(query(log.path, "SELECT value FROM curves WHERE trial = 0").rows[0][0])
    assert math.isnan(query(log.path, "SELECT seconds FROM attempts WHERE trial = 0").rows[0][0])
    assert query(log.path, "SELECT trial, score FROM incumbents").rows == [(1, 0.1)]
    assert query(log.path, "SELECT scored, best_trial, best FROM runs").rows == [(3, 1, 0.1)]


def test_numbers_beyond_64_bits_break_no_view(log):
    """What SQL's integers cannot hold is NULL."""
    record(
        log,
        "a-1",
        [
            make_run_started(seed=2**70, trials=2**70),
            make_trial_events(0)[0],
            AttemptStarted(0, 2**70),
            Reported(0, 1, 2**70, {"a": 1}),
        ],
    )
    assert query(log.path, "SELECT seed, target FROM runs").rows == [(None, None)]
    assert query(log.path, "SELECT attempt FROM attempts").rows == [(None,)]
    assert query(log.path, "SELECT epoch, value FROM curves").rows == [(None, 1.0)]


@pytest.mark.parametrize(
    ("direction", "expected"),
    [("maximize", [(1, 0, 0.5), (3, 2, 0.7)]), ("minimize", [(1, 0, 0.5), (2, 1, 0.3), (5, 4, -math.inf)])],
)
def test_incumbents_honour_the_direction(log, direction, expected):
    """A row each time the best strictly improved, in the run's own direction; ties are none."""
    scores = [0.5, 0.3, 0.7, 0.7, -math.inf]
    events = [event for number, score in enumerate(scores) for event in make_trial_events(number, score)]
    record(log, "a-1", [make_run_started(direction=direction), *events])
    record(log, "b-1", [make_run_started(direction="maximize"), *make_trial_events(0, 0.9)])
    assert query(log.path, "SELECT n, trial, score FROM incumbents WHERE run = 'a-1' ORDER BY n").rows == expected
    best = query(log.path, "SELECT best_trial, best FROM runs ORDER BY run").rows
    assert best == [expected[-1][1:], (0, 0.9)]


def test_what_stopped_an_attempt(log):
    """By which rule, after which epoch and why; nothing of one that came to its end."""
    patient = AttemptEnded(
        0, 1, "ok", 2.5, {"accuracy": 0.5}, stopped=EarlyStop("patience", 7, "no better for 3 epochs")
    )
    ends = [patient, AttemptEnded(1, 1, "ok", 1.0, {"accuracy": 0.5})]
    attempts = [event for n, end in enumerate(ends) for event in (make_trial_events(n)[0], AttemptStarted(n, 1), end)]
    record(log, "a-1", [make_run_started(), *attempts])
    assert query(log.path, "SELECT trial, stopped_by, stopped_at, why FROM attempts ORDER BY trial").rows == [
        (0, "patience", 7, "no better for 3 epochs"),
        (1, None, None, None),
    ]


def test_attempts(log):
    """Each attempt has its end, or the reason why it has none."""
    crashed = AttemptEnded(0, 1, "crashed", 2.5, error="signal 9")
    history = [
        make_run_started(), make_trial_events(0)[0], make_trial_events(1)[0],
        AttemptStarted(0, 1), crashed, AttemptStarted(1, 1),
        RunResumed(10, {}), AttemptStarted(1, 2), RunStopped("interrupted"),
        RunResumed(10, {}), AttemptStarted(1, 3),
    ]  # fmt: skip
    record(log, "a-1", history)
    record(log, "b-1", [make_run_started(), make_trial_events(0)[0], AttemptStarted(0, 1), AttemptStarted(0, 2)])
    assert query(
        log.path,
        "SELECT * EXCLUDE (stopped_by, stopped_at, why, clock_started, clock_ended) FROM attempts ORDER BY ALL",
    ).rows == [
        ("a-1", 0, 1, at(4), at(5), "crashed", 2.5, "signal 9"),
        ("a-1", 1, 1, at(6), None, "interrupted", None, None),
        ("a-1", 1, 2, at(8), None, "interrupted", None, None),
        ("a-1", 1, 3, at(11), None, "running", None, None),
        ("b-1", 0, 1, at(3), None, "interrupted", None, None),  # a fork lacks the resumption, not the next attempt
        ("b-1", 0, 2, at(4), None, "running", None, None),
    ]


def test_runs(log):
    """A run's row says what it is, how far it went and why its last process left."""
    record(log, "a-1", make_run_events(2))
    record(
        log,
        "b-1",
        [
            make_run_started(trials=2, seed=2**70),
            *make_trial_events(0, 0.9),
            RunStopped("failing"),
            RunResumed(40, {}),
            make_trial_events(1)[0],
        ],
    )
    fork_run(log, "a-1", 6, "c-1", make_run_started(seed=7), clock=lambda: 99.0)
    columns = (
        "run, status, space, searcher, metric, direction, seed, target, proposed, scored, best_trial, best, events"
    )
    assert query(log.path, f"SELECT {columns} FROM runs ORDER BY run").rows == [
        ("a-1", "finished", "toy", "random", "accuracy", "maximize", 0, 2, 2, 2, 0, 0.5, 12),
        ("b-1", "open", "toy", "random", "accuracy", "maximize", None, 40, 2, 1, 0, 0.9, 9),
        ("c-1", "open", "toy", "random", "accuracy", "maximize", 7, 10, 1, 1, 0, 0.5, 6),
    ]
    assert query(log.path, "SELECT run, started, latest, forked_from, forked_at FROM runs ORDER BY run").rows == [
        ("a-1", at(1), at(12), None, None),
        ("b-1", at(1), at(9), None, None),
        ("c-1", datetime(1970, 1, 1, 0, 1, 39), datetime(1970, 1, 1, 0, 1, 39), "a-1", 6),
    ]
    assert ForkPoint("a-1", 6, 5, 5.0) == log.read("c-1")[0].event.forked_from
