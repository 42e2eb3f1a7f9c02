"""The progress of a search, and the line of text of each event."""

from functools import reduce

from attrs import evolve

from archwright.core.budget import Budget
from archwright.core.ends import RunEnds, RunExtent
from archwright.core.incumbent import Incumbent
from archwright.core.objective import Objective
from archwright.display.ends import format_ends, list_progress
from archwright.execution.progress import RunProgress, describe_event, start_progress
from archwright.store.events import AttemptEnded, AttemptStarted, Proposed, Reported, RunResumed, Scored
from archwright.store.fold import RunState
from archwright.store.run_time import RunTime
from tests.search.instant import make_started

NEW_PROGRESS = start_progress(RunState(), Objective(), 100.0)
EPOCHS = Budget(5, "epochs")


def apply_events(*events, start: RunProgress = NEW_PROGRESS) -> RunProgress:
    return reduce(lambda progress, event: progress.apply(event, 110.0), events, start)


def make_trial_events(n: int, score: float | None, seconds: float = 2.0) -> tuple:
    status, error = ("ok", "") if score is not None else ("crashed", "Traceback\nValueError: no\n")
    end = AttemptEnded(n, 1, status, seconds, {}, error)
    return Proposed(n, (), EPOCHS), AttemptStarted(n, 1), end, Scored(n, status, score)


def test_counts_and_best():
    progress = apply_events(
        RunResumed(8, {}),
        *make_trial_events(0, 0.5),
        *make_trial_events(1, None),
        *make_trial_events(2, 0.7),
        *make_trial_events(3, 0.6),
    )
    assert (progress.state.target_trials, progress.state.score_count, progress.failed) == (8, 4, 1)
    assert progress.best == Incumbent(2, EPOCHS, 0.7)
    assert progress.running == {}


def test_best_of_a_search_that_minimizes():
    cost = Objective("cost", "minimize")
    started, start = evolve(make_started(3), objective=cost), start_progress(RunState(), cost, 100.0)
    trials = (event for trial, score in enumerate((0.5, 0.4, 0.7)) for event in make_trial_events(trial, score))
    assert apply_events(started, *trials, start=start).best == Incumbent(1, EPOCHS, 0.4)


def test_time_left_is_that_of_the_trials_of_this_process():
    progress = apply_events(RunResumed(6, {}), *make_trial_events(0, 0.5), *make_trial_events(1, 0.5))
    assert NEW_PROGRESS.estimate_seconds_left(110.0) is None
    assert progress.estimate_seconds_left(110.0) == 20.0


def test_time_left_is_that_of_the_end_that_comes_first():
    """After 10 s of this process and 20 s before: 30 of 60 s, and 2 of 4 trials at 5 s each."""
    steps = (*make_trial_events(0, 0.5), *make_trial_events(1, None))
    start = start_progress(RunState(), Objective(), 100.0, RunTime(20.0))
    timed = apply_events(RunResumed(None, {}, time_limit=60.0), *steps, start=start)
    assert (timed.measure_seconds(110.0), timed.estimate_seconds_left(110.0), timed.estimate_done(110.0)) == (
        30,
        30,
        0.5,
    )
    both = apply_events(RunResumed(4, {}, time_limit=60.0), *steps, start=start)
    assert (both.estimate_seconds_left(110.0), both.estimate_done(110.0)) == (10.0, 0.5)
    assert apply_events(RunResumed(None, {}, no_improvement=3), *steps).estimate_seconds_left(110.0) is None
    assert timed.estimate_seconds_left(900.0) == 0.0
    assert timed.state.scored_since_best == 1


def test_a_total_is_some_way_off():
    """Of 40 epochs two trials spend 10 in 10 s: the other 30 take 30 s; a trial under way counts with all it may."""
    steps = (*make_trial_events(0, 0.5), make_trial_events(1, 0.5)[0])
    progress = apply_events(RunResumed(None, {}, total=Budget(40, "epochs")), *steps)
    assert progress.measure_extent(110.0) == RunExtent(1, 10.0, 0, 2, 10.0)
    assert (progress.estimate_done(110.0), progress.estimate_seconds_left(110.0)) == (0.25, 30.0)


def test_simulated_time_passes_with_the_attempts():
    """4 of 10 simulated seconds in 10 s; the other 6 take 15."""
    steps = (*make_trial_events(0, 0.5), *make_trial_events(1, 0.6))
    progress = apply_events(RunResumed(None, {}, time_limit=10.0, simulates_time=True), *steps)
    assert (progress.measure_seconds(110.0), progress.estimate_seconds_left(110.0)) == (4.0, 15.0)


