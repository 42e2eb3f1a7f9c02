"""The trials of runs as figures show them one by one: what each was given, when it ran, and what came of it."""

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from attrs import evolve, frozen

from archwright.core.budget import Budget
from archwright.core.errors import ArchwrightError
from archwright.core.json import JSON
from archwright.core.objective import Direction
from archwright.plots.histories import SearchHistory
from archwright.search.named import SEARCHER_KIND
from archwright.search.running.run_view import RunView, view_run
from archwright.store.events import AttemptEnded, AttemptStarted, Event, Reported, Scored
from archwright.store.fold import TrialState
from archwright.store.run_time import NO_TIME

NAN = math.nan


class NothingToShow(ArchwrightError, ValueError):
    """A kind of figure that has nothing to show of these runs."""


@frozen
class ShownTrial:
    """A trial as a figure shows it."""

    trial: int  # its number
    path: Mapping[str, JSON]  # the value of each of its choices
    budget: Budget
    reads_budget: bool  # whether the budget means anything to what evaluates it
    score: float  # NaN where it failed, or has not ended
    is_open: bool  # it has not ended
    promotes: int | None
    continues: int | None
    bracket: int | None
    by_model: bool | None
    began: float  # this and the next in seconds of the run's time; NaN where it has not
    ended: float
    curve: Sequence[tuple[int, float]]  # the objective's metric after the epochs of its last attempt

    @property
    def shown_budget(self) -> Budget | None:
        """The budget, as far as it means anything."""
        return self.budget if self.reads_budget else None

    @property
    def level(self) -> tuple[str, float]:
        """Its budget as what orders trials; the same for all where nothing reads it."""
        return self.budget.level if self.reads_budget else ("", 0.0)

    @property
    def has_score(self) -> bool:
        """Whether it has a finite score, which a figure can show."""
        return math.isfinite(self.score)


@frozen
class TrialHistory:
    """The trials of a run, in the order of proposing."""

    run: str
    label: str  # its searcher, as a person types it
    metric: str
    direction: Direction
    reads_budget: bool
    trials: Sequence[ShownTrial]
    view: RunView  # the run itself

    @property
    def sign(self) -> float:
        """1 if more is better, and -1 if less is."""
        return 1.0 if self.direction == "maximize" else -1.0

    @cached_property
    def scored(self) -> list[ShownTrial]:
        """The trials that have a finite score, in the order in which they ended."""
        return sorted((trial for trial in self.trials if trial.has_score), key=lambda trial: trial.ended)

    @cached_property
    def numbered(self) -> Mapping[int, ShownTrial]:
        """The trials by their numbers."""
        return {trial.trial: trial for trial in self.trials}

    @cached_property
    def incumbents(self) -> list[ShownTrial]:
        """The trials that were the best of the search when they ended, in that order."""
        ranking, best, incumbents = self.view.run.started.ranking, None, list[ShownTrial]()
        for trial in self.scored:
            following = ranking.choose(trial, best)
            if following is not best:
                incumbents.append(trial)
            best = following
        return incumbents


TrialGroups = Mapping[str, Sequence[TrialHistory]]  # by searcher


def read_trial_histories(log: Path, histories: Sequence[SearchHistory]) -> list[TrialHistory]:
    """The trials of these searches, under the same labels."""
    return [evolve(make_trial_history(view_run(log, history.run)), label=history.label) for history in histories]


def make_trial_history(view: RunView) -> TrialHistory:
    """The trials of a run, as far as it was read."""
    started, clock = view.run.started, _Clock(simulates_time=view.run.state.simulates_time)
    for event, time in zip(view.run.events, view.run.times, strict=True):
        clock.tell(event, time)
    trials = [_show_trial(view, state, clock) for state in view.trials]
    objective = started.objective
    label = SEARCHER_KIND.format(started.searcher)
    return TrialHistory(view.name, label, objective.metric, objective.direction, started.reads_budget, trials, view)


class _Clock:
    """When the trials of a run began and ended, in seconds that its processes had spent on it by then.

    Where time is simulated it is the clock of the simulation; in logs that have none, the seconds of all attempts up to
    then, one after the other.
    """

    def __init__(self, *, simulates_time: bool) -> None:
        self.simulates_time = simulates_time
        self.began: dict[int, float] = {}
        self.ended: dict[int, float] = {}
        self._run_time, self._simulated = NO_TIME, 0.0

    def tell(self, event: Event, time: float) -> None:
        """Take notice of the next event of the run."""
        self._run_time = self._run_time.fold(event, time)
        match event:
            case AttemptStarted(trial=trial, clock=clock):
                self.began.setdefault(trial, self._read(clock))
            case AttemptEnded(trial=trial, seconds=seconds, clock=clock):
                self._simulated = self._simulated + seconds if clock is None else max(self._simulated, clock)
                self.ended[trial] = self._read(clock)
            case Scored(trial=trial):
                self.ended.setdefault(trial, self._read(None))
            case _:
                pass

    def _read(self, clock: float | None) -> float:
        """The time of an event; `clock` is what it says of it itself."""
        if clock is not None:
            return clock
        return self._simulated if self.simulates_time else self._run_time.seconds


def _show_trial(view: RunView, state: TrialState, clock: _Clock) -> ShownTrial:
    metric, events = view.run.started.objective.metric, view.attempt_events.get(state.trial, ())
    reports = [event for event, _ in events if isinstance(event, Reported) and event.attempt == state.attempts]
    return ShownTrial(
        state.trial,
        dict(state.path),
        state.budget,
        view.run.started.reads_budget,
        NAN if state.score is None else state.score,
        state.status is None,
        state.promotes,
        state.continues,
        state.bracket,
        state.by_model,
        clock.began.get(state.trial, NAN),
        NAN if state.status is None else clock.ended.get(state.trial, NAN),
        [(report.epoch, float(report.metrics[metric])) for report in reports if metric in report.metrics],
    )


def divide_scores(histories: Sequence[TrialHistory], unit: float) -> list[TrialHistory]:
    """The same with scores and curves in another unit, so that they can be squared."""
    return [evolve(history, trials=[_divide(trial, unit) for trial in history.trials]) for history in histories]


def _divide(trial: ShownTrial, unit: float) -> ShownTrial:
    curve = [(epoch, value / unit) for epoch, value in trial.curve]
    return evolve(trial, score=trial.score / unit, curve=curve)


def list_shown_numbers(histories: Iterable[TrialHistory]) -> list[float]:
    """All finite numbers that a figure may show: the scores, and the values of the curves."""
    trials = [trial for history in histories for trial in history.trials]
    values = [value for trial in trials for value in (trial.score, *(value for _, value in trial.curve))]
    return [value for value in values if math.isfinite(value)]


def list_histories(groups: TrialGroups) -> list[TrialHistory]:
    """The histories of all searchers."""
    return [history for group in groups.values() for history in group]


def require_one_run(groups: TrialGroups, shown: str) -> TrialHistory:
    """The run of a figure that shows a single one; NothingToShow where there are several."""
    histories = list_histories(groups)
    if len(histories) > 1:
        names = ", ".join(history.run for history in histories[:3]) + (" ..." if len(histories) > 3 else "")
        raise NothingToShow(f"{shown} are drawn of one run, and these are {len(histories)}: {names}; name one of them")
    return histories[0]
