"""Ask and tell: any number of open trials, told in any order, in any process, logged as any run is."""

import gc
import math
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
from attrs import evolve
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

import archwright as aw
from archwright.core.budget import Budget, parse_budgets
from archwright.core.completion import NoSuchChoice
from archwright.core.protocols import Job
from archwright.execution.spaces import find_space
from archwright.search.named import SEARCHER_KIND, SEARCHERS, UNLISTED_SEARCHERS
from archwright.search.running.revisions import find_mismatches
from archwright.search.running.runs import make_fork_event, read_run, start_run
from archwright.search.searcher import LadderSearcher
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.errors import RunExists, RunIsBusy
from archwright.store.events import AttemptEnded, AttemptStarted, Proposed, Reported, RunStopped, Scored
from archwright.store.query import query
from archwright.store.runs import fork_run
from archwright.store.verify import verify_log
from archwright.studies.ask_tell import (
    NoSuchOpenTrial,
    NotAStudy,
    NothingToAsk,
    StudyIsClosed,
    begin_study,
    resume_study,
)
from archwright.studies.studying import StudyRequest
from archwright.studies.told_outcomes import BadOutcome
from tests.paths import ROOT
from tests.search.contract import RUNGS
from tests.search.instant import SPACE, InstantEvaluator
from tests.search.instant import make_started as make_search_started

QUICK = {"smbo": {"initial": 2, "variants": 8, "rollouts": 8}, "smbo-paper": {"rollouts": 8}}


def make_started(name: str, seed: int = 0, space: aw.Term = SPACE, **changes):
    searcher = SEARCHER_KIND.find(name, QUICK.get(name, {}) | changes)
    request = StudyRequest(
        searcher=(SEARCHER_KIND.value_to_json(searcher), searcher),
        input=aw.image(1, 8, 8),
        metric="accuracy",
        budget=parse_budgets(RUNGS) if isinstance(searcher, LadderSearcher) else Budget(1, "epochs"),
        seed=seed,
    )
    return request.make_start(request.plan(find_space(space)))


@pytest.fixture
def log(tmp_path) -> DuckDBLog:
    return DuckDBLog(tmp_path / "log.duckdb")


def paths_of(log, name) -> list:
    return [event.path for event in read_run(log, name).events if isinstance(event, Proposed)]


@pytest.mark.parametrize("name", sorted(SEARCHERS.keys() - UNLISTED_SEARCHERS))
def test_a_study_is_told_as_a_search_is_and_proposes_the_same(log, name):
    """Whoever evaluates: the searcher cannot tell a study from the run that the loop makes."""
    evaluator = InstantEvaluator()
    started = make_started(name)
    with begin_study(log, started, "told") as study:
        for _ in range(6):
            trial = study.ask()
            evaluator.submit(_job_of(trial))
            study.tell(trial, evaluator.collect(0)[1].metrics)
    same = {"searcher": started.searcher, "budget": started.budget, "budgets": started.budgets}
    start_run(log, "run", evolve(make_search_started(6), **same), InstantEvaluator())
    assert paths_of(log, "told") == paths_of(log, "run")
    assert not list(find_mismatches(read_run(log, "told").events))


def _job_of(trial):
    return Job(trial.trial, 1, trial.architecture, trial.budget, trial.seed)


