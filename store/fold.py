"""What a run has come to: the fold of its events, total and pure."""

from collections.abc import Iterable, Mapping
from operator import attrgetter
from typing import assert_never

from attrs import define, field, fields, frozen
from pyrsistent import PMap, pmap

from archwright.core.trial import Budget, Status
from archwright.store.events import (
    AttemptEnded,
    AttemptStarted,
    Event,
    Path,
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
    path: Path
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
    return replay((event,), state)


def replay(events: Iterable[Event], state: RunState = RunState()) -> RunState:
    """The state after `events`: their fold, in one go."""
    in_flight = dict.fromkeys(state.in_flight)
    draft = _Draft(state, state.seq, state.started, state.target, state.keep_models, in_flight, state.stopped)
    for event in events:
        draft.take(event)
    return draft.done()


@define
class _TrialDraft:
    """A trial under way: what `Trial` has, to be changed in place."""

    trial: int
    path: Path
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
class _Draft:
    """A state under way: one that a single call of `replay` owns and may change in place.

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
