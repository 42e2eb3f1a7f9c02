"""The median rule says what it says in the paper, and is a function of the log."""

import json
import math
from statistics import fmean, median

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from archwright.core.budget import Budget
from archwright.core.ends import RunEnds
from archwright.core.objective import Objective
from archwright.core.protocols import EarlyStop
from archwright.core.setting import BadSetting, UnknownSetting
from archwright.search.named_rules import RULE_KIND, UnknownStoppingRule
from archwright.search.rules.median import MedianRule
from archwright.search.running.loop import SearchLoop
from archwright.search.running.revisions import find_mismatches
from archwright.search.running.runs import resume_run, start_run
from archwright.search.running.search_state import replay_search
from archwright.search.running.stopping import EarlyStopping, fold_early_stopping
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import AttemptEnded, AttemptStarted, Proposed, Reported, RunResumed, Scored
from archwright.store.fold import RunState, fold_events
from archwright.store.log import START
from tests.search.instant import make_started
from tests.search.paced import PacedEvaluator
from tests.search.running.test_loop import Crash, CrashingLog, events_of, make_loop
from tests.store.memory_log import MemoryLog

RULE = {"rule": "median", "warmup": 1, "startup": 3}


def make_trial(number: int, *values: float, status: str | None = "ok") -> list:
    """The events of a trial that reported `values`; without a status it still runs."""
    reports = [Reported(number, 1, epoch, {"accuracy": value}) for epoch, value in enumerate(values, start=1)]
    end = [] if status is None else [Scored(number, status, max(values) if status == "ok" else None)]
    return [AttemptStarted(number, 1), *reports, *end]


def fold_stopping(*events, direction="maximize") -> EarlyStopping:
    started = evolve(make_started(9, stopping=RULE), objective=Objective("accuracy", direction))
    return fold_early_stopping(started, events)


def find_stop_reason(trial: int, *events, direction="maximize") -> str:
    return fold_stopping(*events, direction=direction).find_stop_reason(trial)


# The averages up to epoch 2 are 0.3, 0.5 and 0.7, so the median is 0.5; up to epoch 3 they are 0.4, 0.6 and 0.7.
THREE = [*make_trial(0, 0.2, 0.4, 0.6), *make_trial(1, 0.4, 0.6, 0.8), *make_trial(2, 0.6, 0.8, 0.7)]


@pytest.mark.parametrize(
    ("values", "hopeless"),
    [
        ((0.1,), False),  # within the warm-up
        ((0.1, 0.49), True),
        ((0.49, 0.1), True),  # the best value so far counts, whenever it was
        ((0.1, 0.5), False),  # as good as the median is not worse
        ((0.51, 0.0), False),
        ((0.51, 0.0, 0.59), True),  # below 0.6 by epoch 3
        ((0.51, 0.0, 0.6), False),
        ((0.51, 0.0, 0.6, 0.0), False),  # the others ended after 3 epochs: what they had by then counts
    ],
)
def test_the_median_rule_worked_out_by_hand(values, hopeless):
    reason = find_stop_reason(3, *THREE, *make_trial(3, *values, status=None))
    assert bool(reason) == hopeless


def test_the_reason_says_the_epoch_the_value_and_the_median():
    reason = find_stop_reason(3, *THREE, *make_trial(3, 0.1, 0.49, status=None))
    assert reason == (
        "its best accuracy by epoch 2 was 0.49, below 0.5, the median of what 3 finished trials had on average by then"
    )


def test_where_less_is_better_worse_is_more():
    by = {"direction": "minimize"}
    assert find_stop_reason(3, *THREE, *make_trial(3, 0.9, 0.5, status=None), **by) == ""
    assert ", above 0.5, the median" in find_stop_reason(3, *THREE, *make_trial(3, 0.9, 0.51, status=None), **by)


def make_continuation(number: int, earlier: int, *values: float, first: int, status: str | None = "ok") -> list:
    """The events of a trial that goes on with an earlier one from epoch `first`."""
    first_event, *rest = make_trial(number, *values, status=status)
    later = [evolve(e, epoch=e.epoch + first - 1) if isinstance(e, Reported) else e for e in rest]
    return [Proposed(number, (), Budget(9, "epochs"), continues=earlier), first_event, *later]


