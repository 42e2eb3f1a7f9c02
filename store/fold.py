"""The state of a run, and which event may come next.

The state is the fold of the run's events (a left fold, as `functools.reduce`): each event is applied to the state after
the events before it. `fold` accepts any event, `decide` only one that may come next.
"""

import math
from collections.abc import Iterable
from typing import assert_never

from attrs import define, field, frozen
from pyrsistent import PMap, pmap

from archwright.core.budget import Budget
from archwright.core.ends import NO_ENDS, RunEnds, RunExtent
from archwright.core.errors import show
from archwright.core.incumbent import Incumbent, Ranking
from archwright.core.objective import Objective
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
from archwright.store.queue_state import EMPTY_QUEUE, Queue
from archwright.store.trial_state import TrialDraft, TrialState

_NO_TRIALS: PMap[int, TrialState] = pmap()


@frozen
class RunState:
    """The state of a run after `seq` events."""

    seq: int = 0
    started: RunStarted | None = None
    ends: RunEnds = NO_ENDS
    keep_models: int = 0  # how many of the best trials keep their models
    trials: PMap[int, TrialState] = _NO_TRIALS
    open_trials: tuple[int, ...] = ()  # proposed and not scored ("in_flight" in the views), in the order of proposing
    stopped: RunStopped | None = None  # how the last process left, unless another one resumed since
    incumbent: Incumbent | None = None  # the best trial so far
    scored_since_best: int = 0  # how many trials were scored since the best last improved, or at all without one
    attempt_seconds: float = 0.0  # of all attempts that ended, whether measured or simulated
    simulates_time: bool = False  # whether these are simulated
    last_clock: float | None = None  # the latest simulated time of an event; None where none had one
    simulated_workers: int = 1  # for how many the evaluator stands, where time is simulated
    queue: Queue = EMPTY_QUEUE  # what is to be tried before the searcher is asked
    inherited: tuple[Inherited, ...] = ()  # trials of other runs; nothing here is about them
    configuration_count: int = 0  # how many trials were proposed that promote no other one
    # What its trials have spent of their budgets, in the unit of the run's; of those that are open, what they may.
    spent: float = 0.0
    budgets: frozenset[Budget] = frozenset()  # that its trials were given

    @property
    def extent(self) -> RunExtent:
        """How far it is, but for its seconds, which depend on the time."""
        return RunExtent(self.proposal_count, 0.0, self.scored_since_best, self.configuration_count, self.spent)

    @property
    def target_trials(self) -> int | None:
        """How many trials the person asked for, in all; None where the run has no such end."""
        return self.ends.trials

    @property
    def clock(self) -> float:
        """The simulated seconds since the run began; of a log that has no clock, those of all attempts that ended."""
        return self.attempt_seconds if self.last_clock is None else self.last_clock

    @property
    def proposal_count(self) -> int:
        """How many trials were proposed, which is the number that the next one gets."""
        return len(self.trials)

    @property
    def score_count(self) -> int:
        """How many trials the searcher was told about."""
        return len(self.trials) - len(self.open_trials)

    @property
    def ranking(self) -> Ranking:
        """The order of its trials, the best first."""
        return Ranking(Objective()) if self.started is None else self.started.ranking

    @property
    def best_score(self) -> float | None:
        """The score of the best trial so far, never NaN; None without one."""
        return None if self.incumbent is None else self.incumbent.score

    @property
    def has_several_budgets(self) -> bool:
        """Whether its trials have several budgets, which mean something to what evaluates them."""
        return self.reads_budget and len(self.budgets) > 1

    @property
    def reads_budget(self) -> bool:
        """Whether what a trial may spend means anything to what evaluates it."""
        return self.started is None or self.started.reads_budget


def fold(state: RunState, event: Event) -> RunState:
    """The state after `event`; total, so that events that were once accepted can always be folded."""
    return fold_events((event,), state)