class StudyMachine(RuleBasedStateMachine):
    """A study beside a plain model of it: what is open, what was told, what waits."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.log = DuckDBLog(Path(self.folder.name) / "log.duckdb")
        self.study = begin_study(self.log, make_started("local-search"), "mine")
        self.open: list[int] = []
        self.told: dict[int, tuple[str, float | None]] = {}
        self.waiting: list[str] = []
        self.reports: dict[int, int] = {}

    def teardown(self) -> None:
        self.study.close()
        events = read_run(self.log, "mine").events
        assert not list(find_mismatches(events))
        assert isinstance(events[-1], RunStopped)
        assert [verdict.broken for verdict in verify_log(self.log.path)] == [None]
        logged = {e.trial: (e.status, e.score) for e in events if isinstance(e, Scored)}
        assert logged == self.told
        assert len([e for e in events if isinstance(e, Scored)]) == len(logged)
        self.folder.cleanup()

    @rule()
    def ask(self):
        trial = self.study.ask()
        assert trial.trial == len(self.open) + len(self.told)
        if self.waiting:
            assert trial.choices["0.settings.optimizer"] == self.waiting.pop(0)
            assert trial.enqueued is not None
        else:
            assert trial.enqueued is None
        self.open.append(trial.trial)

    @precondition(lambda self: self.open)
    @rule(data=st.data(), score=st.floats(0, 1), by_number=st.booleans())
    def tell(self, data, score, by_number):
        number = data.draw(st.sampled_from(self.open))
        handle = next(trial for trial in self.study.open_trials if trial.trial == number)
        assert self.study.tell(number if by_number else handle, score, seconds=0.5) == "ok"
        self.open.remove(number)
        self.told[number] = ("ok", score)

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def fail(self, data):
        number = data.draw(st.sampled_from(self.open))
        assert self.study.tell(number, failed="out of memory") == "out_of_memory"
        self.open.remove(number)
        self.told[number] = ("out_of_memory", None)

    @precondition(lambda self: self.open)
    @rule(data=st.data(), value=st.floats(0, 1))
    def report(self, data, value):
        number = data.draw(st.sampled_from(self.open))
        self.reports[number] = self.reports.get(number, 0) + 1
        self.study.report(number, self.reports[number], accuracy=value)

    @rule(optimizer=st.sampled_from(["adam", "sgd"]))
    def enqueue(self, optimizer):
        self.study.enqueue({"0.settings.optimizer": optimizer})
        self.waiting.append(optimizer)

    @rule(closes=st.booleans())
    def resume(self, closes):
        if closes:
            self.study.close()
        self.study = None
        gc.collect()
        self.study = resume_study(self.log, "mine")

    @precondition(lambda self: self.told)
    @rule(data=st.data())
    def tell_again(self, data):
        with pytest.raises(NoSuchOpenTrial, match="was told already"):
            self.study.tell(data.draw(st.sampled_from(sorted(self.told))), 1.0)

    @invariant()
    def what_is_open_is_open(self):
        assert [trial.trial for trial in self.study.open_trials] == self.open
        assert len(self.study._writer.run_state.queue.entries) == len(self.waiting)


StudyMachine.TestCase.settings = settings(max_examples=6, stateful_step_count=20, deadline=None)
TestStudy = StudyMachine.TestCase


def test_a_trial_that_a_dead_process_asked_for_is_told_by_the_next(log):
    """Its attempt is interrupted, and another one begins; the leaf and the seed are the same."""
    study = begin_study(log, make_started("random"), "mine")
    asked = study.ask()
    del study
    gc.collect()
    study = resume_study(log, "mine")
    assert study.open_trials == [asked]
    assert study.tell(asked, 0.5) == "ok"
    study.close()
    attempts = query(log.path, "SELECT trial, attempt, status FROM attempts ORDER BY attempt").rows
    assert attempts == [(0, 1, "interrupted"), (0, 2, "ok")]


@pytest.mark.slow
def test_a_process_that_is_killed_loses_nothing(log):
    command = [sys.executable, "-m", "tests.studies.killable_study", str(log.path)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "told\n"
            with pytest.raises(RunIsBusy, match=f"process {process.pid}"):
                resume_study(log, "mine")
        finally:
            process.send_signal(signal.SIGKILL)
    with resume_study(log, "mine") as study:
        assert [trial.trial for trial in study.open_trials] == [0, 2]
        assert [trial.enqueued for trial in study.open_trials] == [0, None]
        for trial in study.open_trials:
            study.tell(trial, 0.75)
        assert study.ask().trial == 3
    events = read_run(log, "mine").events
    assert {e.trial: e.score for e in events if isinstance(e, Scored)} == {0: 0.75, 1: 0.5, 2: 0.75}
    assert len([e for e in events if isinstance(e, Reported)]) == 1
    assert not list(find_mismatches(events))


def test_a_trial_takes_the_time_since_any_process_asked_for_it(log):
    study = begin_study(log, make_started("random"), "mine")
    study._writer.event_clock = lambda: time.time() - 100.0
    first, second = study.ask(), study.ask()
    study._writer.event_clock = time.time
    study.close()
    with resume_study(log, "mine") as study:
        study.tell(first, 0.5)
        study.report(second, 1, accuracy=0.5)
        study.tell(second, 0.5)
        third = study.ask()
        study.tell(third, 0.5)
    assert [100.0 <= trial.seconds < 200.0 for trial in study.run] == [True, True, False]


def test_two_do_not_hold_one_run(log):
    with begin_study(log, make_started("random"), "mine") as study:
        with pytest.raises(RunIsBusy, match="mine"):
            resume_study(log, "mine")
        study.ask()
    with pytest.raises(RunExists, match="mine"):
        begin_study(log, make_started("random"), "mine")
    assert [begin_study(log, make_started("random")).name for _ in range(2)] == ["study-1", "study-2"]


def test_a_closed_study_is_closed(log):
    study = begin_study(log, make_started("random"), "mine")
    trial = study.ask()
    study.close()
    study.close()
    assert read_run(log, "mine").events[-1] == RunStopped("closed", "1 of its trials is open")
    for use in (study.ask, lambda: study.tell(trial, 1.0), lambda: study.report(trial, 1, x=1.0), study.enqueue):
        with pytest.raises(
            StudyIsClosed, match=r"this process has closed mine; go on with aw\.study\(name='mine', log="
        ):
            use()


def test_the_end_of_a_space_is_told(log):
    """While trials are open it is those that must be told first."""
    space = aw.either(aw.relu(), aw.flatten())
    with begin_study(log, make_started("random", space=space, replacement=False)) as study:
        trials = [study.ask(), study.ask()]
        with pytest.raises(NothingToAsk, match="tell one of the 2 open trials"):
            study.ask()
        for trial in trials:
            study.tell(trial, 1)
        with pytest.raises(NothingToAsk, match="has no other architectures than the 2 that it has tried; enqueue"):
            study.ask()
        study.enqueue(trials[0].leaf.path)
        assert study.ask().leaf == trials[0].leaf


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({}, "nothing was told"),
        ({"score": {"acuracy": 1.0}}, "did you mean acuracy"),
        ({"score": "high"}, "accuracy is 'high'"),
        ({"score": True}, "accuracy is True"),
        ({"score": [1, 2]}, "must be a number"),
        ({"score": {1: 2.0}}, r"the name of a metric is 1 \(int\); it is a text that UTF-8 can write"),
        ({"score": {"accuracy": 0.5, "\ud800": 2.0}}, r"the name of a metric is '\\ud800' \(str\)"),
        ({"score": 0.5, "metrics": {None: 1.0}}, "the name of a metric is None"),
        ({"score": np.bool_(True)}, "accuracy is .*True.*; it must be a number"),
        ({"score": 0.5, "metrics": {"accuracy": 0.7}}, "accuracy is 0.5 by score and 0.7 by metrics; tell it once"),
        ({"score": {"accuracy": 1, "a": 2}, "metrics": {"a": 3}}, "a is 2.0 by score and 3.0 by metrics"),
        (
            {"score": 0.5, "failed": "crashed"},
            "score is 0.5, and failed is 'crashed'; a trial that failed has no score",
        ),
        ({"metrics": {"loss": 1.0}}, "the study is about 'accuracy'"),
        ({"failed": ""}, "a text that says why"),
        ({"score": 1.0, "seconds": "long"}, "seconds is 'long'"),
    ],
)
def test_an_outcome_that_says_nothing_is_refused_and_nothing_is_logged(log, told, says):
    with begin_study(log, make_started("random"), "mine") as study:
        trial = study.ask()
        before = len(read_run(log, "mine").events)
        with pytest.raises(BadOutcome, match=says):
            study.tell(trial, **told)
        assert len(read_run(log, "mine").events) == before
        with pytest.raises(NoSuchOpenTrial, match="was never asked for; open trials: 0"):
            study.tell(7, 1.0)
        with pytest.raises(NoSuchChoice):
            study.enqueue({"a": 1})
        for epoch, metrics in ((0, {"a": 1.0}), (1, {}), ("1", {"a": 1.0})):
            with pytest.raises(BadOutcome, match="a report"):
                study.report(trial, epoch, **metrics)
        assert len(read_run(log, "mine").events) == before
        assert study.tell(trial, np.float32(0.5), metrics={"loss": 2}) == "ok"
        assert study.tell(study.ask(), 0.5, metrics={"accuracy": 0.5}) == "ok", "twice the same is no contradiction"
        assert study.tell(study.ask(), math.nan) == "diverged"
        assert study.tell(study.ask(), failed="the cat sat on it") == "crashed"


def test_what_is_logged_is_a_run(log):
    """In the order in which any run has its events; it is forked as any run."""
    with begin_study(log, make_started("random"), "mine") as study:
        trial = study.ask()
        study.report(trial, 1, accuracy=0.25)
        study.tell(trial, {"accuracy": 0.5, "loss": 1.0}, seconds=12)
    started, proposed, began, reported, ended, scored, stopped = read_run(log, "mine").events
    assert (started.evaluator, started.trials) == ({"kind": "told"}, None)
    assert proposed.path == trial.leaf.path
    assert began == AttemptStarted(0, 1)
    assert reported == Reported(0, 1, 1, {"accuracy": 0.25})
    assert ended == AttemptEnded(0, 1, "ok", 12.0, {"accuracy": 0.5, "loss": 1.0})
    assert scored == Scored(0, "ok", 0.5, {"accuracy": 0.5, "loss": 1.0})
    assert stopped == RunStopped("closed")
    fork_run(log, "mine", 2, "other", make_fork_event(read_run(log, "mine", 2), seed=random.Random(0).randrange(9)))
    with resume_study(log, "other") as study:
        assert [open_trial.leaf.path for open_trial in study.open_trials] == [trial.leaf.path]


def test_a_trial_of_a_ladder_knows_its_rung_and_its_bracket(log):
    """As the log does, also where an earlier process asked for it; without a ladder it has none."""
    with begin_study(log, make_started("hyperband", brackets=0), "mine") as study:
        asked = [study.ask() for _ in range(8)]
        for trial in asked:
            study.tell(trial, float(trial.trial))
        asked += [study.ask() for _ in range(8)]
    with resume_study(log, "mine") as study:
        assert [(trial.rung, trial.bracket) for trial in study.open_trials] == [
            (trial.rung, trial.bracket) for trial in asked[8:]
        ]
        rows = query(log.path, "select rung, bracket from trials order by trial").rows
    assert [(trial.rung, trial.bracket) for trial in asked] == [tuple(row) for row in rows]
    assert len({trial.rung for trial in asked}) > 1
    with begin_study(log, make_started("random"), "other") as study:
        trial = study.ask()
    assert (trial.rung, trial.bracket) == (None, None)


def test_a_run_of_an_evaluator_is_no_study(log):
    start_run(log, "run", make_search_started(1), InstantEvaluator())
    with pytest.raises(NotAStudy, match="of an evaluator, instant"):
        resume_study(log, "run")
