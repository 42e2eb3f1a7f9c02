"""The progress of a search: a fold of its events, and a line of text for each of them."""

from collections.abc import Mapping

from attrs import evolve, field, frozen

from archwright.core.budget import Budget
from archwright.core.ends import NO_EXTENT, RunExtent
from archwright.core.incumbent import Incumbent
from archwright.core.objective import Objective
from archwright.display.text import format_budget, format_duration, format_score, name_trial, summarize_error
from archwright.search.running.ends import measure_seconds
from archwright.store.events import AttemptEnded, AttemptStarted, Event, Reported, Scored
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
    state: RunState = field(factory=RunState)
    failed: int = 0  # of the trials that are scored
    running: Mapping[int, RunningAttempt] = field(factory=dict[int, RunningAttempt])
    extent_before: RunExtent = NO_EXTENT  # when this process began

    @property
    def best(self) -> Incumbent | None:
        """The best trial so far."""
        return self.state.incumbent

    def get_budget(self, trial: int) -> Budget | None:
        """The budget of a trial; None where none is read."""
        known = self.state.trials.get(trial)
        return known.budget if known is not None and self.state.reads_budget else None

    def name_best(self) -> str:
        """The best trial, with its budget where not all trials have the same: trial 3, 27 epochs; empty without one."""
        if self.best is None:
            return ""
        return name_trial(self.best.trial, self.best.budget if self.state.has_several_budgets else None)

    def measure_extent(self, now: float) -> RunExtent:
        """How far the run is by now, of its trials those that are scored."""
        return evolve(self.state.extent, trials=self.state.score_count, seconds=self.measure_seconds(now))

    def measure_seconds(self, now: float) -> float:
        """The seconds that the run has taken by now: wall time of its processes, or simulated time."""
        if self.state.simulates_time:
            return self.state.clock
        return self.extent_before.seconds + now - self.start_time

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
        ends, before, extent = self.state.ends, self.extent_before, self.measure_extent(now)
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
            case AttemptStarted(trial, attempt):
                return self._update_attempt(trial, RunningAttempt(attempt, now))
            case Reported(trial, _, epoch, metrics):
                return self._update_attempt(trial, evolve(self.running[trial], epoch=epoch, metrics=metrics))
            case AttemptEnded(trial):
                return self._update_attempt(trial, evolve(self.running[trial], ended=event))
            case Scored(scored, status):
                running = {trial: attempt for trial, attempt in self.running.items() if trial != scored}
                return evolve(self, failed=self.failed + (status != "ok"), running=running)
            case _:
                return self

    def _update_attempt(self, trial: int, attempt: RunningAttempt) -> "RunProgress":
        return evolve(self, running={**self.running, trial: attempt})


def start_progress(state: RunState, objective: Objective, now: float, run_time: RunTime = NO_TIME) -> RunProgress:
    """The progress of a run that a process begins or resumes now."""
    failed = sum(trial.status not in (None, "ok") for trial in state.trials.values())
    seconds = measure_seconds(state, run_time)
    extent = evolve(state.extent, trials=state.score_count, seconds=seconds)
    return RunProgress(objective, now, state, failed, extent_before=extent)


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
    budget = progress.get_budget(trial) if progress.state.has_several_budgets else None
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
