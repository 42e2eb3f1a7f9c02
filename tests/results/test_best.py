"""The best trials of a long run: found without parsing the others."""

import pytest
from attrs import evolve

from archwright.core.budget import Budget
from archwright.execution.checks import BadArgument
from archwright.results.describing import describe_best_trials
from archwright.results.log import Log
from archwright.search.running.run_view import view_best_trials, view_run
from archwright.store import chain
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.errors import LogIsDamaged, NoSuchRun
from archwright.store.events import AttemptEnded, AttemptStarted, Proposed, RunResumed, RunStopped, Scored
from archwright.store.log import START
from tests.store.strategies import make_run_started

EPOCH = Budget(1, "epochs")
SCORES = (0.5, 0.25, None, 0.75, 0.75, 0.125)  # of trials 0, 1 ...; 4 continues 1, which continues 0
CONTINUED = {1: 0, 4: 1}


def generate_events(direction):
    yield make_run_started(direction=direction, trials=6)
    for trial, score in enumerate(SCORES):
        yield Proposed(trial, (("a", trial),), EPOCH, CONTINUED.get(trial))
        yield AttemptStarted(trial, 1)
        if trial == 3:
            yield RunResumed(6, {})
            yield AttemptStarted(trial, 2)
        status, metrics = "ok" if score is not None else "crashed", {} if score is None else {"accuracy": score}
        yield AttemptEnded(trial, 1, status, 2.0, metrics)
        yield Scored(trial, status, score, metrics)
    yield Proposed(6, (("a", 6),), EPOCH)
    yield RunStopped("interrupted")


@pytest.fixture(params=["maximize", "minimize"])
def path(tmp_path, request):
    log = DuckDBLog(tmp_path / "log.duckdb")
    log.append("run", list(generate_events(request.param)), START)
    return log.path


@pytest.mark.parametrize("n", [1, 2, 3, 5, 9])
def test_they_are_what_the_whole_run_says(path, n):
    whole, some = view_run(path, "run"), view_best_trials(path, "run", n)
    assert describe_best_trials(some, n) == describe_best_trials(whole, n)
    assert (some.status, some.name, some.run.space) == (whole.status, whole.name, whole.run.space)
    assert some.run.position == whole.run.position


def test_of_the_others_only_the_scores_are_parsed(path, monkeypatch):
    """Of a run of its own events, two trials at most of six, and everybody's score."""
    kinds = []

    def count(kind, payload):
        kinds.append(kind)
        return event_from_json(kind, payload)

    event_from_json = chain.event_from_json
    monkeypatch.setattr(chain, "event_from_json", count)
    best = view_best_trials(path, "run", 1)
    others = len(best.run.state.trials)
    assert kinds.count("Scored") == len(SCORES) + others
    assert kinds.count("AttemptEnded") == others
    assert kinds.count("Proposed") == 2 * others


def test_all_of_it_is_checked(path, monkeypatch):
    """Also what is not parsed."""
    rows = DuckDBLog(path).rows("run")
    broken = [row._replace(payload="{}") if row.kind == "AttemptStarted" else row for row in rows]
    monkeypatch.setattr("archwright.store.duckdb_log.read_rows", lambda *_: broken)
    with pytest.raises(LogIsDamaged, match="event 3 of run is broken"):
        view_best_trials(path, "run", 1)


def test_of_no_trials(tmp_path):
    log = DuckDBLog(tmp_path / "log.duckdb")
    log.append("run", [evolve(make_run_started(), trials=3)], START)
    assert Log(log.path).describe_best("run") == {
        "run": "run",
        "trials": [],
        "has_several_budgets": False,
        "left_out": "",
    }


def test_a_log_has_them_as_records(path):
    """Of a run by its name, or of the last one."""
    log = Log(path)
    assert log.describe_best("run", 2) == log.describe_best(n=2) == describe_best_trials(view_run(path, "run"), 2)
    assert [trial["trial"] for trial in log.describe_best(n=2)["trials"]] == [
        trial.number for trial in log["run"].best(2)
    ]
    with pytest.raises(BadArgument, match="n is 0"):
        log.describe_best(n=0)
    with pytest.raises(NoSuchRun, match="did you mean run"):
        log.describe_best("runs")
