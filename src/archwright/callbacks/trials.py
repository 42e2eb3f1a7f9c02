"""What experiment trackers are told of a run: trial by trial, from the events."""

import time
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from typing import final

from attrs import define, field, frozen

from archwright.callbacks.protocol import FollowedRun
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
    def facts(self) -> Mapping[str, str | int]:
        """What else was set for it, and how it ended, by name."""
        state, end = self.state, self.state.last_end
        facts: dict[str, str | int] = {"trial": state.trial, "budget": str(state.budget), "attempts": state.attempts}
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


@frozen
class SearchProgress:
    """The run after a trial that was scored: a point of the curves of the run as a whole."""

    scored_trials: int = 0  # how many, with this one: 1, 2 ...
    best: float | None = None  # the best score so far
    best_trial: int | None = None
    seconds: float = 0.0  # of all attempts of all trials so far

    def advance(self, trial: TrackedTrial, run: RunStarted) -> "SearchProgress":
        """The progress after another trial was scored."""
        score, best, best_trial = trial.state.score, self.best, self.best_trial
        if score is not None and (best is None or run.objective.is_better(score, best)):
            best, best_trial = score, trial.number
        return SearchProgress(self.scored_trials + 1, best, best_trial, self.seconds + trial.state.seconds)

    def curves(self, trial: TrackedTrial) -> Mapping[str, float]:
        """The values at this point, by name; `trial` is the one that was scored."""
        score = {} if trial.state.score is None else {"score": trial.state.score}
        best = (
            {} if self.best is None or self.best_trial is None else {"best": self.best, "best_trial": self.best_trial}
        )
        return {**score, **best, "seconds": self.seconds}


@define(eq=False)
class TrialTracker(ABC):
    """A callback that shows a run in a tracker.

    What the log has is what the tracker shows, also where a process was killed between the two: trials of the history
    that the tracker does not have whole are written when the run is resumed.
    """

    _run: FollowedRun | None = field(default=None, init=False, repr=False)
    _state: RunState = field(factory=RunState, init=False, repr=False)
    _progress: SearchProgress = field(factory=SearchProgress, init=False, repr=False)
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
    def _show_progress(self, trial: TrackedTrial, progress: SearchProgress, *, is_known: bool) -> None:
        """Write the point of the run's own curves; the tracker may have it where the trial `is_known` to be whole."""

    @abstractmethod
    def _close(self, reason: str) -> None:
        """Close the run; `reason` is that of RunStopped, or `interrupted`."""

    @final
    def start(self, run: FollowedRun) -> None:
        """Open the run, and write what the tracker lacks of its history."""
        self._run, self._state = run, fold_events(logged.event for logged in run.history)
        self._progress, self._trials, self._begun, self._complete = SearchProgress(), {}, set(), ()
        if self._state.started is not None:
            self._complete = self._open(run, self._state.started)
        for logged in run.history:
            self._track(logged.event, logged.time, is_live=False)

    @final
    def on_event(self, event: Event) -> None:
        """Write what the event says."""
        self._state = fold(self._state, event)
        if isinstance(event, RunStarted):
            assert self._run is not None  # the callback has started
            self._complete = self._open(self._run, event)
        self._track(event, time.time(), is_live=True)

    @final
    def stop(self) -> None:
        """Close the run; attempts that have not ended are begun again when the run is resumed."""
        stopped = self._state.stopped
        self._close("interrupted" if stopped is None else stopped.reason)

    def _track(self, event: Event, at: float, *, is_live: bool) -> None:
        """Follow an event that happened `at` that time."""
        match event:
            case AttemptStarted(number):
                self._trials[number] = TrackedTrial(self._state.trials[number], at)
                if is_live:
                    self._begin(self._trials[number])
                    self._begun.add(number)
            case Reported(number, _, epoch, metrics):
                point = TrackedEpoch(epoch, metrics, at)
                self._trials[number].curve.append(point)
                if number in self._begun:
                    self._add_point(self._trials[number], point)
            case Scored(number):
                self._finish(number, at)
            case _:
                pass

    def _finish(self, number: int, at: float) -> None:
        """Write what the tracker lacks of a trial that was scored."""
        trial = self._trials.pop(number, None) or TrackedTrial(self._state.trials[number], at)
        trial.state, trial.ended_at = self._state.trials[number], at
        is_known = number in self._complete
        assert self._state.started is not None  # the first event of every run is a RunStarted
        self._progress = self._progress.advance(trial, self._state.started)
        self._show_progress(trial, self._progress, is_known=is_known)
        if is_known:
            return
        if number not in self._begun:
            self._begin(trial)
            for point in trial.curve:
                self._add_point(trial, point)
        self._begun.discard(number)
        self._end(trial)
