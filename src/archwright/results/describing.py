"""What the log says of runs and trials as records: what --json prints, and what is shown to people."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypedDict, cast

from archwright.core.budget import Budget, parse_budget
from archwright.core.ends import RunEnds
from archwright.core.input import format_input
from archwright.core.protocols import EarlyStop, Proposal
from archwright.results.attempts import Attempt, fold_attempts
from archwright.results.records import (
    AttemptRecord,
    BestScore,
    BestTrials,
    EarlyStopRecord,
    EndsRecord,
    ForkRecord,
    InheritanceRecord,
    QueueEntryRecord,
    RankedTrialRecord,
    RunDetails,
    RunRow,
    TrialCounts,
    TrialDetails,
    TrialRecord,
)
from archwright.results.repeats import describe_repeats
from archwright.results.trial_architecture import (
    count_all_parameters,
    count_trained_parameters,
    render_architecture,
    render_derivation,
    write_architecture,
)
from archwright.search.running.attempts import derive_training_seed
from archwright.search.running.ends import measure_seconds
from archwright.search.running.run_view import RunView, explain_omission, find_open_status
from archwright.store.artifacts import locate_artifact, locate_run_folder
from archwright.store.events import ForkPoint, Inherited, RunStarted
from archwright.store.fold import TrialState
from archwright.store.query import query
from archwright.store.queue_state import Queue
from archwright.store.written_paths import shorten

_RUN_ROWS = """
    WITH given AS (
        SELECT run, count(
            DISTINCT (payload->>'$.budget.unit', TRY_CAST(payload->>'$.budget.amount' AS DOUBLE))
        ) AS budgets
        FROM events WHERE kind = 'Proposed' GROUP BY run
    )
    SELECT runs.*, unit IS NOT NULL AND coalesce(budgets, 0) > 1 AS has_several_budgets
    FROM runs LEFT JOIN given USING (run) ORDER BY started
"""


def describe_runs(log: Path) -> list[RunRow]:
    """A row of the view `runs` for each run; where that says open, it is running, died or new."""
    result = query(log, _RUN_ROWS)
    return [_describe_row(log, dict(zip(result.columns, row, strict=True))) for row in result.rows]


def _describe_row(log: Path, row: dict[str, Any]) -> RunRow:
    status = find_open_status(log, row["run"]) if row["status"] == "open" else row["status"]
    times = {name: row[name].replace(tzinfo=UTC).isoformat(timespec="milliseconds") for name in ("started", "latest")}
    return cast(RunRow, row | {"status": status} | times)


def describe_run(view: RunView) -> RunDetails:
    """What is to know about a run, with a line for each trial."""
    run, started = view.run, view.run.started
    trials = [describe_trial(view, trial) for trial in view.trials]
    return {
        "run": view.name,
        "log": str(shorten(view.log)),
        "status": view.status,
        "detail": run.state.stopped.detail if run.state.stopped else "",
        "space": started.space_name,
        "input_shape": started.input_shape,
        "input": format_input(started.model_input),
        "searcher": started.searcher,
        "evaluator": started.evaluator,
        "objective": {"metric": started.objective.metric, "direction": started.objective.direction},
        "stopping": started.stopping,
        "budget": started.budget_text if started.reads_budget else None,
        "seed": started.seed,
        "ends": _describe_ends(run.state.ends),
        "seconds": measure_seconds(run.state, run.run_time),
        "scored_since_best": run.state.scored_since_best,
        "configurations": run.state.configuration_count,
        "spent": run.state.spent if started.reads_budget else None,
        "counts": _count_trials(view),
        "best": describe_best_score(view),
        "repeats": describe_repeats(view),
        "started": _format_utc(run.times[0]),
        "latest": _format_utc(max(run.times)),  # the events that a fork has copied keep theirs
        "versions": dict(started.versions),
        "forked_from": None if started.forked_from is None else _describe_fork(started.forked_from),
        "events": len(run.events),
        **_describe_queue(run.state.queue),
        **_describe_inheritance(run.state.inherited),
        "trials": trials,
    }


def _describe_ends(ends: RunEnds) -> EndsRecord:
    return cast(EndsRecord, {**ends.by_name, "total": None if ends.total is None else str(ends.total)})


def read_ends(record: EndsRecord) -> RunEnds:
    """The ends that a record describes."""
    total = record["total"]
    return RunEnds(**{**record, "total": None if total is None else parse_budget(total)})


def describe_best_score(view: RunView) -> BestScore | None:
    """The best trial of a run by its number, with its budget where not all trials have the same; None without one."""
    best = next(iter(view.best), None)
    if best is None:
        return None
    record: BestScore = {"trial": best.trial, "score": best.score}
    return {**record, "budget": str(best.budget)} if view.has_several_budgets else record


def describe_budget(started: RunStarted, budget: Budget) -> str | None:
    """The text of a trial's budget; None where what evaluates the trials reads none."""
    return str(budget) if started.reads_budget else None


