"""What the log says of runs and trials as plain data: what --json prints, and what is shown to people."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from attrs import asdict

from archwright.cli import own_code
from archwright.cli.reports.reading import Reading, open_status
from archwright.cli.reports.repeats import is_repeated, of_repeats
from archwright.cli.reports.stopped import of_stop
from archwright.cli.theirs import format_user_traceback
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


def of_runs(log: Path) -> list[Facts]:
    """A row of the view `runs` for each run; where that says open, it is running, died or new."""
    found = query(log, "SELECT * FROM runs ORDER BY started")
    return [_of_row(log, dict(zip(found.columns, row, strict=True))) for row in found.rows]


def _of_row(log: Path, row: Facts) -> Facts:
    status = open_status(log, row["run"]) if row["status"] == "open" else row["status"]
    times = {when: row[when].replace(tzinfo=UTC).isoformat(timespec="milliseconds") for when in ("started", "latest")}
    return row | {"status": status} | times


def of_run(reading: Reading) -> Facts:
    """What is to know about a run, with a line for each trial."""
    run, started = reading.run, reading.run.started
    best = next(iter(reading.best), None)
    trials = [of_trial(reading, trial) for trial in reading.trials]
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
        "counts": _counts(reading),
        "best": None if best is None else {"trial": best.trial, "score": best.score},
        "repeats": of_repeats(started, trials) if is_repeated(started) else None,
        "started": _time(run.times[0]),
        "latest": _time(max(run.times)),  # the events that a fork has copied keep theirs
        "versions": dict(started.versions),
        "forked_from": asdict(started.forked_from) if started.forked_from else None,
        "events": len(run.events),
        "trials": trials,
    }


def _counts(reading: Reading) -> dict[str, int]:
    statuses = [trial.status for trial in reading.trials]
    return {
        "target": reading.run.state.target,
        "proposed": len(statuses),
        "ok": statuses.count("ok"),
        "failed": len(statuses) - statuses.count("ok") - statuses.count(None),
        "in_flight": statuses.count(None),
    }


def of_trial(reading: Reading, trial: Trial) -> Facts:
    """What is to know about a trial; its metrics and its error are those of the last attempt that ended."""
    ended = trial.ended
    return {
        "trial": trial.trial,
        "status": trial.status or _open(reading, trial),
        "score": trial.score,
        "budget": str(trial.budget),
        "seed": derive_training_seed(reading.run.started.seed, _first(reading, trial).trial),
        "continues": trial.continues,
        "attempts": trial.attempts,
        "seconds": trial.seconds,
        "metrics": dict(ended.metrics) if ended is not None else {},
        "error": ended.error if ended is not None else "",
        "stopped": of_stop(ended.stopped) if ended is not None else None,
        "choices": dict(trial.path),
    }


def _first(reading: Reading, trial: Trial) -> Trial:
    """The trial that began the training which this one goes on with; all of them have its seed."""
    return trial if trial.continues is None else _first(reading, reading.trial(trial.continues))


def _open(reading: Reading, trial: Trial) -> str:
    if trial.attempts == 0:
        return "waiting"
    return "running" if trial.running and reading.status == "running" else "interrupted"


def of_trial_in_full(reading: Reading, number: int) -> Facts:
    """What is to know about a trial, with its architecture and each attempt at it."""
    trial = reading.trial(number)
    more = {
        "run": reading.name,
        "metric": reading.run.started.objective.metric,
        "parameters": parameters(reading, trial),
        "all_parameters": all_parameters(reading, trial),
        "architecture": drawing(reading, trial),
        "left_out": left_out(reading),
        "model": model_file(reading, trial),
        "attempts": attempts(reading, number),
    }
    return of_trial(reading, trial) | more


def of_best(reading: Reading, n: int) -> list[Facts]:
    """The `n` best trials."""
    metric = reading.run.started.objective.metric
    return [of_trial(reading, t) | {"metric": metric, "parameters": parameters(reading, t)} for t in reading.best[:n]]


def attempts(reading: Reading, number: int) -> list[Facts]:
    """The attempts at a trial, in order, each with the metrics of its epochs."""
    found: list[Facts] = []
    for event, when in zip(reading.run.events, reading.run.times, strict=True):
        if getattr(event, "trial", None) != number:
            continue
        match event:
            case AttemptStarted(_, attempt):
                start = {"attempt": attempt, "started": _time(when), "status": "interrupted", "seconds": None}
                found.append(start | {"error": "", "stopped": None, "metrics": {}, "curve": []})
            case Reported(_, _, epoch, metrics):
                found[-1]["curve"].append({"epoch": epoch, **metrics})
            case AttemptEnded(_, _, status, seconds, metrics, error, stopped):
                found[-1] |= {"status": status, "seconds": seconds, "metrics": dict(metrics), "error": error}
                found[-1]["stopped"] = of_stop(stopped)
            case _:
                pass
    if found and _open(reading, reading.trial(number)) == "running":
        found[-1]["status"] = "running"
    return found


def leaf(reading: Reading, trial: Trial) -> Node:
    """The leaf that the trial is about; loads a person's file where it holds kinds of module of their own.

    NotTrusted where this person does not let it run.
    """
    started = reading.run.started
    space = own_code.load_logged_term(reading.run.space, started.space_source, trusted=reading.trusted)
    return replay(space, started.input_shape, trial.path)


def outlined(reading: Reading, trial: Trial) -> Term:
    """The trial's architecture as far as the log tells it by itself, where its kinds of module are not known."""
    return specify_by_name(json.from_foreign_json(reading.run.space), trial.path)