def test_a_continued_trial_has_the_curve_of_the_whole_training():
    """What it goes on with had reached 0.8, so that it is not hopeless at 0.55, as it would be alone."""
    running = make_continuation(3, 2, 0.55, first=4, status=None)
    assert fold_stopping(*THREE, *running).rule_state.running_curves[3][-1].best == 0.8
    assert find_stop_reason(3, *THREE, *running) == ""
    alone = [evolve(e, epoch=4) if isinstance(e, Reported) else e for e in make_trial(3, 0.55, status=None)]
    assert "below 0.6" in find_stop_reason(3, *THREE, *alone)


def test_a_training_that_was_continued_counts_once():
    """The third goes on to 0.0: its average is (0.6 + 0.8 + 0.7 + 0) / 4 = 0.525, and the median 0.525 by epoch 4."""
    running = [evolve(e, epoch=4) if isinstance(e, Reported) else e for e in make_trial(4, 0.52, status=None)]
    reason = find_stop_reason(4, *THREE, *make_continuation(3, 2, 0.0, first=4), *running)
    assert "below 0.525, the median of what 3 finished trials" in reason


def test_a_continued_training_that_began_anew_has_a_curve_of_its_own():
    """Its checkpoint was not there: each epoch that it does again counts once."""
    running = make_continuation(3, 2, 0.1, 0.2, first=1, status=None)
    points = fold_stopping(*THREE, *running).rule_state.running_curves[3]
    assert [point.epoch for point in points] == [1, 2]
    assert [point.mean for point in points] == pytest.approx([0.1, 0.15])


def test_failed_and_running_trials_do_not_count():
    """With a failed trial of 0.9 and a running one, the median is still 0.5; without one of the three, nothing is."""
    others = [*make_trial(3, 0.9, 0.9, status="crashed"), *make_trial(4, 0.9, 0.9, 0.9, status=None)]
    running = make_trial(5, 0.1, 0.5, status=None)
    assert find_stop_reason(5, *THREE, *others, *running) == ""
    assert find_stop_reason(5, *THREE[:-1], *others, *make_trial(5, 0.0, 0.0, status=None)) == ""


def test_halted_trials_do_not_count_and_those_that_patience_stopped_do():
    """However many were halted at 0.1, the median of the finished ones is 0.5; with one more of 0.9, it is 0.6."""
    end = lambda n, by: AttemptEnded(n, 1, "ok", 1.0, {}, "", EarlyStop(by, 2, "as it should be"))  # noqa: E731
    *stopped, told = make_trial(3, 0.1, 0.1)
    running = make_trial(5, 0.3, 0.55, status=None)
    assert find_stop_reason(5, *THREE, *stopped, end(3, "hopeless"), told, *make_trial(5, 0.1, 0.49, status=None)) != ""
    assert find_stop_reason(5, *THREE, *stopped, end(3, "hopeless"), told, *running) == ""
    *patient, told = make_trial(4, 0.9, 0.9)
    assert "below 0.6, the median of what 4" in find_stop_reason(
        5, *THREE, *patient, end(4, "patience"), told, *running
    )


def test_only_the_last_attempt_counts():
    again = [AttemptStarted(3, 2), Reported(3, 2, 1, {"accuracy": 0.2}), Reported(3, 2, 2, {"accuracy": 0.2})]
    assert find_stop_reason(3, *THREE, *make_trial(3, 0.9, 0.9, status=None), *again) != ""


def test_what_reports_no_value_of_the_objective_is_never_hopeless():
    silent = [AttemptStarted(3, 1), *(Reported(3, 1, epoch, {"loss": 9.0}) for epoch in range(1, 9))]
    assert find_stop_reason(3, *THREE, *silent) == ""


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_trial_whose_last_value_is_not_finite_is_hopeless_whatever_the_others_came_to(value):
    """Once its warm-up is over; a value that is finite again, or another attempt, puts it right."""
    assert find_stop_reason(3, *make_trial(3, value, status=None)) == ""
    diverged = make_trial(3, 0.9, 0.9, value, status=None)
    assert find_stop_reason(3, *diverged) == f"its accuracy was {value} after epoch 3"
    assert fold_stopping(*THREE, *diverged).find_best(3) == 0.9
    assert find_stop_reason(3, *THREE, *diverged, Reported(3, 1, 4, {"accuracy": 0.9})) == ""
    assert find_stop_reason(3, *THREE, *diverged, AttemptStarted(3, 2)) == ""


