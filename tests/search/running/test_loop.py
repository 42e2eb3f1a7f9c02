"""The run loop, with an evaluator in this process."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archwright.core.protocols import AttemptResult, Report
from archwright.search.running.attempts import derive_training_seed
from archwright.search.running.callbacks import RunCallbacks, StopRequest
from archwright.search.running.loop import NoSuchMetric, SearchLoop, TrialsKeepFailing
from archwright.search.running.revisions import find_mismatches
from archwright.search.running.search_state import make_initial_state, replay_search
from archwright.search.running.stopping import fold_early_stopping
from archwright.store.events import AttemptEnded, AttemptStarted, Proposed, Reported, RunResumed, RunStopped, Scored
from archwright.store.fold import RunState, fold_events
from archwright.store.log import START
from tests.search.instant import InstantEvaluator, make_started, score_job
from tests.search.paced import PacedEvaluator
from tests.store.memory_log import MemoryLog


class Crash(Exception):
    """The process is gone."""


class CrashingLog(MemoryLog):
    """A log whose process is killed at one of its appends, before or after that is durable."""

    def __init__(self, crash: int | None = None, after: bool = False) -> None:
        super().__init__()
        self.crash, self.after, self.appends = crash, after, 0

    def append(self, run, events, after, times=None):
        crashes = self.appends == self.crash
        self.appends += 1
        if crashes and not self.after:
            raise Crash
        position = super().append(run, events, after, times)
        if crashes:
            raise Crash
        return position


def events_of(log, name="run"):
    return [entry.event for entry in log.read(name)]


def make_loop(log, first, evaluator, rule=None, **options) -> SearchLoop:
    """The loop of a new run whose first event is `first`."""
    stopping = fold_early_stopping(first, (), rule)
    return SearchLoop(
        log, "run", START, RunState(), make_initial_state(first), evaluator, early_stopping=stopping, **options
    )


def start_loop(log, evaluator, trials=8, **options) -> RunStopped:
    return make_loop(log, make_started(trials), evaluator, **options).run(make_started(trials))


def resume_loop(log, evaluator, trials, **options) -> RunStopped:
    recorded = log.read("run")
    events = [entry.event for entry in recorded]
    event = RunResumed(trials, {})
    search_state = replay_search([*events, event])
    return SearchLoop(log, "run", recorded[-1].position, fold_events(events), search_state, evaluator, **options).run(
        event
    )


def list_paths(log) -> list:
    return [event.path for event in events_of(log) if isinstance(event, Proposed)]


@given(st.integers(1, 4), st.integers(0, 100))
def test_every_trial_is_scored_once(slots, seed):
    """Any number of slots, ending in any order: each trial is proposed, started and scored once."""
    log = MemoryLog()
    assert start_loop(log, InstantEvaluator(slots, seed=seed)).reason == "finished"
    events = events_of(log)
    for kind in (Proposed, AttemptStarted, AttemptEnded, Scored):
        assert sorted(e.trial for e in events if isinstance(e, kind)) == list(range(8))
    assert not list(find_mismatches(events))


@given(st.integers(1, 4), st.integers(0, 12), st.booleans(), st.integers(1, 4))
def test_killed_and_resumed_run_equals_one_that_was_not(slots, crash, after, slots_later):
    """A process that dies before or after any append loses no scored trial, and the proposals stay the same."""
    whole, log = MemoryLog(), CrashingLog(crash, after)
    start_loop(whole, InstantEvaluator(1))
    try:
        start_loop(log, InstantEvaluator(slots))
    except Crash:
        before = [e for e in events_of(log) if isinstance(e, Scored)]
        if not log.runs():  # not even the beginning was logged
            start_loop(log, InstantEvaluator(slots_later))
        else:
            resume_loop(log, InstantEvaluator(slots_later), 8)
        assert [e for e in events_of(log) if isinstance(e, Scored)][: len(before)] == before
    events = events_of(log)
    assert sorted(e.trial for e in events if isinstance(e, Scored)) == list(range(8))
    assert list_paths(log) == list_paths(whole)
    scores = {e.trial: e.score for e in events if isinstance(e, Scored)}
    assert scores == {e.trial: e.score for e in events_of(whole) if isinstance(e, Scored)}
    assert not list(find_mismatches(events))


def test_interrupted_trials_run_again_under_their_number():
    """The trial that was running when the process died gets its second attempt first, with the same seed."""
    log = CrashingLog(2)  # the first append begins trial 0; the second scores it and begins trial 1
    with pytest.raises(Crash):
        start_loop(log, InstantEvaluator(1))
    assert fold_events(events_of(log)).open_trials == (1,)
    later = InstantEvaluator(1)
    resume_loop(log, later, 3)
    assert [(job.trial, job.attempt) for job in later.seen] == [(1, 2), (2, 1)]
    assert later.seen[0].seed == derive_training_seed(0, 1)


def test_resume_with_more_trials_goes_on_with_the_sequence():
    whole, log = MemoryLog(), MemoryLog()
    start_loop(whole, InstantEvaluator(), trials=12)
    start_loop(log, InstantEvaluator(3), trials=5)
    assert resume_loop(log, InstantEvaluator(2), 12).reason == "finished"
    assert list_paths(log) == list_paths(whole)


def test_the_live_search_state_is_the_fold_of_the_log():
    """The state of a search while its run goes on is what anyone gets from the log."""
    log = MemoryLog()
    loop = make_loop(log, make_started(6), InstantEvaluator(2))
    loop.run(make_started(6))
    assert loop.search_state.searcher_state == replay_search(events_of(log)).searcher_state
    assert loop.run_state == fold_events(events_of(log))


@pytest.mark.parametrize(
    ("metrics", "status"),
    [
        ({}, "invalid"),
        ({"loss": 1.0}, "invalid"),
        ({"accuracy": math.nan}, "diverged"),
        ({"accuracy": math.inf}, "diverged"),
    ],
)
def test_no_trial_is_ok_without_a_finite_score(metrics, status):
    """The searcher is told the reason instead, and the log says what was wrong."""
    log = MemoryLog()
    give_metrics = lambda job: AttemptResult(job.trial, job.attempt, "ok", metrics, 0.1)  # noqa: E731
    start_loop(log, InstantEvaluator(verdict=lambda job: give_metrics(job) if job.trial else score_job(job)), trials=3)
    ends = [e for e in events_of(log) if isinstance(e, AttemptEnded) and e.trial]
    told = [e for e in events_of(log) if isinstance(e, Scored) and e.trial]
    assert [e.status for e in ends] == [e.status for e in told] == [status, status]
    assert all(e.score is None for e in told)
    assert all("accuracy" in e.error for e in ends)


@pytest.mark.parametrize("other", [math.nan, math.inf, -math.inf])
def test_a_metric_that_no_search_is_about_is_logged_as_it_is(other):
    """It says nothing about the trial, whose score counts."""
    log, metrics = MemoryLog(), {"accuracy": 0.75, "loss": other}
    start_loop(
        log, InstantEvaluator(verdict=lambda job: AttemptResult(job.trial, job.attempt, "ok", metrics, 0.1)), trials=1
    )
    (end,) = (e for e in events_of(log) if isinstance(e, AttemptEnded))
    (told,) = (e for e in events_of(log) if isinstance(e, Scored))
    assert (end.status, told.status, told.score, end.error) == ("ok", "ok", 0.75, "")
    assert repr(end.metrics) == repr(told.metrics) == repr(metrics)


@pytest.mark.parametrize(
    ("metrics", "says"),
    [
        ({"acuracy": 0.5, "loss": 1.0}, "did you mean acuracy?"),
        ({"loss": 1.0, "cost": 2.0}, "there are: cost, loss"),
        ({}, "it gave none at all"),
    ],
)
def test_a_metric_that_the_evaluator_does_not_give_stops_the_run_at_once(metrics, says):
    """As the first trial that ends well shows, after one that has failed; so it does where the run is resumed."""
    log, give_metrics = MemoryLog(), lambda job: AttemptResult(job.trial, job.attempt, "ok", metrics, 0.1)
    evaluator = InstantEvaluator(verdict=lambda job: give_metrics(job) if job.trial else crash(job))
    with pytest.raises(NoSuchMetric) as error:
        start_loop(log, evaluator, trials=50)
    assert str(error.value).startswith(f"the evaluator gives no metric 'accuracy', as trial 1 shows ({says}); begin")
    assert events_of(log)[-1] == RunStopped("failing", str(error.value))
    assert [e.status for e in events_of(log) if isinstance(e, Scored)] == ["crashed", "invalid"]
    with pytest.raises(NoSuchMetric, match="as trial 2 shows"):
        resume_loop(log, InstantEvaluator(verdict=give_metrics), 50)


def test_a_metric_that_was_no_number_is_one_that_the_evaluator_gives():
    log, metrics = MemoryLog(), [{"accuracy": math.nan}, {"loss": 1.0}, {"accuracy": 0.5}]
    evaluator = InstantEvaluator(verdict=lambda job: AttemptResult(job.trial, 1, "ok", metrics[job.trial], 0.1))
    start_loop(log, evaluator, trials=3)
    assert [e.status for e in events_of(log) if isinstance(e, Scored)] == ["diverged", "invalid", "ok"]


@pytest.mark.parametrize(
    ("reported", "status"),
    [
        ((0.5, math.nan), "diverged"),
        ((0.5, math.inf), "diverged"),
        ((0.5, -math.inf), "diverged"),
        ((math.nan, 0.5), "ok"),
        ((0.5, 0.25), "ok"),
    ],
)
def test_what_is_reported_is_logged_as_it_is_and_the_last_report_is_finite_or_the_trial_has_diverged(reported, status):
    log = MemoryLog()
    start_loop(log, ReportingEvaluator(reported), trials=1)
    logged = [e.metrics["accuracy"] for e in events_of(log) if isinstance(e, Reported)]
    assert list(map(repr, logged)) == list(map(repr, reported))
    (end,) = (e for e in events_of(log) if isinstance(e, AttemptEnded))
    (told,) = (e for e in events_of(log) if isinstance(e, Scored))
    assert (end.status, told.status, told.score) == (status, status, 0.75 if status == "ok" else None)
    assert end.error == ("" if status == "ok" else f"the metric accuracy is {reported[-1]} in the last report")


class ReportingEvaluator(InstantEvaluator):
    """Ends jobs at once, each after the same reports, with 0.75."""

    def __init__(self, values) -> None:
        super().__init__()
        self._values = values

    def collect(self, timeout):
        del timeout
        job = self.jobs.pop()
        reports = [Report(job.trial, job.attempt, n, {"accuracy": v}) for n, v in enumerate(self._values, start=1)]
        return [*reports, AttemptResult(job.trial, job.attempt, "ok", {"accuracy": 0.75}, 0.1)]


def crash(job) -> AttemptResult:
    return AttemptResult(job.trial, job.attempt, "crashed", {}, 0.1, f"trial {job.trial} said no")


def test_run_stops_when_trials_keep_failing():
    """After five failures in a row, with what the first of them said; the log knows why."""
    log = MemoryLog()
    with pytest.raises(TrialsKeepFailing, match=r"5 trials in a row failed.*trial 0.*crashed.*trial 0 said no"):
        start_loop(log, InstantEvaluator(verdict=crash), trials=50)
    last = events_of(log)[-1]
    assert isinstance(last, RunStopped)
    assert last.reason == "failing"
    assert len([e for e in events_of(log) if isinstance(e, Scored)]) == 5


def test_failures_that_are_not_in_a_row_do_not_stop_a_run():
    log = MemoryLog()
    mixed = lambda job: crash(job) if job.trial % 3 else score_job(job)  # noqa: E731
    assert start_loop(log, InstantEvaluator(verdict=mixed), trials=30, max_consecutive_failures=3).reason == "finished"


def kill(job) -> AttemptResult:
    return AttemptResult(job.trial, job.attempt, "crashed", {}, 0.1, "killed", transient=True)


def list_statuses(log, kind) -> dict[int, list[str]]:
    """The statuses of the events of a kind, by trial."""
    by_trial: dict[int, list[str]] = {}
    for event in events_of(log):
        if isinstance(event, kind):
            by_trial.setdefault(event.trial, []).append(event.status)
    return by_trial


@given(st.lists(st.integers(0, 4), min_size=8, max_size=8), st.integers(0, 3), st.integers(1, 4), st.integers(0, 30))
def test_trials_are_tried_again_as_often_as_is_said_and_scored_once(kills, retries, slots, crash):
    """A trial whose worker is killed k times is ok if k <= retries, also if the coordinator dies in between."""
    log = CrashingLog(crash)
    ends_seen = [0] * 8  # of each trial, in all processes

    def verdict(job):
        return kill(job) if ends_seen[job.trial] < kills[job.trial] else score_job(job)

    def count_end(event):
        if isinstance(event, AttemptEnded):
            ends_seen[event.trial] += 1

    rest = {"retries": retries, "max_consecutive_failures": 9, "callbacks": RunCallbacks(on_event=count_end)}
    try:
        start_loop(log, InstantEvaluator(slots, verdict), **rest)
    except Crash:
        if log.runs():
            resume_loop(log, InstantEvaluator(slots, verdict), 8, **rest)
        else:
            start_loop(log, InstantEvaluator(slots, verdict), **rest)
    ends, told = list_statuses(log, AttemptEnded), list_statuses(log, Scored)
    for trial, times in enumerate(kills):
        expected = ["crashed"] * min(times, retries + 1) + ["ok"] * (times <= retries)
        assert ends[trial] == expected
        assert told[trial] == expected[-1:]
    assert not list(find_mismatches(events_of(log)))


def test_a_trial_that_is_tried_again_comes_before_new_ones_with_the_same_seed():
    log = MemoryLog()
    evaluator = InstantEvaluator(
        verdict=lambda job: kill(job) if (job.trial, job.attempt) == (1, 1) else score_job(job)
    )
    start_loop(log, evaluator, trials=3)
    assert [(job.trial, job.attempt) for job in evaluator.seen] == [(0, 1), (1, 1), (1, 2), (2, 1)]
    assert evaluator.seen[1].seed == evaluator.seen[2].seed
    assert list_statuses(log, Scored) == {0: ["ok"], 1: ["ok"], 2: ["ok"]}


def test_what_is_not_chance_is_not_tried_again():
    log, evaluator = MemoryLog(), InstantEvaluator(verdict=crash)
    start_loop(log, evaluator, trials=3, retries=5)
    assert [(job.trial, job.attempt) for job in evaluator.seen] == [(0, 1), (1, 1), (2, 1)]


def test_only_final_ends_count_as_failures_in_a_row():
    """Four killed attempts of two trials are two failures."""
    log = MemoryLog()
    with pytest.raises(TrialsKeepFailing, match="3 trials in a row failed"):
        start_loop(log, InstantEvaluator(verdict=kill), trials=50, max_consecutive_failures=3)
    assert list_statuses(log, AttemptEnded) == {trial: ["crashed"] * 2 for trial in range(3)}


def test_a_trial_that_waits_for_its_next_attempt_when_the_run_stops_gets_it_later():
    log, evaluator = MemoryLog(), InstantEvaluator(verdict=kill)
    callbacks = RunCallbacks(lambda: StopRequest.GRACEFUL if evaluator.seen else StopRequest.NONE)
    assert start_loop(log, evaluator, callbacks=callbacks).reason == "interrupted"
    assert fold_events(events_of(log)).open_trials == (0,)
    assert list_statuses(log, Scored) == {}
    later = InstantEvaluator()
    resume_loop(log, later, 2)
    assert [(job.trial, job.attempt) for job in later.seen] == [(0, 2), (1, 1)]


def test_stopping_soon_lets_running_trials_end():
    log, evaluator = MemoryLog(), InstantEvaluator(3)
    get_stop_request = lambda: StopRequest.GRACEFUL if len(evaluator.seen) >= 4 else StopRequest.NONE  # noqa: E731
    assert start_loop(log, evaluator, callbacks=RunCallbacks(get_stop_request)).reason == "interrupted"
    state = fold_events(events_of(log))
    assert state.open_trials == ()
    assert 4 <= state.score_count < 8
    assert resume_loop(log, InstantEvaluator(), 8).reason == "finished"


def test_stopping_now_leaves_running_trials_to_run_again():
    log, evaluator = MemoryLog(), InstantEvaluator(3)
    get_stop_request = lambda: StopRequest.IMMEDIATE if len(evaluator.seen) >= 4 else StopRequest.NONE  # noqa: E731
    assert start_loop(log, evaluator, callbacks=RunCallbacks(get_stop_request)).reason == "interrupted"
    left = fold_events(events_of(log)).open_trials
    assert left
    later = InstantEvaluator()
    resume_loop(log, later, 8)
    assert [job.trial for job in later.seen][: len(left)] == list(left)
    assert fold_events(events_of(log)).score_count == 8


def test_the_callback_gets_every_event_after_it_is_logged():
    log, seen = MemoryLog(), []
    callbacks = RunCallbacks(on_event=lambda event: (seen.append(event), events_of(log).index(event)))
    start_loop(log, InstantEvaluator(2), callbacks=callbacks)
    assert seen == events_of(log)


def test_reports_wait_for_each_other_for_a_second():
    """Of 40 epochs with a tenth of a second in between, eleven at most share an append; nothing else waits."""
    log, now = CrashingLog(), itertools.count()
    seen = []
    callbacks = RunCallbacks(on_event=lambda event: seen.append((event, log.appends)))
    evaluator = PacedEvaluator(lambda _: [0.5] * 40)
    start_loop(log, evaluator, trials=1, clock=lambda: next(now) / 10, callbacks=callbacks)
    reports = [append for event, append in seen if isinstance(event, Reported)]
    assert len(reports) == 40
    assert 40 / 11 <= len(set(reports)) <= 40 / 5
    assert [append for event, append in seen if isinstance(event, Scored)] == [log.appends - 1]


def test_searcher_is_told_nothing_about_the_test_split():
    log = MemoryLog()
    verdict = lambda job: AttemptResult(job.trial, job.attempt, "ok", {"accuracy": 0.5, "test_accuracy": 0.9}, 0.1)  # noqa: E731
    start_loop(log, InstantEvaluator(verdict=verdict), trials=1)
    (told,) = (e for e in events_of(log) if isinstance(e, Scored))
    (end,) = (e for e in events_of(log) if isinstance(e, AttemptEnded))
    assert dict(told.metrics) == {"accuracy": 0.5}
    assert end.metrics["test_accuracy"] == 0.9
