"""Many searches into one log."""

import time
from functools import partial
from pathlib import Path

import pytest
from attrs import evolve, frozen

from archwright.core.ends import RunEnds
from archwright.search.named import SEARCHER_KIND
from archwright.search.running.callbacks import RunCallbacks, StopRequest
from archwright.search.running.compare import (
    ComparedSearch,
    SearchDiffers,
    SearchJob,
    plan_comparison,
    run_search,
    run_searches,
)
from archwright.search.running.process_pool import ProcessDied
from archwright.search.running.revisions import find_mismatches
from archwright.search.running.runs import read_run, resume_run, start_run
from archwright.search.searchers.random_search import RandomSearch
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import AttemptEnded, AttemptStarted, Proposed, RunResumed, RunStopped, Scored
from archwright.store.log import START
from archwright.store.needed import CODE_KEY
from archwright.store.verify import verify_log
from tests.paths import ROOT
from tests.search.instant import InstantEvaluator, make_started
from tests.search.running.test_loop import events_of, start_loop
from tests.search.steered import SteeredEvaluator, open_broken_evaluator
from tests.store.memory_log import MemoryLog

LABELS = ("random", "again")  # of two searchers that are both random


@pytest.fixture
def log(tmp_path) -> DuckDBLog:
    return DuckDBLog(tmp_path / "log.duckdb")


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    """The processes of a comparison import what is to be run: here, from the tests."""
    monkeypatch.syspath_prepend(str(ROOT))


def is_whole(log) -> bool:
    return all(verdict.broken is None for verdict in verify_log(log.path))


def make_labelled(trials) -> dict:
    return {label: make_started(trials) for label in LABELS}


def make_starts(trials, names) -> dict:
    return {name: evolve(make_started(trials), searcher={"name": name}) for name in names}


def strip_versions(events) -> list:
    """Events without the versions that they name."""
    return [evolve(e, versions={}) if isinstance(e, RunResumed) else e for e in events]


def test_a_plan_names_every_search():
    searches = plan_comparison("c", make_labelled(5), 3)
    assert [search.run for search in searches] == [f"c.{label}.{seed}" for seed in range(3) for label in LABELS]
    assert [search.started.seed for search in searches] == [0, 0, 1, 1, 2, 2]


def test_every_search_is_logged_whole_and_is_what_it_would_be_alone(log):
    """Over two processes: each run is verified, and proposes what a run of its seed proposes anywhere."""
    searches = plan_comparison("c", make_labelled(6), 3)
    done = list(run_searches(log, searches, partial(InstantEvaluator, 2), processes=2))
    assert sorted(search.run for search in done) == sorted(log.runs()) == sorted(search.run for search in searches)
    assert is_whole(log)
    for search in searches:
        events = read_run(log, search.run).events
        assert read_run(log, search.run).state.score_count == 6
        assert not list(find_mismatches(events))
    alone = MemoryLog()
    start_loop(alone, InstantEvaluator(), trials=6)
    paths = [e.path for e in read_run(log, "c.random.0").events if isinstance(e, Proposed)]
    assert paths == [e.path for e in events_of(alone) if isinstance(e, Proposed)]


def test_a_searcher_that_no_other_process_can_import_goes_to_those_that_search(log):
    """As of a notebook; also on going on, where what it has proposed is proposed again."""

    @frozen
    class Own(RandomSearch):
        name = "own"

    logged = SEARCHER_KIND.value_to_json(Own())
    assert CODE_KEY in logged
    for trials in (3, 5):
        searches = plan_comparison("c", {"own": evolve(make_started(trials), searcher=logged)}, 2, {"own": Own()})
        assert all(search.load_searcher() == Own() for search in searches)
        assert len(list(run_searches(log, searches, InstantEvaluator, processes=2))) == 2
    for search in searches:
        run = read_run(log, search.run)
        assert (run.state.score_count, run.started.searcher) == (5, logged)
    assert is_whole(log)


def run_whole_search(started) -> list:
    """The events of a whole search that is run here."""
    log = MemoryLog()
    log.append_all([run_search(InstantEvaluator, Path("log.duckdb"), SearchJob(ComparedSearch("run", started), []))])
    return events_of(log)


