"""What is kept of a run is what the rule says of its log, at every moment, and after any kill."""

from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from archwright.core.ends import RunEnds
from archwright.core.node import root
from archwright.core.objective import Objective
from archwright.core.traversal import sample
from archwright.search.named import SEARCHER_KIND
from archwright.search.running.attempts import derive_training_seed
from archwright.search.running.loop import SearchLoop
from archwright.search.running.retention import ArtifactRetention
from archwright.search.running.revisions import find_mismatches
from archwright.search.running.runs import make_fork_event, read_run, resume_run, start_run
from archwright.search.running.search_state import make_initial_state, replay_search
from archwright.store.artifacts import (
    ArtifactsExist,
    discard_artifacts,
    find_kinds,
    find_trials,
    locate_artifact,
    locate_run_folder,
    write_artifact,
)
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import Proposed, RunResumed, Scored
from archwright.store.fold import RunState, fold_events
from archwright.store.journal import locate_journal
from archwright.store.log import START
from archwright.store.permission import SETTINGS_FOLDER_VARIABLE, trust_source
from tests.search.halving import HALVING
from tests.search.instant import SPACE, InstantEvaluator, make_started, score_job
from tests.search.running.test_loop import Crash, CrashingLog, events_of
from tests.store.memory_log import MemoryLog


class WritingEvaluator(InstantEvaluator):
    """Leaves what its jobs say before it ends them, and may die between."""

    def collect(self, timeout):
        for job in self.jobs:
            for kind in job.artifacts_to_keep if job.artifact_folder is not None else ():
                write_artifact(locate_artifact(job.artifact_folder, job.trial, kind), b"x")
        return super().collect(timeout)


@pytest.fixture(autouse=True)
def halving(monkeypatch, tmp_path_factory):
    """A searcher from outside the package, which logs may name."""
    monkeypatch.setenv(SETTINGS_FOLDER_VARIABLE, str(tmp_path_factory.mktemp("settings")))
    trust_source(HALVING)


def make_first_event(count, keep, searcher="random"):
    return evolve(make_started(count), keep_models=keep, searcher=SEARCHER_KIND.to_json(searcher))


def start_or_resume(log, folder, evaluator, start):
    """Starts the run, or resumes it."""
    retention = ArtifactRetention(folder)
    if not log.runs():
        return SearchLoop(log, "run", START, RunState(), make_initial_state(start), evaluator, retention=retention).run(
            start
        )
    recorded = log.read("run")
    events, event = [entry.event for entry in recorded], RunResumed(start.trials, {})
    search_state = replay_search([*events, event])
    position, state = recorded[-1].position, fold_events(events)
    return SearchLoop(log, "run", position, state, search_state, evaluator, retention=retention).run(event)


def find_trials_to_keep(log):
    """From the log alone: the trials whose models, and those whose checkpoints, are to be there.

    A configuration that was promoted counts once, with its largest budget.
    """
    events = events_of(log)
    ok = [e for e in events if isinstance(e, Scored) and e.status == "ok"]
    budgets = {e.trial: e.budget for e in events if isinstance(e, Proposed)}
    earlier = {e.trial: e.continues for e in events if isinstance(e, Proposed)}
    surpassed = {earlier[e.trial] for e in ok}
    best = sorted(
        (e for e in ok if e.trial not in surpassed),
        key=lambda e: (-budgets[e.trial].amount, -Objective().utility(e.score), e.trial),
    )
    best = best[: fold_events(events).keep_models]
    return {e.trial for e in best}, replay_search(events).promotable & {e.trial for e in ok}


def find_trials_on_disk(folder):
    """The trials whose models, and those whose checkpoints, are in the folder."""
    kinds = {n: find_kinds(folder, n) for n in find_trials(folder)}
    return {n for n in kinds if "model" in kinds[n]}, {n for n in kinds if "state" in kinds[n]}


@given(
    slots=st.integers(1, 3),
    keep=st.integers(0, 3),
    searcher=st.sampled_from(["random", HALVING]),
    crashes=st.lists(st.tuples(st.integers(0, 12), st.booleans()), max_size=2),
)
def test_what_is_there_is_what_the_rule_says_after_any_kill(tmp_path_factory, slots, keep, searcher, crashes):
    """Killed before or after any append, with files of running trials left behind, and resumed."""
    folder, log = tmp_path_factory.mktemp("run") / "run", CrashingLog()
    for crash, after in crashes:
        log.crash, log.after, log.appends = crash, after, 0
        try:
            start_or_resume(log, folder, WritingEvaluator(slots), make_first_event(7, keep, searcher))
        except Crash:
            models, states = find_trials_on_disk(folder)
            if log.runs():  # too many, never too few
                wanted_models, wanted_states = find_trials_to_keep(log)
                assert wanted_models <= models
                assert wanted_states <= states
    log.crash = None
    start_or_resume(log, folder, WritingEvaluator(slots), make_first_event(7, keep, searcher))
    assert find_trials_on_disk(folder) == find_trials_to_keep(log)
    assert not list(folder.rglob("*.tmp"))
    assert not list(find_mismatches(events_of(log)))


