"""The ends of a run: when each is reached, by hand, and held against a plain model through deaths and resumptions."""

import itertools
import math
import random

import pytest
from attrs import evolve
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from archwright.core.budget import Budget
from archwright.core.ends import RunEnds
from archwright.core.objective import Objective
from archwright.core.protocols import AttemptResult, EarlyStop
from archwright.search.named import SEARCHER_KIND
from archwright.search.running.callbacks import RunCallbacks, StopRequest
from archwright.search.running.ends import explain_ends, find_ends, has_ended, measure_seconds, suggest_moves
from archwright.search.running.loop import SearchLoop
from archwright.search.running.revisions import find_mismatches
from archwright.search.running.runs import RunRecord, read_run, resume_run, start_run
from archwright.search.running.search_state import make_initial_state, replay_search
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import AttemptEnded, AttemptStarted, Proposed, RunResumed, RunStarted, RunStopped, Scored
from archwright.store.fold import RunState, fold_events
from archwright.store.log import START
from archwright.store.permission import SETTINGS_FOLDER_VARIABLE, trust_source
from tests.search.halving import HALVING
from tests.search.instant import InstantEvaluator, make_started
from tests.store.memory_log import MemoryLog
from tests.store.strategies import make_run_started, make_trial_events


def make_ends_started(ends: RunEnds, **rest) -> RunStarted:
    return evolve(make_started(1), **ends.by_name, **rest)


def state_after(scores, ends: RunEnds, direction="maximize") -> RunState:
    """The state of a run whose trials have these scores; None for one that failed."""
    started = evolve(make_run_started(direction=direction), **ends.by_name)
    events = [started]
    for trial, score in enumerate(scores):
        status = "crashed" if score is None else "ok"
        events += [*make_trial_events(trial)[:2], AttemptEnded(trial, 1, status, 2.0), Scored(trial, status, score)]
    return fold_events(events)


@pytest.mark.parametrize(
    ("ends", "scores", "seconds", "reached"),
    [
        (RunEnds(), [0.5] * 9, 1e9, ""),
        (RunEnds(trials=3), [0.5, 0.5], 0, ""),
        (RunEnds(trials=3), [0.5, None, 0.5], 0, "it has its 3 trials"),
        (RunEnds(trials=1), [0.5], 0, "it has its 1 trial"),
        (RunEnds(trials=1), [0.5, 0.6], 0, "it has 2 trials, more than 1"),
        (RunEnds(time_limit=7200), [], 7199.9, ""),
        (RunEnds(time_limit=7200), [], 7200, "its time of 2h is up"),
        (RunEnds(until_score=0.9), [None], 0, ""),
        (RunEnds(until_score=0.9), [0.5, 0.89], 0, ""),
        (RunEnds(until_score=0.9), [0.9, 0.1], 0, "its best accuracy, 0.9, has reached 0.9"),
        (RunEnds(until_score=0.9), [math.nan], 0, ""),
        (RunEnds(until_score=0.9), [math.nan, 0.95, math.nan], 0, "its best accuracy, 0.95, has reached 0.9"),
        (RunEnds(no_improvement=2), [0.5, 0.4], 0, ""),
        (RunEnds(no_improvement=2), [0.5, 0.4, 0.6, 0.6], 0, ""),
        (
            RunEnds(no_improvement=2),
            [0.5, 0.4, 0.6, 0.6, None],
            0,
            "2 trials in a row have not improved on the best, that of accuracy 0.6",
        ),
        (
            RunEnds(no_improvement=2),
            [None, None],
            0,
            "2 trials in a row have not improved on the best, that of no trial with a score",
        ),
        (RunEnds(configurations=3), [0.5, 0.6], 0, ""),
        (RunEnds(total=Budget(3, "epochs")), [0.5, 0.6], 0, ""),
        (RunEnds(total=Budget(2, "epochs")), [0.5, None], 0, "its trials have spent 2 of 2epochs"),
        (RunEnds(2, 5, None, 9), [0.5, 0.6], 6, "it has its 2 trials; its time of 5s is up"),
    ],
)
def test_ends_by_hand(ends, scores, seconds, reached):
    assert explain_ends(state_after(scores, ends), seconds) == reached
    assert has_ended(state_after(scores, ends), seconds) == bool(reached)