def fold_events(events: Iterable[Event], state: RunState = RunState()) -> RunState:
    """The state after `events`: a fold that makes no state for each of them."""
    open_trials = dict.fromkeys(state.open_trials)
    draft = _RunDraft(
        state,
        state.seq,
        state.started,
        state.ends,
        state.keep_models,
        open_trials,
        state.stopped,
        state.incumbent,
        state.scored_since_best,
        state.attempt_seconds,
        state.simulates_time,
        state.last_clock,
        state.simulated_workers,
        state.queue,
        list(state.inherited),
        state.configuration_count,
        state.spent,
        set(state.budgets),
    )
    for event in events:
        draft.apply(event)
    return draft.finish()


@define
class _RunDraft:
    """A `RunState` that a single call of `fold_events` owns and may change in place.

    A persistent map made for each event would take several times as long.
    """

    base: RunState
    seq: int
    started: RunStarted | None
    ends: RunEnds
    keep_models: int
    open_trials: dict[int, None]  # a set in the order of proposing
    stopped: RunStopped | None
    incumbent: Incumbent | None
    scored_since_best: int
    attempt_seconds: float
    simulates_time: bool
    last_clock: float | None
    simulated_workers: int
    queue: Queue
    inherited: list[Inherited]
    configuration_count: int
    spent: float
    budgets: set[Budget]
    changed: dict[int, TrialDraft] = field(factory=dict[int, TrialDraft])

    def apply(self, event: Event) -> None:
        self.seq += 1
        match event:
            case RunStarted():
                self.started, self.ends, self.keep_models = event, event.ends, event.keep_models
                self.simulates_time, self.simulated_workers = event.simulates_time, event.simulated_workers or 1
            case Inherited():
                self.inherited.append(event)
            case Enqueued():
                self.queue = self.queue.fold(event)
            case Proposed():
                self._propose(event)
            case AttemptStarted() | AttemptEnded() | Scored():
                self._apply_to_trial(event)
            case Reported():
                pass
            case RunResumed(keep_models=keep_models):
                self.ends, self.stopped, self.simulates_time = event.ends, None, event.simulates_time
                self.simulated_workers = event.simulated_workers or 1
                self.keep_models = self.keep_models if keep_models is None else keep_models
                self._interrupt()
            case RunStopped():
                self.stopped = event
                self._interrupt()
            case _:
                assert_never(event)

    def _propose(self, event: Proposed) -> None:
        parent = None if event.continues is None else self._find_trial(event.continues)
        is_same_unit = parent is not None and parent.budget.unit == event.budget.unit
        start = parent.reached if parent is not None and is_same_unit else 0.0
        trial = self.changed[event.trial] = TrialDraft.propose(event, start)
        self.open_trials[event.trial] = None
        self.queue = self.queue.fold(event)
        self.budgets.add(event.budget)
        self.configuration_count += event.promotes is None
        self.spent += self._measure_spent(trial)

    def _measure_spent(self, trial: TrialDraft) -> float:
        """What a trial has spent of the run's unit, in which all that our searchers propose is."""
        is_other = self.started is not None and trial.budget.unit != self.started.budget.unit
        return 0.0 if is_other else trial.spent

    def _apply_to_trial(self, event: AttemptStarted | AttemptEnded | Scored) -> None:
        if (trial := self._find_trial(event.trial)) is None:
            return
        spent_before = self._measure_spent(trial)
        trial.apply(event)
        if not isinstance(event, Scored) and event.clock is not None and 0 <= event.clock < math.inf:
            self.last_clock = max(event.clock, self.last_clock or 0.0)  # what began earlier goes on with its own start
        self.spent += self._measure_spent(trial) - spent_before
        if isinstance(event, AttemptEnded):
            self.attempt_seconds += max(0.0, event.seconds)  # 0 also for NaN, which a stranger may have logged
        elif isinstance(event, Scored):
            self.open_trials.pop(event.trial, None)
            self._apply_score(trial)

    def _apply_score(self, trial: TrialDraft) -> None:
        ranking = Ranking(Objective()) if self.started is None else self.started.ranking
        self.scored_since_best = 0 if ranking.improves(trial, self.incumbent) else self.scored_since_best + 1
        self.incumbent = ranking.choose(trial, self.incumbent)

    def _interrupt(self) -> None:
        """Mark all attempts as not running: none outlives the process that started it."""
        for number in self.open_trials:
            if (trial := self._find_trial(number)) is not None:
                trial.running = False

    def _find_trial(self, number: int) -> TrialDraft | None:
        """The draft of a trial, made from the state before if there is none yet; None for an unknown trial."""
        if number not in self.changed and number in self.base.trials:
            self.changed[number] = TrialDraft.of(self.base.trials[number])
        return self.changed.get(number)

    def finish(self) -> RunState:
        changed: PMap[int, TrialState] = pmap({number: trial.finish() for number, trial in self.changed.items()})
        trials = self.base.trials + changed if self.base.trials else changed
        open_trials = tuple(self.open_trials)
        return RunState(
            self.seq,
            self.started,
            self.ends,
            self.keep_models,
            trials,
            open_trials,
            self.stopped,
            self.incumbent,
            self.scored_since_best,
            self.attempt_seconds,
            self.simulates_time,
            self.last_clock,
            self.simulated_workers,
            self.queue,
            tuple(self.inherited),
            self.configuration_count,
            self.spent,
            frozenset(self.budgets),
        )