def _describe_fork(point: ForkPoint) -> ForkRecord:
    return {"run": point.run, "at": point.at, "inherited": point.inherited, "seconds": point.seconds}


class _Waiting(TypedDict, total=False):
    queue: list[QueueEntryRecord]


def _describe_queue(queue: Queue) -> _Waiting:
    """What waits, in order; nothing where nothing was ever enqueued."""
    if not queue.entry_count:
        return {}
    return {"queue": [{"entry": entry.entry, "choices": dict(entry.choices)} for entry in queue.entries]}


class _Inheritance(TypedDict, total=False):
    inherited: list[InheritanceRecord]


def _describe_inheritance(events: Sequence[Inherited]) -> _Inheritance:
    """How many trials were inherited of each run; nothing where none was."""
    counts = Counter((event.source_run, event.source_log) for event in events)
    if not counts:
        return {}
    return {"inherited": [{"run": run, "log": log, "trials": count} for (run, log), count in counts.items()]}


def name_source(event: Inherited) -> str:
    """The trial of another run that was inherited, in words."""
    place = "" if event.source_log is None else f" in {event.source_log}"
    return f"trial {event.source_trial} of {event.source_run}{place}"


def _count_trials(view: RunView) -> TrialCounts:
    statuses = [trial.status for trial in view.trials]
    return {
        "target": view.run.state.target_trials,
        "proposed": len(statuses),
        "ok": statuses.count("ok"),
        "failed": len(statuses) - statuses.count("ok") - statuses.count(None),
        "in_flight": statuses.count(None),
    }


def describe_trial(view: RunView, trial: TrialState) -> TrialRecord:
    """What is to know about a trial; its metrics and its error are those of the last attempt that ended."""
    ended = trial.last_end
    return {
        "trial": trial.trial,
        "status": find_trial_status(view, trial),
        "score": trial.score,
        "budget": describe_budget(view.run.started, trial.budget),
        "seed": find_training_seed(view, trial),
        "continues": trial.continues,
        "spent": trial.spent if view.run.started.reads_budget else None,
        "attempts": trial.attempts,
        "seconds": trial.seconds,
        "metrics": dict(ended.metrics) if ended is not None else {},
        "error": ended.error if ended is not None else "",
        "stopped": _describe_stop(ended.stopped) if ended is not None else None,
        "choices": dict(trial.path),
        **describe_ladder(trial),
        **_describe_enqueuing(trial),
        **_describe_source(view, trial),
    }


class LadderRecord(TypedDict, total=False):
    """What a searcher said of a proposal, as far as it said it."""

    promotes: int
    bracket: int
    rung: int
    by_model: bool


def describe_ladder(trial: TrialState | Proposal) -> LadderRecord:
    """What the searcher said of its proposal; nothing of what it did not say."""
    fields: LadderRecord = {}
    if trial.promotes is not None:
        fields["promotes"] = trial.promotes
    if trial.bracket is not None:
        fields["bracket"] = trial.bracket
    if trial.rung is not None:
        fields["rung"] = trial.rung
    if trial.by_model is not None:
        fields["by_model"] = trial.by_model
    return fields