def test_a_cost_is_reached_from_above():
    ends = RunEnds(until_score=0.2, no_improvement=2)
    assert find_ends(state_after([0.5, 0.3], ends, "minimize"), 0) == []
    assert find_ends(state_after([0.5, 0.2], ends, "minimize"), 0) == ["until_score"]
    assert find_ends(state_after([0.3, 0.3, 0.4], ends, "minimize"), 0) == ["no_improvement"]


def test_an_open_trial_keeps_a_run_from_having_ended():
    state = fold_events([make_run_started(trials=1), *make_trial_events(0)[:4]])
    assert find_ends(state, 0) == ["trials"]
    assert not has_ended(state, 0)


def test_other_ends_can_be_asked_about():
    assert find_ends(state_after([0.5], RunEnds(trials=1)), 0, RunEnds(trials=2)) == []


def run_halving(log, evaluator, ends, stop=lambda: StopRequest.NONE):
    """Begins a run of four configurations of which the better half is promoted twice, or goes on with it."""
    logged, options = log.read("run") if log.runs() else [], {"callbacks": RunCallbacks(stop)}
    if not logged:
        event = make_ends_started(ends, searcher=SEARCHER_KIND.to_json(HALVING))
        place = (log, "run", START, RunState(), make_initial_state(event), evaluator)
        return SearchLoop(*place, **options).run(event)
    record, event = RunRecord.of(logged), RunResumed(versions={}, **ends.by_name)
    place = (log, "run", record.position, record.state, replay_search([*record.events, event]), evaluator)
    return SearchLoop(*place, run_time=record.run_time, **options).run(event)


def list_proposals(log):
    return [entry.event for entry in log.read("run") if isinstance(entry.event, Proposed)]


@pytest.fixture
def halving(monkeypatch, tmp_path_factory):
    """A searcher from outside the package, which logs may name."""
    monkeypatch.setenv(SETTINGS_FOLDER_VARIABLE, str(tmp_path_factory.mktemp("settings")))
    trust_source(HALVING)


@pytest.mark.usefixtures("halving")
def test_configurations_that_a_run_has_are_promoted_all_the_same():
    """Four, of which two are promoted, and one of these: 4 * 1 + 2 * (2 - 1) + (4 - 2) epochs."""
    log = MemoryLog()
    stopped = run_halving(log, InstantEvaluator(2), RunEnds(configurations=4))
    assert stopped == RunStopped("finished", "it has its 4 configurations")
    assert [p.budget.amount for p in list_proposals(log)] == [1, 1, 1, 1, 2, 2, 4]
    state = fold_events(entry.event for entry in log.read("run"))
    assert (state.configuration_count, state.spent) == (4, 8.0)
    assert has_ended(state, 0.0)
    assert not has_ended(fold_events(entry.event for entry in log.read("run")[:-1]), 0.0)  # as far as one knows
    assert suggest_moves(state, 0.0) == {"configurations": "+16"}


@pytest.mark.usefixtures("halving")
def test_fresh_ones_are_none_too_many():
    """A searcher that waits for more of them than it may have ends the run."""
    log = MemoryLog()
    stopped = run_halving(log, InstantEvaluator(3), RunEnds(configurations=2))
    assert stopped == RunStopped("finished", "it has its 2 configurations")
    assert len(list_proposals(log)) == 2
    assert run_halving(log, InstantEvaluator(3), RunEnds(configurations=4)).reason == "finished"
    assert [p.promotes is None for p in list_proposals(log)] == [True] * 4 + [False] * 3
    assert not list(find_mismatches([entry.event for entry in log.read("run")]))


