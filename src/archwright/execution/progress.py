"""The progress of a search: a fold of its events, and a line of text for each of them."""

from collections.abc import Mapping

from attrs import evolve, field, frozen

from archwright.core.budget import Budget
from archwright.core.ends import NO_ENDS, NO_EXTENT, RunEnds, RunExtent
from archwright.core.incumbent import Incumbent, Ranking
from archwright.core.objective import Objective
from archwright.display.text import format_budget, format_duration, format_score, name_trial, summarize_error
from archwright.search.running.ends import measure_seconds
from archwright.store.events import (
    AttemptEnded,
    AttemptStarted,
    Event,
    Proposed,
    Reported,
    RunResumed,
    RunStarted,
    Scored,
)
from archwright.store.fold import RunState, fold
from archwright.store.run_time import NO_TIME, RunTime


@frozen
class RunningAttempt:
    """An attempt at a trial that has no score yet."""

    attempt: int
    start_time: float  # seconds, on the caller's clock
    epoch: int = 0  # the last reported one
    metrics: Mapping[str, float] = field(factory=dict[str, float])
    ended: AttemptEnded | None = None


@frozen
class RunProgress:
    """How far a search is, as far as its user sees it."""

    objective: Objective
    start_time: float  # when this process began to run it, in seconds on the caller's clock
    ends: RunEnds = NO_ENDS
    scored: int = 0  # trials
    failed: int = 0  # of these
    best: Incumbent | None = None  # the best trial so far
    budgets: Mapping[int, Budget] = field(factory=dict[int, Budget])  # of the trials that are not scored
    all_budgets: frozenset[Budget] = frozenset()  # that trials have had
    running: Mapping[int, RunningAttempt] = field(factory=dict[int, RunningAttempt])
    reads_budget: bool = True  # whether what a trial may spend means anything to what evaluates it
    scored_since_best: int = 0  # trials
    simulated_seconds: float | None = None  # on the simulated clock; None where no time is simulated
    seconds_before: float = 0.0  # that the run had taken when this process began, simulated ones where there are
    state: RunState = field(factory=RunState)  # of the run
    extent_before: RunExtent = NO_EXTENT  # when this process began

    @property
    def has_several_budgets(self) -> bool:
        """Whether its trials have several budgets, which mean something to what evaluates them."""
        return self.reads_budget and len(self.all_budgets) > 1

    def get_budget(self, trial: int) -> Budget | None:
        """The budget of a trial that is not scored; None where none is read."""
        return self.budgets.get(trial) if self.reads_budget else None

    def name_best(self) -> str:
        """The best trial, with its budget where not all trials have the same: trial 3, 27 epochs; empty without one."""
        if self.best is None:
            return ""
        return name_trial(self.best.trial, self.best.budget if self.has_several_budgets else None)

    @property
    def target(self) -> int | None:
        """How many trials there are to be in all; None where the run has no such end."""
        return self.ends.trials

    def measure_extent(self, now: float) -> RunExtent:
        """How far the run is by now, of its trials those that are scored."""
        return evolve(self.state.extent, trials=self.scored, seconds=self.measure_seconds(now))

    def measure_seconds(self, now: float) -> float:
        """The seconds that the run has taken by now: wall time of its processes, or simulated time."""
        if self.simulated_seconds is not None:
            return self.simulated_seconds
        return self.seconds_before + now - self.start_time

    def estimate_done(self, now: float) -> float:
        """How much of the way to the nearest of its ends is done, in [0, 1], as far as they tell."""
        return min(1.0, max((done / end for end, _, done in self._list_ways(now)), default=0.0))

    def estimate_seconds_left(self, now: float) -> float | None:
        """Seconds until the run has all its trials, has spent its total, or its time is up, at its pace so far.

        None where it has no such end, and as long as its pace is not known.
        """
        passed = now - self.start_time
        return min(
            (
                passed / (done - before) * max(0.0, end - done)
                for end, before, done in self._list_ways(now)
                if done > before
            ),
            default=None,
        )

    def _list_ways(self, now: float) -> list[tuple[float, float, float]]:
        """The ends that are some way off: how far in all, how far it was when this process began, and is now."""
        ends, before, extent = self.ends, self.extent_before, self.measure_extent(now)
        ways: list[tuple[float | None, float, float]] = [
            (ends.trials, before.trials, extent.trials),
            (ends.time_limit, before.seconds, extent.seconds),
            (None if ends.total is None else ends.total.amount, before.spent, extent.spent),
        ]
        return [(end, earlier, done) for end, earlier, done in ways if end]

    def apply(self, event: Event, now: float) -> "RunProgress":
        """The progress after one more event."""
        return evolve(self, state=fold(self.state, event))._apply(event, now)

    def _apply(self, event: Event, now: float) -> "RunProgress":
        match event:
            case RunStarted():
                return evolve(self, reads_budget=event.reads_budget)._begin(event)
            case RunResumed():
                return self._begin(event)
            case Proposed(trial, _, budget):
                budgets = {**self.budgets, trial: budget}
                return evolve(self, budgets=budgets, all_budgets=self.all_budgets | {budget})
            case AttemptStarted(trial, attempt):
                return self._update_attempt(trial, RunningAttempt(attempt, now))
            case Reported(trial, _, epoch, metrics):
                return self._update_attempt(trial, evolve(self.running[trial], epoch=epoch, metrics=metrics))
            case AttemptEnded(trial):
                return self._add_seconds(event)._update_attempt(trial, evolve(self.running[trial], ended=event))
            case Scored():
                return self._apply_score(event)
            case _:
                return self

    def _begin(self, event: RunStarted | RunResumed) -> "RunProgress":
        seconds = self.seconds_before if self.simulated_seconds is None else self.simulated_seconds
        return evolve(self, ends=event.ends, simulated_seconds=seconds if event.simulates_time else None)

    def _add_seconds(self, end: AttemptEnded) -> "RunProgress":
        if self.simulated_seconds is None:
            return self
        seconds = self.simulated_seconds + end.seconds if end.clock is None else end.clock
        return evolve(self, simulated_seconds=seconds)

    def _update_attempt(self, trial: int, attempt: RunningAttempt) -> "RunProgress":
        return evolve(self, running={**self.running, trial: attempt})

    def _apply_score(self, event: Scored) -> "RunProgress":
        ranking = Ranking(self.objective, self.reads_budget)
        scored_since_best, best = self.scored_since_best + 1, self.best
        if event.score is not None:
            result = Incumbent(event.trial, self.budgets[event.trial], event.score)
            scored_since_best = 0 if ranking.improves(result, best) else scored_since_best
            best = ranking.choose(result, best)
        return evolve(
            self,
            scored=self.scored + 1,
            failed=self.failed + (event.status != "ok"),
            best=best,
            scored_since_best=scored_since_best,
            budgets={trial: budget for trial, budget in self.budgets.items() if trial != event.trial},
            running={trial: attempt for trial, attempt in self.running.items() if trial != event.trial},
        )