class _Enqueuing(TypedDict, total=False):
    enqueued: int


def _describe_enqueuing(trial: TrialState) -> _Enqueuing:
    return {} if trial.enqueued is None else {"enqueued": trial.enqueued}


class _Source(TypedDict, total=False):
    source: str


def _describe_source(view: RunView, trial: TrialState) -> _Source:
    event = view.get_source(trial.trial) if trial.trial < 0 else None
    return {} if event is None else {"source": name_source(event)}


def find_training_seed(view: RunView, trial: TrialState) -> int:
    """The seed of the trial's training: trials that continue one another are one training."""
    return derive_training_seed(view.run.started.seed, _find_first_training(view, trial).trial)


def _find_first_training(view: RunView, trial: TrialState) -> TrialState:
    """The trial that began the training which this one goes on with; all of them have its seed."""
    return trial if trial.continues is None else _find_first_training(view, view.get_trial(trial.continues))


def find_trial_status(view: RunView, trial: TrialState) -> str:
    """What the searcher was told of the trial; before that, whether it is running, waiting or interrupted."""
    if trial.status is not None:
        return trial.status
    if trial.attempts == 0:
        return "waiting"
    return "running" if trial.running and view.status == "running" else "interrupted"


def describe_trial_in_full(view: RunView, trial: TrialState) -> TrialDetails:
    """What is to know about a trial, with its architecture and each attempt at it."""
    return {
        **describe_trial(view, trial),
        "run": view.name,
        "metric": view.run.started.objective.metric,
        "parameters": count_trained_parameters(view, trial),
        "all_parameters": count_all_parameters(view, trial),
        "architecture": render_architecture(view, trial),
        "derivation": render_derivation(view, trial),
        "term": write_architecture(view, trial),
        "left_out": explain_omission(view),
        "model": locate_model(view, trial),
        "attempts": [_describe_attempt(attempt) for attempt in list_attempts(view, trial)],
    }


def describe_best_trials(view: RunView, n: int, *, inherited: bool = False) -> BestTrials:
    """The `n` best trials, also among those that are `inherited`, and what is not told of them."""
    best = view.best_with_inherited if inherited else view.best
    ranked = [_describe_ranked(view, trial) for trial in best[:n]]
    return {
        "run": view.name,
        "trials": ranked,
        "has_several_budgets": view.has_several_budgets,
        "left_out": explain_omission(view),
    }


def _describe_ranked(view: RunView, trial: TrialState) -> RankedTrialRecord:
    metric = view.run.started.objective.metric
    return {
        **describe_trial(view, trial),
        "metric": metric,
        "parameters": count_trained_parameters(view, trial),
        "term": write_architecture(view, trial),
    }


def list_attempts(view: RunView, trial: TrialState) -> list[Attempt]:
    """The attempts at a trial, in order."""
    return fold_attempts(
        view.attempt_events.get(trial.trial, ()), is_running=find_trial_status(view, trial) == "running"
    )


def _describe_attempt(attempt: Attempt) -> AttemptRecord:
    return {
        "attempt": attempt.number,
        "started": attempt.started.isoformat(timespec="milliseconds"),
        "status": attempt.status,
        "seconds": attempt.seconds,
        "error": attempt.error,
        "stopped": _describe_stop(attempt.stopped),
        "metrics": dict(attempt.metrics),
        "curve": [dict(metrics) for metrics in attempt.curve],
    }


def locate_model(view: RunView, trial: TrialState) -> str | None:
    """Where the weights of the trial's model lie; None where they were not kept."""
    path = locate_artifact(locate_run_folder(view.log, view.name), trial.trial, "model")
    return str(path) if trial.status == "ok" and path.is_file() else None


def _describe_stop(stopped: EarlyStop | None) -> EarlyStopRecord | None:
    return None if stopped is None else {"by": stopped.by, "epoch": stopped.epoch, "why": stopped.why}


def _format_utc(time: float) -> str:
    """A time in seconds since 1970, UTC, to the millisecond."""
    return datetime.fromtimestamp(time, UTC).isoformat(timespec="milliseconds")