@pytest.mark.usefixtures("halving")
@pytest.mark.parametrize("stop_at", range(1, 12))
def test_a_run_that_was_stopped_anywhere_promotes_what_is_left(stop_at):
    """Not finished before, and each promotion once; also where it was stopped with all of its configurations."""
    log, requests = MemoryLog(), itertools.count()
    stop = lambda: StopRequest.GRACEFUL if next(requests) >= stop_at else StopRequest.NONE  # noqa: E731
    first = run_halving(log, InstantEvaluator(2), RunEnds(configurations=4), stop)
    state = fold_events(entry.event for entry in log.read("run"))
    assert (first.reason == "finished") == (state.proposal_count == 7) == has_ended(state, 0.0)
    assert run_halving(log, InstantEvaluator(2), RunEnds(configurations=4)).reason == "finished"
    assert [p.budget.amount for p in list_proposals(log)] == [1, 1, 1, 1, 2, 2, 4]
    assert not list(find_mismatches([entry.event for entry in log.read("run")]))


@pytest.mark.usefixtures("halving")
def test_a_total_counts_what_promotions_add():
    """4 + 1: the first promotion brings it to 5 epochs, and neither the second nor the last one is proposed."""
    log = MemoryLog()
    stopped = run_halving(log, InstantEvaluator(), RunEnds(total=Budget(5, "epochs")))
    assert stopped == RunStopped("finished", "its trials have spent 5 of 5epochs")
    assert [p.budget.amount for p in list_proposals(log)] == [1, 1, 1, 1, 2]


def test_a_trial_that_ended_early_has_spent_what_it_used():
    """3 of 9 epochs, as patience ended it; what continues it begins there, and a crash counts with all that it may."""
    nine, patience = Budget(9, "epochs"), EarlyStop("patience", 3, "no better")
    events = [
        evolve(make_run_started(), budget=nine),
        Proposed(0, (), nine),
        AttemptStarted(0, 1),
        AttemptEnded(0, 1, "ok", 1.0, {"accuracy": 0.5}, stopped=patience),
        Scored(0, "ok", 0.5),
        Proposed(1, (), 3 * nine, continues=0),
        Proposed(2, (), nine),
        AttemptStarted(2, 1),
        AttemptEnded(2, 1, "crashed", 1.0),
        Scored(2, "crashed", None),
        Proposed(3, (), 3 * nine, promotes=0),
    ]
    assert fold_events(events[:2]).spent == 9
    assert fold_events(events[:4]).spent == 9  # it may be tried again
    assert fold_events(events[:5]).spent == 3
    assert fold_events(events[:6]).spent == 27
    assert fold_events(events).spent == 27 + 9 + 27
    assert (fold_events(events).configuration_count, fold_events(events).trials[1].spent) == (2, 24)
    seconds = evolve(make_run_started(), budget=Budget(9, "seconds"))
    assert fold_events([seconds, *[evolve(e, budget=Budget(9, "seconds")) if isinstance(e, Proposed) else e
                                   for e in events[1:5]]]).spent == 9  # fmt: skip


def test_simulated_time_is_that_of_the_attempts():
    """Six attempts of 2 s each, whatever the clock says; so also for those who read the log."""
    log, evaluator = (
        MemoryLog(),
        InstantEvaluator(verdict=lambda job: AttemptResult(job.trial, 1, "ok", {"accuracy": 0.5}, 2)),
    )
    started = make_ends_started(RunEnds(time_limit=11), simulates_time=True)
    stopped = SearchLoop(log, "run", START, RunState(), make_initial_state(started), evaluator).run(started)
    assert stopped == RunStopped("finished", "its time of 11s is up")
    record = RunRecord.of(log.read("run"))
    assert record.state.score_count == 6
    assert measure_seconds(record.state, record.run_time) == 12


class TableEvaluator(InstantEvaluator):
    """Says that its half seconds are simulated."""

    simulates_time = True