def start_progress(state: RunState, objective: Objective, now: float, run_time: RunTime = NO_TIME) -> RunProgress:
    """The progress of a run that a process begins or resumes now."""
    trials = state.trials.values()
    failed = sum(t.status not in (None, "ok") for t in trials)
    seconds = measure_seconds(state, run_time)
    return RunProgress(
        objective,
        now,
        state.ends,
        state.score_count,
        failed,
        state.incumbent,
        {t.trial: t.budget for t in trials if t.status is None},
        frozenset(t.budget for t in trials),
        reads_budget=state.started is None or state.started.reads_budget,
        scored_since_best=state.scored_since_best,
        simulated_seconds=state.clock if state.simulates_time else None,
        seconds_before=seconds,
        state=state,
        extent_before=evolve(state.extent, trials=state.score_count, seconds=seconds),
    )


def describe_event(event: Event, before: RunProgress, after: RunProgress) -> str | None:
    """An event in one line of text; None for one that is not worth a line."""
    match event:
        case AttemptStarted(trial, attempt):
            retry = f" again, attempt {attempt}{_explain_retry(trial, before)}" if attempt > 1 else ""
            return f"trial {trial}  began{_format_promotion(trial, after)}{retry}"
        case Reported(trial, _, epoch, metrics):
            metric = _format_metric(metrics, before.objective)
            return f"trial {trial}  epoch {_format_epoch(trial, epoch, before)}  {metric}"
        case Scored(trial, "ok", score):
            best = "  best so far" if after.best != before.best else ""
            end = _find_end(trial, before)
            early_stop = f"  stopped after epoch {end.stopped.epoch} ({end.stopped.by})" if end and end.stopped else ""
            value = f"{before.objective.metric} {format_score(score)}{_format_own_budget(trial, before)}"
            return f"trial {trial}  {value}  in {_format_time(trial, before)}{early_stop}{best}"
        case Scored(trial, status):
            end = _find_end(trial, before)
            reason = "" if end is None else summarize_error(end.error)
            return f"trial {trial}  {status.replace('_', ' ')}  after {_format_time(trial, before)}  {reason}".rstrip()
        case _:
            return None


def _format_promotion(trial: int, progress: RunProgress) -> str:
    """Which trial's configuration it tries again, and with what, where it does."""
    state = progress.state.trials.get(trial)
    if state is None or state.promotes is None:
        return ""
    return f", trial {state.promotes} promoted to {format_budget(state.budget)}"


def _format_epoch(trial: int, epoch: int, progress: RunProgress) -> str:
    budget = progress.get_budget(trial)
    if budget is None or budget.unit != "epochs" or epoch - 1 >= budget.amount:  # a function need not read its budget
        return str(epoch)
    return f"{epoch}/{budget.amount:g}"


def _format_own_budget(trial: int, progress: RunProgress) -> str:
    """What a trial was given, where not all have the same."""
    budget = progress.budgets.get(trial) if progress.has_several_budgets else None
    return "" if budget is None else f"  {format_budget(budget)}"


def _format_metric(metrics: Mapping[str, float], objective: Objective) -> str:
    metric = objective.metric if objective.metric in metrics else next(iter(metrics), "")
    return f"{metric} {format_score(metrics[metric])}" if metric else ""


def _explain_retry(trial: int, progress: RunProgress) -> str:
    """Why a trial is tried again, if that is known; if not, the search was interrupted."""
    end = _find_end(trial, progress)
    return "" if end is None else f": {summarize_error(end.error) or end.status}"


def _find_end(trial: int, progress: RunProgress) -> AttemptEnded | None:
    """The end of the trial's last attempt, as long as it is neither tried again nor scored."""
    return progress.running[trial].ended if trial in progress.running else None


def _format_time(trial: int, progress: RunProgress) -> str:
    end = _find_end(trial, progress)
    return format_duration(end.seconds if end is not None else 0.0)
