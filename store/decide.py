"""Whether an event may follow what has happened: asked before the append, since afterwards nothing may refuse."""

from typing import assert_never

from archwright.store.errors import Inadmissible
from archwright.store.events import (
    AttemptEnded,
    AttemptStarted,
    Event,
    Proposed,
    Reported,
    RunResumed,
    RunStarted,
    RunStopped,
    Scored,
)
from archwright.store.fold import RunState, Trial, fold


def decide(state: RunState, event: Event) -> RunState:
    """The state after `event`; raises Inadmissible if `event` cannot follow `state`."""
    if reason := _objection(state, event):
        raise Inadmissible(f"{event!r:.200} cannot be event {state.seq + 1}: {reason}")
    return fold(state, event)


def _objection(state: RunState, event: Event) -> str:
    """Why `event` cannot follow `state`; empty if it can."""
    match event:
        case RunStarted():
            return "the run has started before" if state.started else ""
        case RunResumed():
            return "" if state.started else "the run has not started"
        case Proposed() | RunStopped() | AttemptStarted() | Reported() | AttemptEnded() | Scored():
            if state.started is None:
                return "the run has not started"
            if state.stopped is not None:
                return f"the run has stopped ({state.stopped.reason}); it must be resumed first"
            return _live_objection(state, event)
        case _:
            assert_never(event)


def _live_objection(
    state: RunState, event: Proposed | RunStopped | AttemptStarted | Reported | AttemptEnded | Scored
) -> str:
    match event:
        case RunStopped():
            return ""
        case Proposed():
            return _proposal_objection(state, event)
        case AttemptStarted() | Reported() | AttemptEnded() | Scored():
            trial = state.trials.get(event.trial)
            if trial is None:
                return f"trial {event.trial} was never proposed"
            if trial.status is not None:
                return f"trial {event.trial} is scored, which is final"
            return _trial_objection(trial, event)
        case _:
            assert_never(event)


def _proposal_objection(state: RunState, event: Proposed) -> str:
    if event.trial != state.proposed:
        return f"the next trial is number {state.proposed}"
    if event.continues is None:
        return ""
    parent = state.trials.get(event.continues)
    if parent is None or parent.status is None:
        return f"it continues trial {event.continues}, which is not scored"
    return ""


def _trial_objection(trial: Trial, event: AttemptStarted | Reported | AttemptEnded | Scored) -> str:
    match event:
        case AttemptStarted(_, attempt):
            if trial.running:
                return f"attempt {trial.attempts} of trial {trial.trial} has not ended"
            return "" if attempt == trial.attempts + 1 else f"the next attempt is number {trial.attempts + 1}"
        case Reported(_, attempt) | AttemptEnded(_, attempt):
            running = trial.running and attempt == trial.attempts
            return "" if running else f"attempt {attempt} of trial {trial.trial} is not running"
        case Scored(_, status, score):
            if trial.running:
                return f"attempt {trial.attempts} of trial {trial.trial} has not ended"
            return "" if (score is not None) == (status == "ok") else "it has a score if and only if its status is ok"
        case _:
            assert_never(event)