def test_a_run_says_whether_its_time_is_simulated(tmp_path):
    """Also one that was begun by an archwright that did not say it."""
    log = DuckDBLog(tmp_path / "log.duckdb")
    assert start_run(log, "a-1", make_ends_started(RunEnds(trials=4)), TableEvaluator()).reason == "finished"
    assert read_run(log, "a-1").started.simulates_time
    log.append("b-1", [entry.event for entry in log.read("a-1")], START)
    log.append("c-1", [make_started(4), *[entry.event for entry in log.read("a-1")][1:]], START)
    for name in ("b-1", "c-1"):
        resume_run(log, name, TableEvaluator(), ends=RunEnds(time_limit=3.0))
        run = read_run(log, name)
        assert (run.state.score_count, run.state.stopped) == (6, RunStopped("finished", "its time of 3s is up"))


class KilledLog(MemoryLog):
    """A log whose process is killed at one of its appends, before or after that is durable."""

    def __init__(self) -> None:
        super().__init__()
        self.appends_left: int | None = None  # None: it is not killed
        self.after = False

    def append(self, run, events, after, times=None):
        if self.appends_left is None:
            return super().append(run, events, after, times)
        self.appends_left -= 1
        if self.appends_left < 0 and not self.after:
            raise KeyboardInterrupt
        position = super().append(run, events, after, times)
        if self.appends_left < 0:
            raise KeyboardInterrupt
        return position


class TimedEvaluator(InstantEvaluator):
    """Each end of a job takes a drawn time on the machine's clock, and has a drawn score, or fails."""

    def __init__(self, machine: "EndsMachine", slots: int) -> None:
        super().__init__(slots, self.finish, machine.draws.randrange(1000))
        self.machine = machine

    def finish(self, job) -> AttemptResult:
        draws = self.machine.draws
        self.machine.now += draws.choice([0.0, 0.5, 1.0, 3.0])
        score = draws.choice([None, math.nan, *[n / 8 for n in range(9)]])
        if score is None:
            return AttemptResult(job.trial, job.attempt, "crashed", {}, 1.5, "no", transient=draws.random() < 0.5)
        return AttemptResult(job.trial, job.attempt, "ok", {"accuracy": score}, 1.5)


def find_ends_plainly(logged, now: float, objective: Objective) -> set[str]:
    """The ends that a run has reached after its events so far, counted without any fold."""
    events = [entry.event for entry in logged]
    (*_, newest) = (e for e in events if isinstance(e, RunStarted | RunResumed))
    scores = [e.score for e in events if isinstance(e, Scored)]
    sign = 1 if objective.direction == "maximize" else -1
    numbers = [sign * s for s in scores if s is not None and not math.isnan(s)]
    is_first_best = [s is not None and not math.isnan(s) and sign * s == max(numbers) for s in scores]
    since_best = len(scores) - is_first_best.index(True) - 1 if numbers else len(scores)
    reached = {
        "trials": newest.trials is not None and sum(isinstance(e, Proposed) for e in events) >= newest.trials,
        "time": newest.time_limit is not None and count_seconds_plainly(logged, now) >= newest.time_limit,
        "until_score": newest.until_score is not None and max(numbers, default=-9) >= sign * newest.until_score,
        "no_improvement": newest.no_improvement is not None and since_best >= newest.no_improvement,
        "configurations": newest.configurations is not None
        and sum(isinstance(e, Proposed) and e.promotes is None for e in events) >= newest.configurations,
        "total": newest.total is not None
        and sum(e.budget.amount for e in events if isinstance(e, Proposed)) >= newest.total.amount,
    }
    return {name for name, is_reached in reached.items() if is_reached}


def count_seconds_plainly(logged, now: float | None = None) -> float:
    """The seconds of all processes; the last one's up to `now`, where that is given."""
    starts = [n for n, entry in enumerate(logged) if isinstance(entry.event, RunStarted | RunResumed)]
    spans = [logged[first:last] for first, last in itertools.pairwise([*starts, len(logged)])]
    ends = [span[-1].time for span in spans]
    if now is not None:
        ends[-1] = now
    return sum(end - span[0].time for span, end in zip(spans, ends, strict=True))


some_ends = st.builds(
    RunEnds,
    st.none() | st.integers(1, 14),
    st.sampled_from([5.0, 12.0, 20.0]),  # always one, so that every run ends
    st.none() | st.sampled_from([0.5, 0.875, 1.0]),
    st.none() | st.integers(1, 6),
    st.none() | st.integers(1, 9),
    st.none() | st.sampled_from([Budget(1, "epochs"), Budget(4.5, "epochs")]),
)


