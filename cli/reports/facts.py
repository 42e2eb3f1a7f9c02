"""What the log says of runs and trials as plain data: what --json prints, and what is shown to people."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from attrs import asdict

from archwright.cli import user_code
from archwright.cli.reports.reading import RunView, find_open_status
from archwright.cli.reports.repeats import describe_repeats, is_repeated
from archwright.cli.reports.stopped import describe_stop
from archwright.cli.user_errors import format_user_traceback
from archwright.core import json
from archwright.core.drawing.text import as_text
from archwright.core.errors import ArchwrightError
from archwright.core.node import Node, replay
from archwright.core.term import Term
from archwright.core.unknown_modules import specify_by_name
from archwright.evaluate.user_errors import format_traceback
from archwright.search.running.attempts import derive_training_seed
from archwright.store.artifacts import locate_artifact, locate_run_folder
from archwright.store.events import AttemptEnded, AttemptStarted, Reported
from archwright.store.fold import Trial
from archwright.store.query import query

Facts = dict[str, Any]


def describe_runs(log: Path) -> list[Facts]:
    """A row of the view `runs` for each run; where that says open, it is running, died or new."""
    found = query(log, "SELECT * FROM runs ORDER BY started")
    return [_describe_row(log, dict(zip(found.columns, row, strict=True))) for row in found.rows]


def _describe_row(log: Path, row: Facts) -> Facts:
    status = find_open_status(log, row["run"]) if row["status"] == "open" else row["status"]
    times = {when: row[when].replace(tzinfo=UTC).isoformat(timespec="milliseconds") for when in ("started", "latest")}
    return row | {"status": status} | times


def describe_run(reading: RunView) -> Facts:
    """What is to know about a run, with a line for each trial."""
    run, started = reading.run, reading.run.started
    best = next(iter(reading.best), None)
    trials = [describe_trial(reading, trial) for trial in reading.trials]
    return {
        "run": reading.name,
        "log": str(reading.log),
        "status": reading.status,
        "detail": run.state.stopped.detail if run.state.stopped else "",
        "space": started.space_source,
        "input_shape": started.input_shape,
        "searcher": started.searcher,
        "evaluator": started.evaluator,
        "objective": asdict(started.objective),
        "stopping": started.stopping,
        "budget": str(started.budget),
        "seed": started.seed,
        "counts": _count_trials(reading),
        "best": None if best is None else {"trial": best.trial, "score": best.score},
        "repeats": describe_repeats(started, trials) if is_repeated(started) else None,
        "started": _format_utc(run.times[0]),
        "latest": _format_utc(max(run.times)),  # the events that a fork has copied keep theirs
        "versions": dict(started.versions),
        "forked_from": asdict(started.forked_from) if started.forked_from else None,
        "events": len(run.events),
        "trials": trials,
    }


def _count_trials(reading: RunView) -> dict[str, int]:
    statuses = [trial.status for trial in reading.trials]
    return {
        "target": reading.run.state.target,
        "proposed": len(statuses),
        "ok": statuses.count("ok"),
        "failed": len(statuses) - statuses.count("ok") - statuses.count(None),
        "in_flight": statuses.count(None),
    }


def describe_trial(reading: RunView, trial: Trial) -> Facts:
    """What is to know about a trial; its metrics and its error are those of the last attempt that ended."""
    ended = trial.ended
    return {
        "trial": trial.trial,
        "status": trial.status or _describe_open_trial(reading, trial),
        "score": trial.score,
        "budget": str(trial.budget),
        "seed": derive_training_seed(reading.run.started.seed, _find_first_training(reading, trial).trial),
        "continues": trial.continues,
        "attempts": trial.attempts,
        "seconds": trial.seconds,
        "metrics": dict(ended.metrics) if ended is not None else {},
        "error": ended.error if ended is not None else "",
        "stopped": describe_stop(ended.stopped) if ended is not None else None,
        "choices": dict(trial.path),
    }


def _find_first_training(reading: RunView, trial: Trial) -> Trial:
    """The trial that began the training which this one goes on with; all of them have its seed."""
    return trial if trial.continues is None else _find_first_training(reading, reading.trial(trial.continues))


def _describe_open_trial(reading: RunView, trial: Trial) -> str:
    if trial.attempts == 0:
        return "waiting"
    return "running" if trial.running and reading.status == "running" else "interrupted"


def describe_trial_in_full(reading: RunView, number: int) -> Facts:
    """What is to know about a trial, with its architecture and each attempt at it."""
    trial = reading.trial(number)
    more = {
        "run": reading.name,
        "metric": reading.run.started.objective.metric,
        "parameters": count_trained_parameters(reading, trial),
        "all_parameters": count_all_parameters(reading, trial),
        "architecture": render_architecture(reading, trial),
        "left_out": explain_omission(reading),
        "model": locate_model(reading, trial),
        "attempts": describe_attempts(reading, number),
    }
    return describe_trial(reading, trial) | more


def describe_best_trials(reading: RunView, n: int) -> list[Facts]:
    """The `n` best trials."""
    metric = reading.run.started.objective.metric
    return [
        describe_trial(reading, t) | {"metric": metric, "parameters": count_trained_parameters(reading, t)}
        for t in reading.best[:n]
    ]


def describe_attempts(reading: RunView, number: int) -> list[Facts]:
    """The attempts at a trial, in order, each with the metrics of its epochs."""
    found: list[Facts] = []
    for event, when in zip(reading.run.events, reading.run.times, strict=True):
        if getattr(event, "trial", None) != number:
            continue
        match event:
            case AttemptStarted(_, attempt):
                start = {"attempt": attempt, "started": _format_utc(when), "status": "interrupted", "seconds": None}
                found.append(start | {"error": "", "stopped": None, "metrics": {}, "curve": []})
            case Reported(_, _, epoch, metrics):
                found[-1]["curve"].append({"epoch": epoch, **metrics})
            case AttemptEnded(_, _, status, seconds, metrics, error, stopped):
                found[-1] |= {"status": status, "seconds": seconds, "metrics": dict(metrics), "error": error}
                found[-1]["stopped"] = describe_stop(stopped)
            case _:
                pass
    if found and _describe_open_trial(reading, reading.trial(number)) == "running":
        found[-1]["status"] = "running"
    return found


def rebuild_leaf(reading: RunView, trial: Trial) -> Node:
    """The leaf that the trial is about; loads a person's file where it holds kinds of module of their own.

    NotTrusted where this person does not let it run.
    """
    started = reading.run.started
    space = user_code.load_logged_term(reading.run.space, started.space_source, trusted=reading.trusted)
    return replay(space, started.input_shape, trial.path)


def outline_architecture(reading: RunView, trial: Trial) -> Term:
    """The trial's architecture as far as the log tells it by itself, where its kinds of module are not known."""
    return specify_by_name(json.from_foreign_json(reading.run.space), trial.path)