def left_out(reading: Reading) -> str:
    """What is not told of the run's architectures, and how to get it: what only reads runs no code of others."""
    return (
        "" if reading.trusted else own_code.describe_unknown_kinds(reading.run.space, reading.run.started.space_source)
    )


def parameters(reading: Reading, trial: Trial) -> int | None:
    """How many parameters of the trial's model were trained, or where that is not logged all of its architecture.

    None where its space can no longer be read.
    """
    if trial.ended is not None and "parameters" in trial.ended.metrics:
        return int(trial.ended.metrics["parameters"])
    return all_parameters(reading, trial)


def all_parameters(reading: Reading, trial: Trial) -> int | None:
    """How many parameters the trial's architecture says that it has, those too that no training changes.

    None where only code of others tells, or its space can no longer be read.
    """
    if left_out(reading):
        return None
    try:
        return leaf(reading, trial).architecture.parameters(reading.run.started.input_shape)
    except Exception as error:  # noqa: BLE001  (a person's kind of module may raise anything)
        _require_theirs(error)
        return None


def model_file(reading: Reading, trial: Trial) -> str | None:
    """Where the weights of the trial's model lie; None where they were not kept."""
    path = locate_artifact(locate_run_folder(reading.log, reading.name), trial.trial, "model")
    return str(path) if trial.status == "ok" and path.is_file() else None


def drawing(reading: Reading, trial: Trial) -> str:
    """The trial's architecture as a tree, with shapes as far as they are known; or why it cannot be drawn."""
    try:
        if left_out(reading):
            return as_text(outlined(reading, trial))
        return as_text(leaf(reading, trial).architecture, reading.run.started.input_shape)
    except Exception as error:  # noqa: BLE001  (a person's kind of module may raise anything)
        _require_theirs(error)
        return f"the architecture cannot be drawn: {format_traceback(error)}"


def _require_theirs(error: Exception) -> None:
    """Nothing, where it is a person's own kind of module that fails, or what we say of a space; else raises it."""
    if not isinstance(error, ArchwrightError) and format_user_traceback(error) is None:
        raise error


def differing(paths: Sequence[Mapping[str, Any]]) -> tuple[list[str], Facts]:
    """The names of the choices in which some of `paths` differ, in their order, and those that they all share."""
    names = merged(paths)
    shared = {name: paths[0][name] for name in names if all(name in p and p[name] == paths[0].get(name) for p in paths)}
    return [name for name in names if name not in shared], shared


def merged(paths: Iterable[Iterable[str]]) -> list[str]:
    """The names in `paths`, each once, where every path has its names in one order that they all agree on."""
    names: list[str] = []
    for path in paths:
        place = 0
        for name in path:
            if name not in names:
                names.insert(place, name)
            place = names.index(name) + 1
    return names


def _time(when: float) -> str:
    return datetime.fromtimestamp(when, UTC).isoformat(timespec="milliseconds")
