"""What experiment trackers are told of a run: trial by trial, from the events."""

import time
from abc import ABC, abstractmethod
from collections.abc import Collection, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import final

from attrs import define, field, frozen

from archwright.callbacks.protocol import FollowedRun
from archwright.core.incumbent import Incumbent
from archwright.core.json import JSON
from archwright.store.events import AttemptStarted, Event, Reported, RunStarted, Scored
from archwright.store.fold import RunState, TrialState, fold, fold_events


@frozen
class TrackedEpoch:
    """The metrics of an epoch."""

    epoch: int
    metrics: Mapping[str, float]
    time: float  # seconds since 1970, UTC


@define
class TrackedTrial:
    """A trial as trackers show it: its last attempt counts, in seconds and `attempts` all do."""

    run: RunStarted
    state: TrialState
    started_at: float  # when its last attempt was started: seconds since 1970, UTC
    curve: list[TrackedEpoch] = field(factory=list[TrackedEpoch])  # of the last attempt
    ended_at: float = 0.0  # seconds since 1970, UTC; 0 until its end

    @property
    def number(self) -> int:
        """The number that archwright knows it by."""
        return self.state.trial

    @property
    def choices(self) -> Mapping[str, JSON]:
        """The value of each choice by its name."""
        return dict(self.state.path)

    @property
    def budget(self) -> Mapping[str, str]:
        """What it may spend, by that name; nothing where what evaluates it reads none."""
        return name_budget(self.run, str(self.state.budget))

    @property
    def facts(self) -> Mapping[str, str | int]:
        """What else was set for it, and how it ended, by name."""
        state, end = self.state, self.state.last_end
        facts: dict[str, str | int] = {"trial": state.trial, **self.budget, "attempts": state.attempts}
        if state.continues is not None:
            facts["continues"] = state.continues
        if state.status is not None:
            facts["status"] = state.status
        if end is not None and end.error:
            facts["error"] = end.error
        if end is not None and end.stopped is not None:
            facts["stopped"] = f"{end.stopped.by}: {end.stopped.why}"
        return facts

    @property
    def results(self) -> Mapping[str, float]:
        """Its score, its cost, and its final metrics, whose names begin with `final/`: curves have the same ones."""
        score = {} if self.state.score is None else {"score": self.state.score}
        final = {f"final/{name}": value for name, value in self.state.metrics.items()}
        return {**score, "seconds": self.state.seconds, **final}


def name_budget(run: RunStarted, budget: str) -> Mapping[str, str]:
    """The budget of a trial of a run, or of all of them, by that name; nothing where what evaluates them reads none."""
    return {"budget": budget} if run.reads_budget else {}


@frozen
class RunPoint:
    """The run after a trial that was scored: a point of the curves of the run as a whole."""

    scored_trials: int = 0  # how many, with this one: 1, 2 ...
    score: float | None = None  # of this one
    time: float = 0.0  # when it was scored: seconds since 1970, UTC
    incumbent: Incumbent | None = None  # the best trial so far
    seconds: float = 0.0  # of all attempts of all trials so far
    has_other_budgets: bool = False  # whether a trial so far had another budget than the run's own, or its largest

    def advance(self, trial: TrackedTrial, run: RunStarted) -> "RunPoint":
        """The point after another trial was scored."""
        incumbent = run.ranking.choose(trial.state, self.incumbent)
        seconds = self.seconds + trial.state.seconds
        is_other = run.reads_budget and trial.state.budget != run.budget
        return RunPoint(
            self.scored_trials + 1,
            trial.state.score,
            trial.ended_at,
            incumbent,
            seconds,
            self.has_other_budgets or is_other,
        )

    @property
    def values(self) -> Mapping[str, float]:
        """The values of the curves at this point, by name."""
        score = {} if self.score is None else {"score": self.score}
        best: dict[str, float] = {}
        if self.incumbent is not None:
            best |= {"best": self.incumbent.score, "best_trial": self.incumbent.trial}
        if self.incumbent is not None and self.has_other_budgets:
            best["best_budget"] = self.incumbent.budget.amount
        return {**score, **best, "seconds": self.seconds}


