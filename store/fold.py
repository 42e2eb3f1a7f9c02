"""What a run has come to: the fold of its events, total and pure."""

from collections.abc import Iterable, Mapping
from operator import attrgetter
from typing import assert_never

from attrs import define, field, fields, frozen
from pyrsistent import PMap, pmap

from archwright.core.budget import Budget
from archwright.core.protocols import Status
from archwright.store.errors import Inadmissible
from archwright.store.events import (
    AttemptEnded,
    AttemptStarted,
    Event,
    LoggedPath,
    Proposed,
    Reported,
    RunResumed,
    RunStarted,
    RunStopped,
    Scored,
)


@frozen
class Trial:
    """What is known of one proposal."""

    trial: int
    path: LoggedPath
    budget: Budget
    continues: int | None
    attempts: int = 0  # how many were started; the last one's number
    running: bool = False  # the last attempt was started, and its end is still to come
    ends: int = 0  # how many attempts came to an end; fewer than were started, where the search itself was killed
    ended: AttemptEnded | None = None  # the last attempt that came to an end
    seconds: float = 0.0  # of all attempts that came to an end
    status: Status | None = None  # what the searcher was told; None until then
    score: float | None = None
    metrics: Mapping[str, float] = field(factory=dict[str, float])  # what the searcher was told


_NO_TRIALS: PMap[int, Trial] = pmap()


@frozen
class RunState:
    """What a run has come to after `seq` events."""

    seq: int = 0
    started: RunStarted | None = None
    target: int = 0  # how many trials the person asked for, in all
    keep_models: int = 0  # of how many of the best trials the models are kept
    trials: PMap[int, Trial] = _NO_TRIALS
    in_flight: tuple[int, ...] = ()  # proposed and not scored, in the order of proposing
    stopped: RunStopped | None = None  # the process that left in order, unless another one went on

    @property
    def proposed(self) -> int:
        """How many trials were proposed, which is the number that the next one gets."""
        return len(self.trials)

    @property
    def scored(self) -> int:
        """How many trials the searcher was told about."""
        return len(self.trials) - len(self.in_flight)


def fold(state: RunState, event: Event) -> RunState:
    """The state after `event`; total, so that what was once accepted can always be replayed."""
    return fold_events((event,), state)


def fold_events(events: Iterable[Event], state: RunState = RunState()) -> RunState:
    """The state after `events`: their fold, in one go."""
    in_flight = dict.fromkeys(state.in_flight)
    draft = _RunDraft(state, state.seq, state.started, state.target, state.keep_models, in_flight, state.stopped)
    for event in events:
        draft.take(event)
    return draft.done()


@define
class _TrialDraft:
    """A trial under way: what `Trial` has, to be changed in place."""

    trial: int
    path: LoggedPath
    budget: Budget
    continues: int | None
    attempts: int = 0
    running: bool = False
    ends: int = 0
    ended: AttemptEnded | None = None
    seconds: float = 0.0
    status: Status | None = None
    score: float | None = None
    metrics: Mapping[str, float] = field(factory=dict[str, float])

    def take(self, event: AttemptStarted | AttemptEnded | Scored) -> None:
        self.running = isinstance(event, AttemptStarted)
        match event:
            case AttemptStarted(_, attempt):
                self.attempts = attempt
            case AttemptEnded(seconds=seconds):
                self.ends, self.ended, self.seconds = self.ends + 1, event, self.seconds + seconds
            case Scored(_, status, score, metrics):
                self.status, self.score, self.metrics = status, score, metrics
            case _:
                assert_never(event)

    def done(self) -> Trial:
        return Trial(*_values(self))


_values = attrgetter(*(each.name for each in fields(Trial)))  # of a trial or its draft, in the order of the fields


@define
class _RunDraft:
    """A state under way: one that a single call of `fold_events` owns and may change in place.

    A fold that made a persistent map for each event would take several times as long.
    """

    base: RunState
    seq: int
    started: RunStarted | None
    target: int
    keep_models: int
    in_flight: dict[int, None]  # a set in the order of proposing
    stopped: RunStopped | None
    changed: dict[int, _TrialDraft] = field(factory=dict[int, _TrialDraft])

    def take(self, event: Event) -> None:
        self.seq += 1
        match event:
            case RunStarted():
                self.started, self.target, self.keep_models = event, event.trials, event.keep_models
            case Proposed(trial, path, budget, continues):
                self.changed[trial] = _TrialDraft(trial, path, budget, continues)
                self.in_flight[trial] = None
            case AttemptStarted() | AttemptEnded() | Scored():
                self._take_trial(event)
            case Reported():
                pass
            case RunResumed(trials, keep_models=keep_models):
                self.target, self.stopped = trials, None
                self.keep_models = self.keep_models if keep_models is None else keep_models
                self._interrupt()
            case RunStopped():
                self.stopped = event
                self._interrupt()
            case _:
                assert_never(event)

    def _take_trial(self, event: AttemptStarted | AttemptEnded | Scored) -> None:
        if (trial := self._trial(event.trial)) is None:
            return
        trial.take(event)
        if isinstance(event, Scored):
            self.in_flight.pop(event.trial, None)

    def _interrupt(self) -> None:
        """No attempt outlives the process that started it."""
        for number in self.in_flight:
            if (trial := self._trial(number)) is not None:
                trial.running = False

    def _trial(self, number: int) -> _TrialDraft | None:
        """The draft of a trial, which is made of what was known of it before."""
        if number not in self.changed and number in self.base.trials:
            self.changed[number] = _TrialDraft(*_values(self.base.trials[number]))
        return self.changed.get(number)

    def done(self) -> RunState:
        made: PMap[int, Trial] = pmap({number: trial.done() for number, trial in self.changed.items()})
        trials = self.base.trials + made if self.base.trials else made
        in_flight = tuple(self.in_flight)
        return RunState(self.seq, self.started, self.target, self.keep_models, trials, in_flight, self.stopped)


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