def test_what_is_said_of_the_ends():
    ends = RunEnds(64, 5400.0, 0.95, 30)
    assert format_ends(ends, "accuracy") == "64 trials, 90min, accuracy 0.9500 or 30 trials without a new best"
    assert format_ends(RunEnds(), "accuracy") == "you stop it"
    assert list_progress(ends, RunExtent(3, 200.0, 2)) == [
        "3 of 64 trials",
        "3 min 20 s of 90min",
        "2 of 30 without a new best",
    ]
    assert list_progress(RunEnds(until_score=0.5), RunExtent(1, 9.0)) == ["1 trial"]


def test_lines():
    steps = [RunResumed(8, {}), *make_trial_events(0, 0.5)[:2], Reported(0, 1, 3, {"loss": 1.0, "accuracy": 0.25})]
    before = apply_events(*steps[:-1])
    assert describe_event(steps[0], NEW_PROGRESS, NEW_PROGRESS) is None
    assert describe_event(steps[2], NEW_PROGRESS, before) == "trial 0  began"
    assert describe_event(AttemptStarted(0, 3), NEW_PROGRESS, before) == "trial 0  began again, attempt 3"
    assert describe_event(steps[3], before, apply_events(*steps)) == "trial 0  epoch 3/5  accuracy 0.2500"
    end = apply_events(*steps, make_trial_events(0, 0.5)[2])
    done = apply_events(make_trial_events(0, 0.5)[3], start=end)
    assert describe_event(make_trial_events(0, 0.5)[3], end, done) == "trial 0  accuracy 0.5000  in 2.0 s  best so far"
    assert describe_event(make_trial_events(0, 0.5)[3], end, end) == "trial 0  accuracy 0.5000  in 2.0 s"


def test_an_epoch_beyond_the_budget_stands_alone():
    """A function that is not told of a budget keeps to none."""
    before = apply_events(*make_trial_events(0, 0.5)[:2])
    assert describe_event(Reported(0, 1, 5, {}), before, before) == "trial 0  epoch 5/5  "
    assert describe_event(Reported(0, 1, 6, {}), before, before) == "trial 0  epoch 6  "


def test_line_of_a_segmentation_fault_is_what_it_was():
    """And not the last of what the interpreter has said of it."""
    error = "the worker was killed by SIGSEGV (segmentation fault)\nFatal Python error\n\nExtension modules: a, b"
    before = apply_events(*make_trial_events(0, None)[:2], AttemptEnded(0, 1, "crashed", 2.0, {}, error))
    line = describe_event(Scored(0, "crashed", None), before, before)
    assert line == "trial 0  crashed  after 2.0 s  the worker was killed by SIGSEGV (segmentation fault)"


def test_line_of_a_failure_ends_with_its_last_line():
    before = apply_events(*make_trial_events(0, None)[:3])
    assert (
        describe_event(make_trial_events(0, None)[3], before, before) == "trial 0  crashed  after 2.0 s  ValueError: no"
    )


def test_line_of_a_further_attempt_says_why():
    killed = AttemptEnded(0, 1, "crashed", 2.0, {}, "the worker was killed by SIGKILL\nlast words")
    before = apply_events(*make_trial_events(0, None)[:2], killed)
    retry = AttemptStarted(0, 2)
    assert describe_event(retry, before, apply_events(retry, start=before)) == (
        "trial 0  began again, attempt 2: the worker was killed by SIGKILL"
    )


def test_a_promotion_says_what_it_tries_again():
    """With its budget; a fresh trial, and one of which nothing is known, say nothing of it."""
    small, large = Budget(1, "epochs"), Budget(3, "epochs")
    first = (Proposed(0, (), small), AttemptStarted(0, 1), AttemptEnded(0, 1, "ok", 1.0, {}), Scored(0, "ok", 0.5))
    progress = apply_events(*first, Proposed(1, (), large, continues=0))
    after = progress.apply(AttemptStarted(1, 1), 110.0)
    assert describe_event(AttemptStarted(1, 1), progress, after) == "trial 1  began, trial 0 promoted to 3 epochs"
    assert describe_event(AttemptStarted(0, 2), progress, after) == "trial 0  began again, attempt 2"