def explain_omission(reading: RunView) -> str:
    """What is not told of the run's architectures, and how to get it: what only reads runs no code of others."""
    return (
        "" if reading.trusted else user_code.describe_unknown_kinds(reading.run.space, reading.run.started.space_source)
    )


def count_trained_parameters(reading: RunView, trial: Trial) -> int | None:
    """How many parameters of the trial's model were trained, or where that is not logged all of its architecture.

    None where its space can no longer be read.
    """
    if trial.ended is not None and "parameters" in trial.ended.metrics:
        return int(trial.ended.metrics["parameters"])
    return count_all_parameters(reading, trial)


def count_all_parameters(reading: RunView, trial: Trial) -> int | None:
    """How many parameters the trial's architecture says that it has, those too that no training changes.

    None where only code of others tells, or its space can no longer be read.
    """
    if explain_omission(reading):
        return None
    try:
        return rebuild_leaf(reading, trial).architecture.parameters(reading.run.started.input_shape)
    except Exception as error:  # noqa: BLE001  (a person's kind of module may raise anything)
        _require_user_error(error)
        return None


def locate_model(reading: RunView, trial: Trial) -> str | None:
    """Where the weights of the trial's model lie; None where they were not kept."""
    path = locate_artifact(locate_run_folder(reading.log, reading.name), trial.trial, "model")
    return str(path) if trial.status == "ok" and path.is_file() else None


def render_architecture(reading: RunView, trial: Trial) -> str:
    """The trial's architecture as a tree, with shapes as far as they are known; or why it cannot be drawn."""
    try:
        if explain_omission(reading):
            return as_text(outline_architecture(reading, trial))
        return as_text(rebuild_leaf(reading, trial).architecture, reading.run.started.input_shape)
    except Exception as error:  # noqa: BLE001  (a person's kind of module may raise anything)
        _require_user_error(error)
        return f"the architecture cannot be drawn: {format_traceback(error)}"


def _require_user_error(error: Exception) -> None:
    """Nothing, where it is a person's own kind of module that fails, or what we say of a space; else raises it."""
    if not isinstance(error, ArchwrightError) and format_user_traceback(error) is None:
        raise error


def find_differing_choices(paths: Sequence[Mapping[str, Any]]) -> tuple[list[str], Facts]:
    """The names of the choices in which some of `paths` differ, in their order, and those that they all share."""
    names = merge_names(paths)
    shared = {name: paths[0][name] for name in names if all(name in p and p[name] == paths[0].get(name) for p in paths)}
    return [name for name in names if name not in shared], shared


def merge_names(paths: Iterable[Iterable[str]]) -> list[str]:
    """The names in `paths`, each once, where every path has its names in one order that they all agree on."""
    names: list[str] = []
    for path in paths:
        place = 0
        for name in path:
            if name not in names:
                names.insert(place, name)
            place = names.index(name) + 1
    return names


def _format_utc(when: float) -> str:
    return datetime.fromtimestamp(when, UTC).isoformat(timespec="milliseconds")
