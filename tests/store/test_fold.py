"""The fold of a run's events, and what may not be folded."""

from functools import reduce

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from archwright.core.protocols import Status
from archwright.store.errors import Inadmissible
from archwright.store.events import (
    AttemptEnded,
    AttemptStarted,
    Enqueued,
    Event,
    Inherited,
    Proposed,
    Reported,
    RunResumed,
    RunStarted,
    RunStopped,
    Scored,
)
from archwright.store.fold import decide, fold, fold_events
from tests.store.strategies import EPOCH, events, histories, make_run_events, make_run_started, make_trial_events


@given(st.lists(events, max_size=12), st.lists(events, max_size=12))
def test_replay_is_the_fold(prefix: list[Event], suffix: list[Event]):
    """replay(a + b) == reduce(fold, b, replay(a)) == replay(b, replay(a)), whatever the events."""
    whole = fold_events([*prefix, *suffix])
    assert whole == reduce(fold, suffix, fold_events(prefix))
    assert whole == fold_events(suffix, fold_events(prefix))


@given(st.lists(events, max_size=20))
def test_fold_is_total(history: list[Event]):
    """No event makes fold raise, and each is counted."""
    assert fold_events(history).seq == len(history)


@given(histories(), events)
def test_fold_leaves_its_argument(history: list[Event], event: Event):
    """The state before an event is what it was, after the event is folded in."""
    state = fold_events(history)
    fold(state, event)
    assert state == fold_events(history)


@given(histories())
def test_open_trials_are_what_was_proposed_and_not_scored(history: list[Event]):
    """open_trials, proposal_count and score_count agree with a count by hand."""
    proposed = [event.trial for event in history if isinstance(event, Proposed)]
    scored = {event.trial for event in history if isinstance(event, Scored)}
    state = fold_events(history)
    assert state.open_trials == tuple(number for number in proposed if number not in scored)
    assert (state.proposal_count, state.score_count) == (len(proposed), len(scored))


@given(histories())
def test_the_queue_is_what_was_enqueued_and_not_proposed(history: list[Event]):
    """Each entry is proposed once, in the order of enqueuing, before anything of the searcher's."""
    enqueued = [event.entry for event in history if isinstance(event, Enqueued)]
    proposed = [event.enqueued for event in history if isinstance(event, Proposed) and event.enqueued is not None]
    queue = fold_events(history).queue
    assert enqueued == list(range(queue.entry_count))
    assert proposed + [entry.entry for entry in queue.entries] == enqueued
    waiting = 0
    for event in history:
        waiting += isinstance(event, Enqueued) - (isinstance(event, Proposed) and event.enqueued is not None)
        assert not (isinstance(event, Proposed) and event.enqueued is None and waiting)


@given(histories())
def test_attempts_and_seconds_add_up(history: list[Event]):
    """A trial's attempts and seconds are those of its events; only the living run."""
    state = fold_events(history)
    for number, known in state.trials.items():
        of_trial = [event for event in history if getattr(event, "trial", None) == number]
        assert known.attempts == sum(isinstance(event, AttemptStarted) for event in of_trial)
        assert known.ended_attempts == sum(isinstance(event, AttemptEnded) for event in of_trial)
        assert known.seconds == sum(event.seconds for event in of_trial if isinstance(event, AttemptEnded))
        assert not (known.running and (known.status is not None or state.stopped is not None))


@given(histories(), events)
def test_decide_is_fold_or_a_refusal(history: list[Event], event: Event):
    """An event is folded as ever, or refused as Inadmissible; nothing else."""
    state = fold_events(history)
    try:
        decided = decide(state, event)
    except Inadmissible:
        return
    assert decided == fold(state, event)


def test_a_whole_run():
    """What is known of a run without accidents, by hand."""
    state = fold_events(make_run_events(2))
    assert state.started == make_run_started(trials=2)
    assert (state.seq, state.target_trials, state.open_trials, state.stopped) == (12, 2, (), RunStopped("finished"))
    second = state.trials[1]
    assert second.path == (("width", 8), ("rate", 0.1), ("act", "relu"))
    assert (second.attempts, second.running, second.status, second.score) == (1, False, "ok", 0.5)
    assert (second.seconds, second.metrics, second.budget) == (1.5, {"accuracy": 0.5}, EPOCH)
    assert second.last_end == AttemptEnded(1, 1, "ok", 1.5, {"accuracy": 0.5})


def test_no_attempt_outlives_its_process():
    """After a resumption the attempt that was running is not, and the trial waits for its next attempt."""
    state = fold_events([make_run_started(), *make_trial_events(0)[:2], RunResumed(20, {})])
    assert (state.trials[0].running, state.trials[0].attempts, state.open_trials) == (False, 1, (0,))
    assert state.target_trials == 20
    assert decide(state, AttemptStarted(0, 2)).trials[0].attempts == 2


def test_a_resumed_run_is_not_stopped():
    """RunStopped holds until RunResumed."""
    stopped = fold_events([make_run_started(), RunStopped("interrupted", "Ctrl-C")])
    assert stopped.stopped == RunStopped("interrupted", "Ctrl-C")
    assert fold(stopped, RunResumed(10, {})).stopped is None