_SCORE_RULE = "it has a score if and only if its status is ok"


def decide(state: RunState, event: Event) -> RunState:
    """The state after `event`, which is applied if it may come next; raises Inadmissible if it may not."""
    if reason := _find_objection(state, event):
        raise Inadmissible(f"{show(event, 200)} cannot be event {state.seq + 1}: {reason}")
    return fold(state, event)


def _find_objection(state: RunState, event: Event) -> str:
    """Why `event` cannot follow `state`; empty if it can."""
    match event:
        case RunStarted():
            return "the run has started before" if state.started else ""
        case RunResumed():
            return "" if state.started else "the run has not started"
        case _:
            if state.started is None:
                return "the run has not started"
            if state.stopped is not None:
                return f"the run has stopped ({state.stopped.reason}); it must be resumed first"
            return _find_live_objection(state, event)


def _find_live_objection(
    state: RunState,
    event: Inherited | Enqueued | Proposed | RunStopped | AttemptStarted | Reported | AttemptEnded | Scored,
) -> str:
    match event:
        case RunStopped():
            return ""
        case Inherited():
            return _find_inheritance_objection(state, event)
        case Enqueued(entry):
            number = state.queue.entry_count
            return "" if entry == number else f"the next entry of the queue is number {number}"
        case Proposed():
            return _find_proposal_objection(state, event)
        case AttemptStarted() | Reported() | AttemptEnded() | Scored():
            trial = state.trials.get(event.trial)
            if trial is None:
                return f"trial {event.trial} was never proposed"
            if trial.status is not None:
                return f"trial {event.trial} is scored, which is final"
            return _find_trial_objection(trial, event)
        case _:
            assert_never(event)


def _find_inheritance_objection(state: RunState, event: Inherited) -> str:
    if state.trials:
        return "trials are inherited before the first is proposed"
    if state.inherited and event.trial != state.inherited[-1].trial + 1:
        return f"the next inherited trial is number {state.inherited[-1].trial + 1}"
    if event.trial >= 0:
        return "inherited trials have numbers below 0"
    return "" if (event.score is not None) == (event.status == "ok") else _SCORE_RULE


def _find_proposal_objection(state: RunState, event: Proposed) -> str:
    if event.trial != state.proposal_count:
        return f"the next trial is number {state.proposal_count}"
    first = state.queue.first
    # Where the run has its configurations, what is in the queue waits, and a promotion need not.
    may_go_first = event.promotes is not None and event.enqueued is None
    if not may_go_first and event.enqueued != (None if first is None else first.entry):
        return "the queue is empty" if first is None else f"entry {first.entry} of the queue comes first"
    for verb, earlier in (("continues", event.continues), ("promotes", event.promotes)):
        parent = None if earlier is None else state.trials.get(earlier)
        if earlier is not None and (parent is None or parent.status is None):
            return f"it {verb} trial {earlier}, which is not scored"
    return ""


def _find_trial_objection(trial: TrialState, event: AttemptStarted | Reported | AttemptEnded | Scored) -> str:
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
            return "" if (score is not None) == (status == "ok") else _SCORE_RULE
        case _:
            assert_never(event)