@define(eq=False)
class TrialTracker(ABC):
    """A callback that shows a run in a tracker.

    What the log has is what the tracker shows, also where a process was killed between the two: trials of the history
    that the tracker does not have whole are written when the run is resumed.
    """

    _run: FollowedRun | None = field(default=None, init=False, repr=False)
    _state: RunState = field(factory=RunState, init=False, repr=False)
    _last_point: RunPoint = field(factory=RunPoint, init=False, repr=False)
    # By number: the trials that are not scored; those of them that are open in the tracker, of this process; and those
    # that the tracker has whole.
    _trials: dict[int, TrackedTrial] = field(factory=dict[int, TrackedTrial], init=False, repr=False)
    _begun: set[int] = field(factory=set[int], init=False, repr=False)
    _complete: Collection[int] = field(factory=tuple[int, ...], init=False, repr=False)

    @abstractmethod
    def _open(self, run: FollowedRun, started: RunStarted) -> Collection[int]:
        """Open the run in the tracker; the numbers of the trials that the tracker has whole."""

    @abstractmethod
    def _begin(self, trial: TrackedTrial) -> None:
        """An attempt was started: make the trial anew, without what an earlier attempt has left."""

    @abstractmethod
    def _add_point(self, trial: TrackedTrial, point: TrackedEpoch) -> None:
        """Write a point of the curves of a trial that has begun."""

    @abstractmethod
    def _end(self, trial: TrackedTrial) -> None:
        """Write how a trial that has begun ended; the tracker has it whole from now on."""

    @abstractmethod
    def _write_whole(self, trial: TrackedTrial) -> None:
        """Write a trial that has not begun in this process: all of its curves, and how it ended."""

    @abstractmethod
    def _write_run_points(self, points: Sequence[RunPoint]) -> None:
        """Write points of the run's own curves, in their order, of which the tracker may have the first ones.

        A point of a trial that the tracker does not have whole yet comes before that trial.
        """

    @abstractmethod
    def _close(self, reason: str) -> None:
        """Close the run; `reason` is that of RunStopped, or `interrupted`."""

    @abstractmethod
    def _abandon(self) -> None:
        """Writing has failed, and this callback is called no more: let go of what this process holds."""

    @final
    def start(self, run: FollowedRun) -> None:
        """Open the run, and write what the tracker lacks of its history."""
        with self._abandon_on_error():
            self._catch_up(run)

    def _catch_up(self, run: FollowedRun) -> None:
        self._run, self._state = run, fold_events(logged.event for logged in run.history)
        self._last_point, self._trials, self._begun, self._complete = RunPoint(), {}, set(), ()
        if self._state.started is not None:
            self._complete = self._open(run, self._state.started)
        scored = [trial for logged in run.history if (trial := self._track(logged.event, logged.time)) is not None]
        if scored:
            self._write_scored(scored)

    @final
    def on_event(self, event: Event) -> None:
        """Write what the event says."""
        with self._abandon_on_error():
            self._write_event(event)

    def _write_event(self, event: Event) -> None:
        self._state = fold(self._state, event)
        if isinstance(event, RunStarted):
            assert self._run is not None  # the callback has started
            self._complete = self._open(self._run, event)
        scored = self._track(event, time.time())
        match event:
            case AttemptStarted(number):
                self._begin(self._trials[number])
                self._begun.add(number)
            case Reported(number) if number in self._begun:
                trial = self._trials[number]
                self._add_point(trial, trial.curve[-1])
            case Scored():
                assert scored is not None  # this event has scored it
                self._write_scored([scored])
            case _:
                pass

    @final
    def stop(self) -> None:
        """Close the run; attempts that have not ended are begun again when the run is resumed."""
        stopped = self._state.stopped
        self._close("interrupted" if stopped is None else stopped.reason)

    @contextmanager
    def _abandon_on_error(self) -> Generator[None]:
        try:
            yield
        except Exception:
            with suppress(Exception):  # the first one is told
                self._abandon()
            raise

    def _track(self, event: Event, at: float) -> TrackedTrial | None:
        """Keep track of an event that happened `at` that time; the trial, where the event has scored one."""
        run = self._state.started
        assert run is not None  # the first event of every run is a RunStarted
        match event:
            case AttemptStarted(number):
                self._trials[number] = TrackedTrial(run, self._state.trials[number], at)
            case Reported(number, _, epoch, metrics):
                self._trials[number].curve.append(TrackedEpoch(epoch, metrics, at))
            case Scored(number):
                trial = self._trials.pop(number, None) or TrackedTrial(run, self._state.trials[number], at)
                trial.state, trial.ended_at = self._state.trials[number], at
                return trial
            case _:
                pass
        return None

    def _write_scored(self, trials: Sequence[TrackedTrial]) -> None:
        """Write what the tracker lacks of trials that were scored one after the other, and of the run's curves."""
        assert self._state.started is not None  # the first event of every run is a RunStarted
        points: list[RunPoint] = []
        for trial in trials:
            self._last_point = self._last_point.advance(trial, self._state.started)
            points.append(self._last_point)
        self._write_run_points(points)
        for trial in trials:
            if trial.number in self._complete:
                continue
            if trial.number in self._begun:
                self._begun.discard(trial.number)
                self._end(trial)
            else:
                self._write_whole(trial)