@pytest.mark.slow
def test_searches_with_more_trials_go_on_as_if_they_were_resumed(log, tmp_path):
    """The log says of them what it says of runs that were resumed alone; they propose what was proposed at one go."""
    alone = DuckDBLog(tmp_path / "alone.duckdb")
    for trials in (3, 5, 7):
        searches = plan_comparison("c", make_starts(trials, ["random", "mcts"]), 1)
        assert len(list(run_searches(log, searches, InstantEvaluator, processes=1))) == 2
        for search in searches:
            if trials == 3:
                start_run(alone, search.run, search.started, InstantEvaluator())
            else:
                resume_run(alone, search.run, InstantEvaluator(), ends=RunEnds(trials=trials))
    assert is_whole(log)
    for search in searches:
        run = read_run(log, search.run)
        assert strip_versions(run.events) == strip_versions(read_run(alone, search.run).events)
        assert run.state.score_count == 7
        assert not list(find_mismatches(run.events))
        at_one_go = [e.path for e in run_whole_search(search.started) if isinstance(e, Proposed)]
        assert [e.path for e in run.events if isinstance(e, Proposed)] == at_one_go


def test_a_search_that_was_killed_in_a_trial_goes_on_with_another_attempt_at_it(log, tmp_path):
    """As `resume` does: what was under way runs again, under its number."""
    (search,) = plan_comparison("c", make_starts(9, ["mcts"]), 1)
    events = run_whole_search(evolve(search.started, trials=6))
    killed = next(i for i, e in enumerate(events) if isinstance(e, AttemptEnded) and e.trial == 4)
    alone = DuckDBLog(tmp_path / "alone.duckdb")
    for some_log in (log, alone):
        some_log.append(search.run, events[:killed], START)
    assert list(run_searches(log, [search], InstantEvaluator, processes=1)) == [search]
    resume_run(alone, search.run, InstantEvaluator(), ends=RunEnds(trials=9))
    run = read_run(log, search.run)
    assert strip_versions(run.events) == strip_versions(read_run(alone, search.run).events)
    assert [e.attempt for e in run.events if isinstance(e, AttemptStarted) and e.trial == 4] == [1, 2]
    assert run.state.score_count == 9
    assert is_whole(log)
    assert not list(find_mismatches(run.events))


def test_a_search_that_comes_out_otherwise_now_is_not_gone_on_with(log):
    """A score in the log is another one: the first place is named, and nothing is appended."""
    (search,) = plan_comparison("c", make_starts(6, ["random"]), 1)
    other = {"score": 0.123, "metrics": {"accuracy": 0.123}}
    events = [
        evolve(e, **other) if isinstance(e, Scored) and e.trial == 2 else e
        for e in run_whole_search(evolve(search.started, trials=4))
    ]
    log.append(search.run, events, START)
    with pytest.raises(SearchDiffers, match=r"c\.random\.0 .*Scored\(trial=2.*0\.123.*another --name") as raised:
        list(run_searches(log, [search], InstantEvaluator, processes=1))
    assert f"archwright replay c.random.0 --verify --log {log.path} (aw.Log(" in str(raised.value)
    assert read_run(log, search.run).state.score_count == 4


@pytest.mark.slow
def test_a_search_whose_trials_keep_failing_ends_and_no_other_one_does(log, tmp_path):
    """After five failures in a row; the same again goes on with it, as a resume would."""
    (tmp_path / "ill").touch()
    searches = plan_comparison("c", make_labelled(20), 2)
    assert len(list(run_searches(log, searches, partial(SteeredEvaluator, tmp_path), processes=2))) == 4
    for search in searches:
        run = read_run(log, search.run)
        assert run.state.score_count == 7
        assert run.events[-1] == RunStopped("failing", "trial 2, the first of them, was invalid: trial 2 is ill")
    assert len(list(run_searches(log, searches[:1], partial(SteeredEvaluator, tmp_path), processes=1))) == 1
    assert read_run(log, searches[0].run).state.score_count == 12
    assert is_whole(log)