class EndsMachine(RuleBasedStateMachine):
    """A run that processes take up, are killed in and asked to leave, and whose ends are moved."""

    def __init__(self) -> None:
        super().__init__()
        self.log, self.now = KilledLog(), 1000.0

    @initialize(seed=st.integers(0, 10**6), direction=st.sampled_from(["maximize", "minimize"]))
    def begin(self, seed, direction):
        self.draws, self.objective = random.Random(seed), Objective("accuracy", direction)

    @rule(
        ends=st.none() | some_ends,
        slots=st.integers(1, 3),
        appends=st.none() | st.integers(0, 12),
        after=st.booleans(),
        leaves=st.none() | st.integers(1, 8),
    )
    def take_up(self, ends, slots, appends, after, leaves):
        """A process begins the run, or goes on with it, and is killed after so many appends, or asked to leave."""
        self.log.appends_left, self.log.after = appends, after
        evaluator, logged = TimedEvaluator(self, slots), self.log.read("run")
        requests = itertools.count()
        stop = lambda: StopRequest.GRACEFUL if leaves is not None and next(requests) >= leaves else StopRequest.NONE  # noqa: E731
        rest = {"event_clock": lambda: self.now, "callbacks": RunCallbacks(stop), "max_consecutive_failures": 99}
        if not logged:
            event = evolve(make_ends_started(ends or RunEnds(4, 20.0)), objective=self.objective)
            loop = SearchLoop(self.log, "run", START, RunState(), make_initial_state(event), evaluator, **rest)
        else:
            record = RunRecord.of(logged)
            event = RunResumed(versions={}, **(ends or record.state.ends).by_name)
            search_state = replay_search([*record.events, event])
            place = (self.log, "run", record.position, record.state, search_state, evaluator)
            loop = SearchLoop(*place, run_time=record.run_time, **rest)
        try:
            stopped = loop.run(event)
        except KeyboardInterrupt:
            return
        finally:
            self.log.appends_left = None
        assert stopped.reason == "finished" or leaves is not None, "nothing but an end or a person stops it"
        self.check_stop(stopped)

    def check_stop(self, stopped: RunStopped) -> None:
        """It is finished if, and only if, an end is reached and no trial is open; and says which."""
        logged = self.log.read("run")
        state = fold_events(entry.event for entry in logged)
        reached = find_ends_plainly(logged, self.now, self.objective)
        assert (stopped.reason == "finished") == (bool(reached) and not state.open_trials)
        assert len(stopped.detail.split("; ")) == max(1, len(reached) if stopped.reason == "finished" else 0)

    @rule(seconds=st.sampled_from([1.0, 1e6, -2.5]))
    def wait(self, seconds):
        """Time between processes is nobody's; nor does it matter that the clock is set back then."""
        self.now += seconds

    @precondition(lambda self: self.log.runs())
    @invariant()
    def check_that_nothing_is_proposed_after_an_end(self):
        logged = self.log.read("run")
        for n, entry in enumerate(logged):
            if isinstance(entry.event, Proposed):
                assert not find_ends_plainly(logged[:n], entry.time, self.objective), (n, entry.event)

    @precondition(lambda self: self.log.runs())
    @invariant()
    def check_that_the_fold_counts_as_a_plain_count_does(self):
        logged = self.log.read("run")
        record = RunRecord.of(logged)
        assert record.run_time.seconds == count_seconds_plainly(logged)
        assert record.state.attempt_seconds == sum(e.seconds for e in record.events if isinstance(e, AttemptEnded))
        seconds = measure_seconds(record.state, record.run_time)
        assert set(find_ends(record.state, seconds)) == find_ends_plainly(logged, logged[-1].time, self.objective)
        assert bool(explain_ends(record.state, seconds)) == bool(find_ends(record.state, seconds))


TestEnds = EndsMachine.TestCase
