"""Runs in a log on disk."""

import pytest
from attrs import evolve

import archwright as aw
from archwright.core.ends import RunEnds
from archwright.core.json import to_json
from archwright.search.running.runs import SpaceChanged, collect_versions, read_run, resume_run, start_run
from archwright.store.claim import claim
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.errors import LogConflict, RunIsBusy
from archwright.store.events import RunStopped, Scored
from tests.search.instant import LAYER, SPACE, InstantEvaluator, make_started


@pytest.fixture
def log(tmp_path) -> DuckDBLog:
    return DuckDBLog(tmp_path / "log.duckdb")


def test_start_and_resume(log):
    assert start_run(log, "a-1", make_started(3), InstantEvaluator(2)).reason == "finished"
    assert resume_run(log, "a-1", InstantEvaluator(), ends=RunEnds(trials=5)).reason == "finished"
    run = read_run(log, "a-1")
    assert run.state.score_count == 5
    assert isinstance(run.events[-1], RunStopped)
    assert run.position.seq == len(run.events)


def test_logged_up_to_an_event_is_what_was_known_then(log):
    start_run(log, "a-1", make_started(4), InstantEvaluator())
    scores = [i for i, event in enumerate(read_run(log, "a-1").events, start=1) if isinstance(event, Scored)]
    for n, seq in enumerate(scores, start=1):
        assert read_run(log, "a-1", seq).state.score_count == n
        assert read_run(log, "a-1", seq - 1).state.score_count == n - 1


def test_second_coordinator_is_refused_and_changes_nothing(log):
    start_run(log, "a-1", make_started(3), InstantEvaluator())
    before = read_run(log, "a-1").events
    with claim(log.path, "a-1"), pytest.raises(RunIsBusy, match="a-1"):
        resume_run(log, "a-1", InstantEvaluator(), ends=RunEnds(trials=5))
    assert read_run(log, "a-1").events == before


def test_second_writer_that_no_lock_kept_out_is_refused(log):
    """On another machine, say, where the lock does not reach: the log itself refuses, and keeps one true history."""
    start_run(log, "a-1", make_started(3), InstantEvaluator())
    stale = read_run(log, "a-1").position
    resume_run(log, "a-1", InstantEvaluator(), ends=RunEnds(trials=5))
    with pytest.raises(LogConflict, match="a-1"):
        log.append("a-1", [RunStopped("interrupted")], stale)
    assert read_run(log, "a-1").state.score_count == 5


def space_with(count) -> aw.Term:
    return evolve(SPACE, children=(SPACE.children[0], aw.repeat(LAYER, count), SPACE.children[2]))


def test_resume_in_a_space_that_still_holds_every_path(log):
    start_run(log, "a-1", make_started(3), InstantEvaluator())
    wider = to_json(space_with([1, 2, 3, 4]))
    resume_run(log, "a-1", InstantEvaluator(), ends=RunEnds(trials=6), space=wider)
    assert read_run(log, "a-1").space == wider
    resume_run(log, "a-1", InstantEvaluator(), ends=RunEnds(trials=7), space=wider)
    assert read_run(log, "a-1").state.score_count == 7


def test_resume_in_a_space_that_lost_a_path_is_refused(log):
    """The error says what differs and which trial does not fit, and nothing is logged."""
    start_run(log, "a-1", make_started(6), InstantEvaluator())
    before = read_run(log, "a-1").events
    with pytest.raises(SpaceChanged, match=r"(?s)count.*was .*\[1, 2\].*trial \d+ is not in the new space"):
        resume_run(log, "a-1", InstantEvaluator(), ends=RunEnds(trials=9), space=to_json(space_with([3, 4])))
    assert read_run(log, "a-1").events == before


def test_versions_name_what_results_depend_on():
    assert {"archwright", "python", "torch", "numpy", "duckdb"} <= set(collect_versions())
