"""How a search stands, and what is said of each event."""

from functools import reduce

from archwright.cli.runs.progress import RunProgress, describe_event, start_progress
from archwright.core.budget import Budget
from archwright.core.objective import Objective
from archwright.store.events import AttemptEnded, AttemptStarted, Proposed, Reported, RunResumed, Scored
from archwright.store.fold import RunState

NEW = start_progress(RunState(), Objective(), 100.0)
EPOCHS = Budget(5, "epochs")


def after(*events, start: RunProgress = NEW) -> RunProgress:
    return reduce(lambda now, event: now.apply(event, 110.0), events, start)


def trial(n: int, score: float | None, seconds: float = 2.0) -> tuple:
    status, error = ("ok", "") if score is not None else ("crashed", "Traceback\nValueError: no\n")
    ended = AttemptEnded(n, 1, status, seconds, {}, error)
    return Proposed(n, (), EPOCHS), AttemptStarted(n, 1), ended, Scored(n, status, score)


def test_counts_and_best():
    now = after(RunResumed(8, {}), *trial(0, 0.5), *trial(1, None), *trial(2, 0.7), *trial(3, 0.6))
    assert (now.target, now.scored, now.failed, now.best) == (8, 4, 1, (0.7, 2))
    assert (now.running, now.budgets) == ({}, {})


def test_best_of_a_search_that_minimizes():
    start = start_progress(RunState(), Objective("cost", "minimize"), 100.0)
    assert after(*trial(0, 0.5), *trial(1, 0.4), *trial(2, 0.7), start=start).best == (0.4, 1)


def test_time_left_is_that_of_the_trials_of_this_process():
    now = after(RunResumed(6, {}), *trial(0, 0.5), *trial(1, 0.5))
    assert NEW.estimate_seconds_left(110.0) is None
    assert now.estimate_seconds_left(110.0) == 20.0


def test_lines():
    steps = [RunResumed(8, {}), *trial(0, 0.5)[:2], Reported(0, 1, 3, {"loss": 1.0, "accuracy": 0.25})]
    before = after(*steps[:-1])
    assert describe_event(steps[0], NEW, NEW) is None
    assert describe_event(steps[2], NEW, before) == "trial 0  began"
    assert describe_event(AttemptStarted(0, 3), NEW, before) == "trial 0  began again, attempt 3"
    assert describe_event(steps[3], before, after(*steps)) == "trial 0  epoch 3/5  accuracy 0.2500"
    ended = after(*steps, trial(0, 0.5)[2])
    done = after(trial(0, 0.5)[3], start=ended)
    assert describe_event(trial(0, 0.5)[3], ended, done) == "trial 0  accuracy 0.5000  in 2.0 s  best so far"
    assert describe_event(trial(0, 0.5)[3], ended, ended) == "trial 0  accuracy 0.5000  in 2.0 s"


def test_an_epoch_beyond_the_budget_stands_alone():
    """A function that is not told of a budget keeps to none."""
    before = after(*trial(0, 0.5)[:2])
    assert describe_event(Reported(0, 1, 5, {}), before, before) == "trial 0  epoch 5/5  "
    assert describe_event(Reported(0, 1, 6, {}), before, before) == "trial 0  epoch 6  "


def test_line_of_a_segmentation_fault_is_what_it_was():
    """And not the last of what the interpreter has said of it."""
    said = "the worker was killed by SIGSEGV (segmentation fault)\nFatal Python error\n\nExtension modules: a, b"
    before = after(*trial(0, None)[:2], AttemptEnded(0, 1, "crashed", 2.0, {}, said))
    shown = describe_event(Scored(0, "crashed", None), before, before)
    assert shown == "trial 0  crashed  after 2.0 s  the worker was killed by SIGSEGV (segmentation fault)"


def test_line_of_a_failure_ends_with_its_last_line():
    before = after(*trial(0, None)[:3])
    assert describe_event(trial(0, None)[3], before, before) == "trial 0  crashed  after 2.0 s  ValueError: no"


def test_line_of_a_further_attempt_says_why():
    killed = AttemptEnded(0, 1, "crashed", 2.0, {}, "the worker was killed by SIGKILL\nlast words")
    before = after(*trial(0, None)[:2], killed)
    again = AttemptStarted(0, 2)
    assert describe_event(again, before, after(again, start=before)) == (
        "trial 0  began again, attempt 2: the worker was killed by SIGKILL"
    )