def test_a_trial_that_is_halted_as_its_value_is_not_finite_has_diverged():
    curve = lambda job: [0.5, math.nan, math.nan, 0.5] if job.trial == 1 else [0.5] * 4  # noqa: E731
    log, first_event, evaluator = MemoryLog(), make_started(2, stopping=RULE), PacedEvaluator(curve)
    make_loop(log, first_event, evaluator).run(first_event)
    assert evaluator.stops == [(1, 2, "its accuracy was nan after epoch 2")]
    end = [e for e in events_of(log) if isinstance(e, AttemptEnded)][-1]
    assert (end.status, end.stopped) == ("diverged", EarlyStop("divergence", 2, "its accuracy was nan after epoch 2"))


def is_hopeless(events: list, number: int, rule: MedianRule) -> bool:
    """The rule as the paper words it, from the events alone."""
    values: dict[int, list[tuple[int, float]]] = {}
    finished = []
    for event in events:
        match event:
            case AttemptStarted(n):
                values[n] = []
            case Reported(n, _, epoch, metrics):
                values[n].append((epoch, metrics["accuracy"]))
            case AttemptEnded(n, stopped=EarlyStop("hopeless")):
                del values[n]
            case Scored(n, status) if n in values:
                finished += [values.pop(n)] if status == "ok" else []
            case _:
                pass
    if not values.get(number):
        return False
    epoch, best = values[number][-1][0], max(value for _, value in values[number])
    upto = [[value for e, value in curve if e <= epoch] for curve in finished]
    averages = [fmean(part) for part in upto if part]
    return epoch > rule.warmup and len(averages) >= rule.startup and best < median(averages)


@given(
    levels=st.lists(st.integers(0, 9), min_size=12, max_size=12),
    slots=st.integers(1, 4),
    seed=st.integers(0, 1000),
    late=st.integers(0, 2),
    warmup=st.integers(0, 3),
    startup=st.integers(1, 4),
)
def test_decisions_are_a_function_of_the_log(levels, slots, seed, late, warmup, startup):
    """Whatever the order of reports and ends: a trial is halted when, and only when, what is logged by then says so."""
    rule = MedianRule(warmup, startup)
    first_event = make_started(12, stopping=RULE_KIND.to_json("median", {"warmup": warmup, "startup": startup}))
    # Exact in binary, so that a mean is the same in whatever order it is taken.
    curve = lambda job: [None if levels[job.trial] == 9 and e == 3 else levels[job.trial] * e / 64 for e in range(1, 6)]  # noqa: E731
    log, evaluator, decisions = MemoryLog(), PacedEvaluator(curve, slots, seed, late), []
    evaluator.on_stop = lambda number, _, __: decisions.append((len(log.read("run")), number))
    loop = make_loop(log, first_event, evaluator, max_consecutive_failures=99)
    loop.run(first_event)

    events, stopped, expected = events_of(log), set(), []
    for seq, event in enumerate(events, start=1):
        if isinstance(event, Reported) and event.trial not in stopped and is_hopeless(events[:seq], event.trial, rule):
            stopped.add(event.trial)
            expected.append((seq, event.trial))
    assert decisions == expected
    ends = {e.trial: e for e in events if isinstance(e, AttemptEnded)}
    assert {n for n, end in ends.items() if end.stopped} <= stopped
    for event in events:
        if isinstance(event, Scored) and event.status == "ok":
            assert event.score == levels[event.trial] * evaluator.epochs[event.trial] / 64
    assert not list(find_mismatches(events))
    assert loop.early_stopping == fold_early_stopping(first_event, events)


def easy_or_hopeless(job):
    """Every third trial after the first three learns nothing."""
    return [0.1] * 8 if job.trial >= 3 and job.trial % 3 == 0 else [0.5, 0.6, 0.7, 0.8, 0.8, 0.8, 0.8, 0.8]