RUNNING = [
    make_run_started(),
    *make_trial_events(0),
    *make_trial_events(1)[:2],
]  # trial 0 is scored, attempt 1 of trial 1 is running


def inherit(trial: int, score: float | None = 0.9, status: Status = "ok") -> Inherited:
    return Inherited(trial, (("width", 8),), EPOCH, status, score, "earlier-1", 7, metrics={"accuracy": 0.9})


def test_inherited_trials_are_none_of_the_runs_own():
    """They are kept as they are; no count, no end and no best score is about them."""
    history = make_run_events(2)
    inherited = (inherit(-2), inherit(-1, None, "crashed"))
    state, own = fold_events([history[0], *inherited, *history[1:]]), fold_events(history)
    assert state.inherited == inherited
    assert evolve(state, inherited=(), seq=own.seq) == own


ENQUEUED = [*RUNNING, Enqueued(0, ()), Enqueued(1, (("width", 8),))]


@pytest.mark.parametrize(
    ("history", "event", "reason"),
    [
        ([], Enqueued(0, ()), "has not started"),
        ([*RUNNING, RunStopped("finished")], Enqueued(0, ()), "must be resumed first"),
        (RUNNING, Enqueued(1, ()), "next entry of the queue is number 0"),
        ([], inherit(-1), "has not started"),
        (RUNNING, inherit(-1), "trials are inherited before the first is proposed"),
        (RUNNING[:1], inherit(0), "inherited trials have numbers below 0"),
        ([RUNNING[0], inherit(-3)], inherit(-1), "next inherited trial is number -2"),
        ([RUNNING[0], inherit(-1)], inherit(0), "inherited trials have numbers below 0"),
        (RUNNING[:1], inherit(-1, None), "if and only if its status is ok"),
        (RUNNING, Proposed(2, (), EPOCH, enqueued=0), "the queue is empty"),
        (ENQUEUED, Proposed(2, (), EPOCH), "entry 0 of the queue comes first"),
        (ENQUEUED, Proposed(2, (), EPOCH, enqueued=1), "entry 0 of the queue comes first"),
        ([], make_trial_events(0)[0], "has not started"),
        ([], RunResumed(1, {}), "has not started"),
        ([], RunStopped("finished"), "has not started"),
        (RUNNING, make_run_started(), "started before"),
        (RUNNING, Proposed(1, (), EPOCH), "next trial is number 2"),
        (RUNNING, Proposed(3, (), EPOCH), "next trial is number 2"),
        (RUNNING, Proposed(2, (), EPOCH, 1), "continues trial 1, which is not scored"),
        (RUNNING, Proposed(2, (), EPOCH, 9), "continues trial 9, which is not scored"),
        (RUNNING, AttemptStarted(7, 1), "trial 7 was never proposed"),
        (RUNNING, AttemptStarted(0, 2), "trial 0 is scored, which is final"),
        (RUNNING, AttemptStarted(1, 2), "attempt 1 of trial 1 has not ended"),
        ([make_run_started(), make_trial_events(0)[0]], AttemptStarted(0, 2), "next attempt is number 1"),
        ([make_run_started(), make_trial_events(0)[0]], Reported(0, 1, 1, {}), "attempt 1 of trial 0 is not running"),
        (RUNNING, Reported(1, 2, 1, {}), "attempt 2 of trial 1 is not running"),
        (RUNNING, AttemptEnded(1, 2, "ok", 1.0), "attempt 2 of trial 1 is not running"),
        (RUNNING, Scored(0, "ok", 0.5), "trial 0 is scored, which is final"),
        (RUNNING, Scored(1, "ok", 0.5), "attempt 1 of trial 1 has not ended"),
        (RUNNING, Scored(5, "ok", 0.5), "trial 5 was never proposed"),
        ([make_run_started(), make_trial_events(0)[0]], Scored(0, "ok", None), "if and only if its status is ok"),
        ([make_run_started(), make_trial_events(0)[0]], Scored(0, "crashed", 0.5), "if and only if its status is ok"),
        ([*RUNNING, RunStopped("finished")], Proposed(2, (), EPOCH), r"has stopped \(finished\); it must be resumed"),
        ([*RUNNING, RunStopped("finished")], RunStopped("finished"), "must be resumed first"),
    ],
)
def test_what_cannot_follow_is_refused(history: list[Event], event: Event, reason: str):
    """Each inadmissible event is refused with its reason and its place."""
    with pytest.raises(Inadmissible, match=f"cannot be event {len(history) + 1}: .*{reason}"):
        decide(fold_events(history), event)


def test_what_can_follow_is_folded():
    """A promotion of a scored trial, a late report, an end and a score are all admissible."""
    state = fold_events(RUNNING)
    for event in (Proposed(2, (), EPOCH, 0), *make_trial_events(1)[2:], RunStopped("finished"), RunResumed(5, {})):
        state = decide(state, event)
    assert state == fold_events(
        [*RUNNING, Proposed(2, (), EPOCH, 0), *make_trial_events(1)[2:], RunStopped("finished"), RunResumed(5, {})]
    )
    assert isinstance(state.started, RunStarted)
