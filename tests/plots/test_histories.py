"""The searches of a log as arrays."""

from contextlib import contextmanager

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from archwright.core.budget import Budget
from archwright.core.protocols import EarlyStop
from archwright.plots import histories as module
from archwright.plots.histories import (
    NothingToCompare,
    explain_missing_scores,
    group_by_label,
    read_histories,
    stack_rows,
)
from archwright.search.running.loop import NothingScored
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import AttemptEnded, AttemptStarted, Event, Proposed, Scored
from archwright.store.fold import fold_events
from archwright.store.log import START
from archwright.store.query import query
from tests.comparison_logs import log_search, log_searches
from tests.search.instant import make_started

NAN = np.nan


@pytest.fixture
def log(tmp_path) -> DuckDBLog:
    log = DuckDBLog(tmp_path / "log.duckdb")
    scores = {"a.random.0": [0.1, 0.5, None, 0.4], "a.mcts.1": [None, 0.9, 0.1, 0.7], "b.random.0": [None, None]}
    log_searches(log, scores)
    return log


def test_histories_by_hand(log):
    """The best so far, NaN where a trial failed, and the test accuracy of the incumbent."""
    first, other = read_histories(log.path, ["a.*"])
    assert (first.run, first.label) == ("a.random.0", "random")
    np.testing.assert_array_equal(first.scores, [0.1, 0.5, NAN, 0.4])
    np.testing.assert_array_equal(first.best, [0.1, 0.5, 0.5, 0.5])
    np.testing.assert_allclose(first.best_tests, [0.0, 0.4, 0.4, 0.4])
    np.testing.assert_array_equal(other.best, [NAN, 0.9, 0.9, 0.9])
    assert first.seconds.sum() == 40


def test_less_is_better_where_the_objective_says_so(log):
    log_search(log, "c.random.0", [0.3, 0.5, 0.2], "minimize")
    (history,) = read_histories(log.path, ["c.random.0"])
    np.testing.assert_array_equal(history.best, [0.3, 0.3, 0.2])


def test_a_trial_takes_the_time_of_all_its_attempts(log):
    """Two that were killed after 5 and 7 seconds, and one of 10 that ended."""
    log_search(log, "c.random.0", [0.3, 0.5], seconds=(5.0, 7.0, 10.0))
    (history,) = read_histories(log.path, ["c.random.0"])
    assert history.seconds.tolist() == [22.0, 22.0]
    np.testing.assert_allclose(history.tests, [0.2, 0.4])


def test_only_the_trials_of_the_named_runs_are_read(log, monkeypatch):
    """However many others the log has."""
    read = []

    @contextmanager
    def spied(path):
        with module_questions(path) as ask:

            def spy(*arguments):
                table = ask(*arguments)
                read.extend(table.rows)
                return table

            yield spy

    module_questions = module.open_snapshot
    monkeypatch.setattr(module, "open_snapshot", spied)
    read_histories(log.path, ["b.random.0"])
    assert [row[0] for row in read if len(row) == 12 and isinstance(row[2], float)] == ["b.random.0"] * 2


def test_runs_come_once_in_the_order_of_starting(log):
    histories = read_histories(log.path, ["b.random.0", "a.*", "a.mcts.1"])
    assert [history.run for history in histories] == ["a.random.0", "a.mcts.1", "b.random.0"]


def test_a_run_without_trials_has_no_scores(log):
    log_search(log, "c.random.0", [])
    (history,) = read_histories(log.path, ["c.random.0"])
    assert (len(history.scores), history.has_score, history.best.tolist()) == (0, False, [])


def test_what_is_wrong_is_named(log):
    with pytest.raises(NothingToCompare, match=r"no run 'c\.\*'"):
        read_histories(log.path, ["c.*"])
    with pytest.raises(NothingToCompare, match=r"no run 'a\.random\.1'; did you mean a\.random\.0"):
        read_histories(log.path, ["a.random.1"])
    log_search(log, "c.random.0", [0.5], "minimize")
    with pytest.raises(NothingToCompare, match="different things"):
        group_by_label(read_histories(log.path, ["*.random.*"]))