def test_a_comparison_that_is_stopped_goes_on_where_it_was(log, tmp_path):
    """What is logged is whole, and only the others are run again."""
    searches = plan_comparison("c", make_labelled(4), 20)
    finished: list = []
    get_stop_request = lambda: StopRequest.GRACEFUL if finished else StopRequest.NONE  # noqa: E731
    for search in run_searches(
        log, searches, partial(SteeredEvaluator, tmp_path), processes=1, get_stop_request=get_stop_request
    ):
        finished.append(search)  # noqa: PERF402  (stop looks at it meanwhile)
    assert 1 <= len(finished) < len(searches)
    assert sorted(log.runs()) == sorted(search.run for search in finished)
    assert all(read_run(log, search.run).state.score_count == 4 for search in finished)
    rest = [search for search in searches if search not in finished]
    assert len(list(run_searches(log, rest, InstantEvaluator, processes=1))) == len(rest)
    assert len(log.runs()) == len(searches)


@pytest.mark.slow
def test_searches_that_take_long_come_to_their_end_when_a_person_wants_to_stop_soon(log, tmp_path):
    """One in each process, which would be given up if it were not waited for; no other one is begun."""
    (tmp_path / "held").touch()
    searches = plan_comparison("c", make_labelled(3), 10)
    said: list[StopRequest] = []

    def get_stop_request() -> StopRequest:
        """Soon, once each process is in a search; these go on when that has been heard."""
        if len(said) > 1:
            (tmp_path / "held").unlink(missing_ok=True)
        if len(list(tmp_path.glob("begun-*"))) == 2:
            said.append(StopRequest.GRACEFUL)
        return said[-1] if said else StopRequest.NONE

    done = list(
        run_searches(log, searches, partial(SteeredEvaluator, tmp_path), processes=2, get_stop_request=get_stop_request)
    )
    assert len(done) == 2
    assert all(read_run(log, search.run).state.score_count == 3 for search in done)


def test_what_runs_is_given_up_when_a_person_wants_to_stop_at_once(log, tmp_path):
    (tmp_path / "slow").touch()
    searches = plan_comparison("c", make_labelled(1000), 1)
    get_stop_request = lambda: StopRequest.IMMEDIATE if list(tmp_path.glob("begun-*")) else StopRequest.NONE  # noqa: E731
    began = time.monotonic()
    assert (
        list(
            run_searches(
                log, searches, partial(SteeredEvaluator, tmp_path), processes=2, get_stop_request=get_stop_request
            )
        )
        == []
    )
    assert time.monotonic() - began < 500  # of the 1,000 that it would take
    assert not log.path.exists()


@pytest.mark.slow
def test_a_process_that_is_killed_loses_no_search_that_was_done(log, tmp_path):
    """It is told, and the same again does the rest."""
    searches = plan_comparison("c", make_labelled(5), 20)
    done: list = []

    def run() -> None:
        for search in run_searches(log, searches, partial(SteeredEvaluator, tmp_path), processes=1):
            done.append(search)
            (tmp_path / "deadly").touch()

    with pytest.raises(ProcessDied, match="killed by SIGKILL"):
        run()
    (tmp_path / "deadly").unlink()
    assert 1 <= len(done) < len(searches)
    assert sorted(log.runs()) == sorted(search.run for search in done)
    rest = [search for search in searches if search not in done]
    assert len(list(run_searches(log, rest, partial(SteeredEvaluator, tmp_path), processes=1))) == len(rest)
    assert is_whole(log)


def test_what_an_evaluator_raises_is_raised(log):
    with pytest.raises(ZeroDivisionError):
        list(
            run_searches(
                log,
                plan_comparison("c", make_labelled(5), 1),
                open_broken_evaluator,
                processes=1,
            )
        )


def test_a_run_that_was_stopped_on_the_way_goes_on_to_its_end(log):
    """By `archwright resume` and Ctrl-C, say: with some of its trials."""
    (search,) = plan_comparison("c", make_starts(8, ["mcts"]), 1)
    seen: list = []
    get_stop_request = lambda: StopRequest.GRACEFUL if len(seen) > 12 else StopRequest.NONE  # noqa: E731
    callbacks = RunCallbacks(get_stop_request, seen.append)
    assert start_run(log, search.run, search.started, InstantEvaluator(), callbacks=callbacks).reason == "interrupted"
    before = read_run(log, search.run).state.score_count
    assert 0 < before < 8
    list(run_searches(log, [search], InstantEvaluator, processes=1))
    run = read_run(log, search.run)
    assert run.state.score_count == 8
    assert not list(find_mismatches(run.events))