def test_a_halted_trial_is_ok_with_its_best_value_and_costs_fewer_epochs():
    log, first_event, evaluator = MemoryLog(), make_started(9, stopping=RULE), PacedEvaluator(easy_or_hopeless, late=1)
    assert make_loop(log, first_event, evaluator).run(first_event).reason == "finished"
    ends = {e.trial: e for e in events_of(log) if isinstance(e, AttemptEnded)}
    assert {n: (end.stopped.by, end.stopped.epoch) for n, end in ends.items() if end.stopped} == {
        3: ("hopeless", 3),  # told after its second epoch, heard after its third
        6: ("hopeless", 3),
    }
    assert "by epoch 2 was 0.1, below 0.55, the median of what 3 finished trials" in ends[3].stopped.why
    assert {e.trial: (e.status, e.score) for e in events_of(log) if isinstance(e, Scored)}[3] == ("ok", 0.1)
    assert evaluator.epochs == {n: 3 if n in (3, 6) else 8 for n in range(9)}


def test_no_rule_halts_nothing():
    log, first_event, evaluator = MemoryLog(), make_started(9), PacedEvaluator(easy_or_hopeless)
    make_loop(log, first_event, evaluator).run(first_event)
    assert evaluator.stops == []
    assert set(evaluator.epochs.values()) == {8}


@given(crash=st.integers(0, 70), after_append=st.booleans(), slots=st.integers(1, 3), late=st.integers(0, 1))
def test_killed_at_any_append_and_resumed_the_rule_goes_on(crash, after_append, slots, late):
    """Every trial is scored once, and the trials that learn nothing are halted by the process that finds them so."""
    log, first_event = CrashingLog(crash, after_append), make_started(9, stopping=RULE)

    def start_or_resume(first, state, position) -> None:
        tick = iter(range(10**6))
        evaluator = PacedEvaluator(easy_or_hopeless, slots, late=late)
        events = events_of(log) if log.runs() else []
        rule, search_state = fold_early_stopping(first_event, events), replay_search([*events, first])
        clock = lambda: float(next(tick))  # noqa: E731
        SearchLoop(log, "run", position, state, search_state, evaluator, early_stopping=rule, clock=clock).run(first)

    try:
        start_or_resume(first_event, RunState(), START)
    except Crash:
        if not log.runs():
            start_or_resume(first_event, RunState(), START)
        else:
            start_or_resume(RunResumed(9, {}), fold_events(events_of(log)), log.read("run")[-1].position)
    events = events_of(log)
    assert sorted(e.trial for e in events if isinstance(e, Scored)) == list(range(9))
    ends = {e.trial: e for e in events if isinstance(e, AttemptEnded)}
    if slots == 1:
        assert {n for n, end in ends.items() if end.stopped} == {3, 6}
    assert not list(find_mismatches(events))


def test_a_resumed_run_has_the_rule_that_it_was_begun_with(tmp_path):
    log, first_event = DuckDBLog(tmp_path / "log.duckdb"), make_started(4, stopping=RULE)
    start_run(log, "run", first_event, PacedEvaluator(easy_or_hopeless))
    evaluator = PacedEvaluator(easy_or_hopeless)
    resume_run(log, "run", evaluator, ends=RunEnds(trials=7))
    assert [(number, epoch) for number, epoch, _ in evaluator.stops] == [(6, 2)]


def test_a_rule_survives_a_log():
    data = RULE_KIND.to_json("median", {"warmup": 3})
    assert RULE_KIND.from_json(json.loads(json.dumps(data))) == MedianRule(3, 5)
    assert fold_early_stopping(make_started(1)) is None


@pytest.mark.parametrize(
    ("name", "settings", "error", "says"),
    [
        ("mean", {}, UnknownStoppingRule, "there is no built-in stopping rule 'mean'; did you mean median?"),
        ("median", {"warmpu": 3}, UnknownSetting, "no setting 'warmpu'; did you mean warmup"),
        ("median", {"warmup": -1}, BadSetting, "it may be a whole number of 0 or more"),
        ("median", {"startup": 0}, BadSetting, "it may be a whole number of 1 or more"),
        (
            "median",
            {"startup": 2.5},
            BadSetting,
            "startup of the stopping rule median is 2.5; it may be",
        ),
    ],
)
def test_a_bad_rule_is_named_with_its_remedy(name, settings, error, says):
    with pytest.raises(error) as caught:
        RULE_KIND.to_json(name, settings)
    assert says in str(caught.value)