def test_searches_without_a_score_say_why(log):
    histories = read_histories(log.path, ["b.*"])
    error = explain_missing_scores(log.path, "random", histories)
    assert isinstance(error, NothingScored)
    assert str(error) == "no trial of random has a score; trial 0 of b.random.0 crashed: trial 0 of b.random.0 is ill"
    log_search(log, "c.random.0", [])
    error = explain_missing_scores(log.path, "c.*", read_histories(log.path, ["c.*"]))
    assert not isinstance(error, NothingScored)
    command = f"archwright resume c.random.0 --log {log.path}"
    call = f"aw.resume('c.random.0', log={str(log.path)!r})"
    assert str(error) == f"there is no scored trial of c.* yet; go on with: {command} ({call} in Python)"


def test_rows_by_hand():
    """Where a search has no more values there is nothing, or its last value stays."""
    values = [np.array([1.0, 2.0, 3.0]), np.array([4.0]), np.array([])]
    np.testing.assert_array_equal(stack_rows(values), [[1, 2, 3], [4, NAN, NAN], [NAN] * 3])
    np.testing.assert_array_equal(stack_rows(values, 2), [[1, 2], [4, NAN], [NAN] * 2])
    np.testing.assert_array_equal(stack_rows(values, 4, repeat_last=True), [[1, 2, 3, 3], [4] * 4, [NAN] * 4])


@st.composite
def draw_trials(draw) -> list[Event]:
    """Trials that go on with others that have ended, some of which ended early or crashed, in one unit."""
    unit = draw(st.sampled_from(["epochs", "seconds"]))
    events: list[Event] = [evolve(make_started(100), budget=Budget(9, unit))]
    for trial in range(draw(st.integers(1, 6))):
        continued = draw(st.none() | st.integers(0, trial - 1)) if trial else None
        promoted = draw(st.sampled_from([None, continued]))
        stop = EarlyStop("patience", draw(st.integers(1, 30)), "no better") if draw(st.booleans()) else None
        status = draw(st.sampled_from(["ok", "crashed"]))
        events.append(Proposed(trial, (), Budget(draw(st.integers(1, 27)), unit), continued, promotes=promoted))
        for attempt in range(1, draw(st.integers(1, 2)) + 1):
            events.append(AttemptStarted(trial, attempt))
            events.append(AttemptEnded(trial, attempt, status, 1.0, {"accuracy": 0.5}, stopped=stop))
        events.append(Scored(trial, status, 0.5 if status == "ok" else None))
    return events


@settings(max_examples=20, deadline=None)
@given(draw_trials())
def test_what_was_spent_is_the_same_wherever_it_is_counted(tmp_path_factory, events):
    """In the state of the run, in the views of its log, and in figures."""
    log = DuckDBLog(tmp_path_factory.mktemp("log") / "log.duckdb")
    log.append("run", events, START)
    state = fold_events(events)
    (history,) = read_histories(log.path, ["run"])
    rows = query(log.path, "SELECT spent FROM trials ORDER BY trial").rows
    assert [spent for (spent,) in rows] == [trial.spent for _, trial in sorted(state.trials.items())]
    assert state.spent == sum(spent for (spent,) in rows)
    assert history.measure("total").tolist() == np.cumsum([spent for (spent,) in rows]).tolist()


def test_a_clock_that_a_log_has_from_some_trial_on_goes_on_from_the_seconds_before():
    """As a table's log of before there was a clock, resumed."""
    clocks, seconds = np.array([NAN, NAN, 60.0, NAN, 75.0]), np.cumsum([10.0, 20.0, 30.0, 5.0, 15.0])
    times = module._choose_times(clocks, seconds, seconds * 0, simulates_time=True)
    assert times.tolist() == [10.0, 30.0, 60.0, 60.0, 75.0]
    assert module._choose_times(clocks * NAN, seconds, seconds * 0, simulates_time=True).tolist() == seconds.tolist()