def test_a_halving_continues_the_better_half_with_one_seed(tmp_path):
    """4 trials, 2 that continue them, 1 that continues one of those; in the end nothing can be continued."""
    log, evaluator = MemoryLog(), WritingEvaluator()
    start_or_resume(log, tmp_path / "run", evaluator, make_first_event(50, 1, HALVING))
    jobs = {job.trial: job for job in evaluator.seen}
    scores = {e.trial: e.score for e in events_of(log) if isinstance(e, Scored)}
    winners = sorted(range(4), key=lambda n: (-scores[n], n))[:2]
    assert [jobs[n].continues for n in (4, 5)] == winners
    assert [jobs[n].budget.amount for n in range(7)] == [1, 1, 1, 1, 2, 2, 4]
    assert jobs[4].seed == derive_training_seed(0, winners[0])
    assert jobs[6].seed == jobs[jobs[6].continues].seed
    assert all(job.artifacts_to_keep == ("model", "state") for n, job in jobs.items() if n < 6)
    assert jobs[6].artifacts_to_keep == ("model",)
    models, states = find_trials_on_disk(tmp_path / "run")
    assert (len(models), states) == (1, set())
    assert sum(isinstance(e, Proposed) for e in events_of(log)) == 7


def test_where_nobody_can_need_anything_nothing_is_written(tmp_path):
    evaluator = WritingEvaluator()
    start_or_resume(MemoryLog(), tmp_path / "run", evaluator, make_first_event(5, 0))
    assert all((job.artifact_folder, job.artifacts_to_keep) == (None, ()) for job in evaluator.seen)
    assert not (tmp_path / "run").exists()


def test_a_new_run_does_not_take_over_what_an_earlier_log_has_left(tmp_path):
    """Of a log that was deleted, say: its run had the same name."""
    folder = tmp_path / "run"
    for trial in (0, 99):
        write_artifact(locate_artifact(folder, trial, "model"), b"old")
    silent = InstantEvaluator(verdict=score_job)
    start_or_resume(MemoryLog(), folder, silent, make_first_event(2, 5))
    assert not list(Path(folder).rglob("*"))


def test_more_models_are_kept_once_a_person_wants_more(tmp_path):
    log, folder = MemoryLog(), tmp_path / "run"
    start_or_resume(log, folder, WritingEvaluator(), make_first_event(3, 1))
    recorded = log.read("run")
    events, event = [entry.event for entry in recorded], RunResumed(9, {}, None, 3)
    search_state = replay_search([*events, event])
    position = recorded[-1].position
    SearchLoop(
        log, "run", position, fold_events(events), search_state, WritingEvaluator(), retention=ArtifactRetention(folder)
    ).run(event)
    models, _ = find_trials_on_disk(folder)
    assert len(models) == 3
    assert fold_events(events_of(log)).keep_models == 3


def make_retraining(count, keep):
    """The beginning of a retraining."""
    leaf = sample(root(SPACE, (1, 8, 8)), lambda: 0.5)
    searcher = SEARCHER_KIND.to_json("given", {"path": leaf.path, "run": "run", "trial": 0})
    return evolve(make_started(count), keep_models=keep, searcher=searcher)


def test_a_retraining_that_goes_on_keeps_all_its_models(tmp_path):
    """Also those of before; until a person says how many."""
    log, evaluator = DuckDBLog(tmp_path / "log.duckdb"), WritingEvaluator()
    folder = locate_run_folder(log.path, "run")
    start_run(log, "run", make_retraining(2, 2), evaluator)
    for target, wanted, models in ((4, None, {0, 1, 2, 3}), (4, None, {0, 1, 2, 3}), (6, None, set(range(6)))):
        resume_run(log, "run", evaluator, ends=RunEnds(trials=target), keep_models=wanted)
        assert find_trials_on_disk(folder) == (models, set())
    assert make_fork_event(read_run(log, "run"), ends=RunEnds(trials=9)).keep_models == 9
    assert make_fork_event(read_run(log, "run")).keep_models == 6
    resume_run(log, "run", evaluator, ends=RunEnds(trials=7), keep_models=1)
    resume_run(log, "run", evaluator, ends=RunEnds(trials=8))
    assert len(find_trials_on_disk(folder)[0]) == 1
    assert make_fork_event(read_run(log, "run"), ends=RunEnds(trials=9)).keep_models == 1


def test_a_search_that_goes_on_keeps_as_many_models_as_before(tmp_path):
    """However many it has."""
    log = DuckDBLog(tmp_path / "log.duckdb")
    start_run(log, "run", make_first_event(2, 2), WritingEvaluator())
    resume_run(log, "run", WritingEvaluator(), ends=RunEnds(trials=5))
    assert len(find_trials_on_disk(locate_run_folder(log.path, "run"))[0]) == 2
    assert make_fork_event(read_run(log, "run"), ends=RunEnds(trials=9)).keep_models == 2


def test_an_older_log_has_no_later_models_deleted(tmp_path):
    """A copy in the place of one that went further, whose journal is gone, too."""
    log = DuckDBLog(tmp_path / "log.duckdb")
    start_run(log, "run", make_first_event(2, 9), WritingEvaluator())
    older = log.path.read_bytes()
    resume_run(log, "run", WritingEvaluator(), ends=RunEnds(trials=4))
    log.path.write_bytes(older)
    locate_journal(log.path).unlink()
    with pytest.raises(ArtifactsExist, match="what trial 2 of run has left, and in the log the run has 2 trials: put"):
        resume_run(log, "run", WritingEvaluator(), ends=RunEnds(trials=3))
    assert find_trials_on_disk(locate_run_folder(log.path, "run"))[0] == {0, 1, 2, 3}
    for trial in (2, 3):
        discard_artifacts(locate_run_folder(log.path, "run"), trial)
    resume_run(log, "run", WritingEvaluator(), ends=RunEnds(trials=3))
    assert find_trials_on_disk(locate_run_folder(log.path, "run"))[0] == {0, 1, 2}
