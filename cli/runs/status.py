"""How a search that is going on stands: a fold of its events, and what a person is told of each."""

from collections.abc import Mapping

from attrs import evolve, field, frozen

from archwright.cli.output import format_duration, format_score
from archwright.cli.reports.reading import rank_trials, sort_trials
from archwright.core.budget import Budget
from archwright.core.objective import Objective
from archwright.evaluate.user_errors import summarize_error
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
from archwright.store.fold import RunState


@frozen
class Running:
    """An attempt that is under way."""

    attempt: int
    began: float  # on the caller's clock
    epoch: int = 0  # the last one that was reported
    metrics: Mapping[str, float] = field(factory=dict[str, float])
    ended: AttemptEnded | None = None


@frozen
class Standing:
    """How a search stands, as far as people watch it."""

    objective: Objective
    began: float  # when this process took it up, on the caller's clock
    target: int = 0
    scored: int = 0
    failed: int = 0
    scored_before: int = 0  # by earlier processes
    best: tuple[float, int] | None = None  # score and trial
    budgets: Mapping[int, Budget] = field(factory=dict[int, Budget])  # of the trials that are not scored
    running: Mapping[int, Running] = field(factory=dict[int, Running])

    def left(self, now: float) -> float | None:
        """The seconds until the last trial is scored, if they go on as those of this process; None before the first."""
        done = self.scored - self.scored_before
        return (now - self.began) / done * max(0, self.target - self.scored) if done else None

    def after(self, event: Event, now: float) -> "Standing":
        """How it stands after one more event."""
        match event:
            case RunStarted(trials=trials) | RunResumed(trials=trials):
                return evolve(self, target=trials)
            case Proposed(trial, _, budget):
                return evolve(self, budgets={**self.budgets, trial: budget})
            case AttemptStarted(trial, attempt):
                return self._with(trial, Running(attempt, now))
            case Reported(trial, _, epoch, metrics):
                return self._with(trial, evolve(self.running[trial], epoch=epoch, metrics=metrics))
            case AttemptEnded(trial):
                return self._with(trial, evolve(self.running[trial], ended=event))
            case Scored():
                return self._scored(event)
            case _:
                return self

    def _with(self, trial: int, running: Running) -> "Standing":
        return evolve(self, running={**self.running, trial: running})

    def _scored(self, event: Scored) -> "Standing":
        best = self.best
        if event.score is not None and (best is None or self.objective.is_better(event.score, best[0])):
            best = (event.score, event.trial)
        return evolve(
            self,
            scored=self.scored + 1,
            failed=self.failed + (event.status != "ok"),
            best=best,
            budgets={trial: budget for trial, budget in self.budgets.items() if trial != event.trial},
            running={trial: each for trial, each in self.running.items() if trial != event.trial},
        )


def standing(state: RunState, objective: Objective, now: float) -> Standing:
    """How a run stands that a process takes up now."""
    trials = sort_trials(state)
    best = next(((t.score, t.trial) for t in rank_trials(trials, objective) if t.score is not None), None)
    failed = sum(t.status not in (None, "ok") for t in trials)
    budgets = {t.trial: t.budget for t in trials if t.status is None}
    return Standing(objective, now, state.target, state.scored, failed, state.scored, best, budgets)


def line(event: Event, before: Standing, after: Standing) -> str | None:
    """What a person is told of an event in one line, if anything."""
    match event:
        case AttemptStarted(trial, attempt):
            return f"trial {trial}  began" + (
                f" again, attempt {attempt}{_after(trial, before)}" if attempt > 1 else ""
            )
        case Reported(trial, _, epoch, metrics):
            return f"trial {trial}  epoch {_progress(trial, epoch, before)}  {_measured(metrics, before.objective)}"
        case Scored(trial, "ok", reached):
            best = "  best so far" if after.best != before.best else ""
            ended = _ended(trial, before)
            cut = f"  stopped after epoch {ended.stopped.epoch} ({ended.stopped.by})" if ended and ended.stopped else ""
            value = f"{before.objective.metric} {format_score(reached)}"
            return f"trial {trial}  {value}  in {_time(trial, before)}{cut}{best}"
        case Scored(trial, status):
            ended = _ended(trial, before)
            why = "" if ended is None else summarize_error(ended.error)
            return f"trial {trial}  {status.replace('_', ' ')}  after {_time(trial, before)}  {why}".rstrip()
        case _:
            return None


def _progress(trial: int, epoch: int, standing: Standing) -> str:
    budget = standing.budgets.get(trial)
    within = (
        budget is not None and budget.unit == "epochs" and epoch - 1 < budget.amount
    )  # a function may not be told it
    return f"{epoch}/{budget.amount:g}" if budget is not None and within else str(epoch)


def _measured(metrics: Mapping[str, float], objective: Objective) -> str:
    named = objective.metric if objective.metric in metrics else next(iter(metrics), "")
    return f"{named} {format_score(metrics[named])}" if named else ""


def _after(trial: int, standing: Standing) -> str:
    """Why it is tried again, if that is known; if not, the search was interrupted."""
    ended = _ended(trial, standing)
    return "" if ended is None else f": {summarize_error(ended.error) or ended.status}"


def _ended(trial: int, standing: Standing) -> AttemptEnded | None:
    """The end of the trial's last attempt, as long as it is neither tried again nor scored."""
    return standing.running[trial].ended if trial in standing.running else None


def _time(trial: int, standing: Standing) -> str:
    ended = _ended(trial, standing)
    return format_duration(ended.seconds if ended is not None else 0.0)
