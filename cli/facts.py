"""What the log says of runs and trials, as plain data: the same for JSON and for people."""

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from attrs import asdict

from archwright.cli.space import known_term
from archwright.core.draw import as_text
from archwright.core.errors import ArchwrightError
from archwright.core.node import Node, replay
from archwright.core.trial import Objective
from archwright.search.session import Logged
from archwright.store.claim import lock_file
from archwright.store.events import AttemptEnded, AttemptStarted, Event, Reported
from archwright.store.fold import Trial


class NoSuchTrial(ArchwrightError, LookupError):
    """A number that no trial of the run has."""


def ranked(trials: Sequence[Trial], objective: Objective) -> list[Trial]:
    """Those of `trials` that have a score, best first; of equal ones, the earlier."""
    scored = [trial for trial in trials if trial.score is not None]
    sign = -1 if objective.direction == "maximize" else 1
    return sorted(scored, key=lambda trial: (sign * (trial.score or 0.0), trial.trial))


def trials_of(run: Logged) -> list[Trial]:
    """The trials in the order of proposing."""
    return sorted(run.state.trials.values(), key=lambda trial: trial.trial)


def find_trial(name: str, run: Logged, number: int) -> Trial:
    """The trial of that number; NoSuchTrial says which there are."""
    if number not in run.state.trials:
        there = f"it has trials 0 to {run.state.proposed - 1}" if run.state.proposed else "it has none yet"
        raise NoSuchTrial(f"{name} has no trial {number}; {there}")
    return run.state.trials[number]


def run_status(log: Path, name: str, run: Logged) -> str:
    """Why the run's last process left it: running if it has not, died if it left without a word."""
    if run.state.stopped is not None:
        return run.state.stopped.reason
    return "running" if is_held(log, name) else "died"


def is_held(log: Path, name: str) -> bool:
    """Whether the process that last went on with the run is alive, as far as this machine knows."""
    try:
        pid = int(lock_file(log, name).read_text())
        os.kill(pid, 0)  # signal 0 only asks
    except PermissionError:  # it is somebody else's
        return True
    except (OSError, ValueError):
        return False
    return True


def run_facts(log: Path, name: str, run: Logged) -> dict[str, Any]:
    """What is to know about a run, its trials aside."""
    started, trials = run.started, trials_of(run)
    best = next(iter(ranked(trials, started.objective)), None)
    return {
        "run": name,
        "status": run_status(log, name, run),
        "detail": run.state.stopped.detail if run.state.stopped else "",
        "space": started.space_source,
        "input_shape": started.input_shape,
        "searcher": started.searcher,
        "evaluator": started.evaluator,
        "objective": asdict(started.objective),
        "budget": str(started.budget),
        "seed": started.seed,
        "trials": _counts(run, trials),
        "best": None if best is None else {"trial": best.trial, "score": best.score},
        "started": iso(run.times[0]),
        "latest": iso(run.times[-1]),
        "versions": dict(started.versions),
        "forked_from": asdict(started.forked_from) if started.forked_from else None,
        "events": len(run.events),
    }


def _counts(run: Logged, trials: Sequence[Trial]) -> dict[str, int]:
    return {
        "target": run.state.target,
        "proposed": run.state.proposed,
        "ok": sum(trial.status == "ok" for trial in trials),
        "failed": sum(trial.status not in (None, "ok") for trial in trials),
        "in_flight": len(run.state.in_flight),
    }


def trial_facts(trial: Trial, held: bool) -> dict[str, Any]:
    """What is to know about a trial in a line; `held` says whether a process is going on with its run."""
    ended = trial.ended
    return {
        "trial": trial.trial,
        "status": trial.status or _open(trial, held),
        "score": trial.score,
        "budget": str(trial.budget),
        "continues": trial.continues,
        "attempts": trial.attempts,
        "seconds": trial.seconds,
        "metrics": dict(ended.metrics) if ended is not None else {},
        "error": ended.error if ended is not None else "",
        "choices": dict(trial.path),
    }


def _open(trial: Trial, held: bool) -> str:
    if trial.attempts == 0:
        return "waiting"
    return "running" if trial.running and held else "interrupted"


def attempts(events: Sequence[Event], times: Sequence[float], trial: int, held: bool) -> list[dict[str, Any]]:
    """The attempts at a trial, in order, each with the metrics of its epochs."""
    found: dict[int, dict[str, Any]] = {}
    for event, when in zip(events, times, strict=True):
        match event:
            case AttemptStarted(number, attempt) if number == trial:
                for earlier in found.values():
                    _interrupt(earlier)
                begun = {"attempt": attempt, "started": iso(when), "status": "running", "seconds": None, "error": ""}
                found[attempt] = {**begun, "metrics": {}, "curve": []}
            case Reported(number, attempt, epoch, metrics) if number == trial and attempt in found:
                found[attempt]["curve"].append({"epoch": epoch, **metrics})
            case AttemptEnded(number, attempt, status, seconds, metrics, error) if number == trial and attempt in found:
                found[attempt] |= {"status": status, "seconds": seconds, "metrics": dict(metrics), "error": error}
            case _:
                pass
    if not held:
        for each in found.values():
            _interrupt(each)
    return list(found.values())


def _interrupt(attempt: dict[str, Any]) -> None:
    if attempt["status"] == "running":
        attempt["status"] = "interrupted"


def leaf(run: Logged, trial: Trial) -> Node:
    """The leaf of the run's space that the trial is about; loads a person's own file where it holds kinds of module."""
    return replay(known_term(run.space, run.started.space_source), run.started.input_shape, trial.path)


def parameters(run: Logged, trial: Trial) -> int | None:
    """How many parameters the trial's model has; None where its space can no longer be read."""
    if trial.ended is not None and "parameters" in trial.ended.metrics:
        return int(trial.ended.metrics["parameters"])
    with suppress(ArchwrightError):
        return leaf(run, trial).architecture.parameters(run.started.input_shape)
    return None


def drawing(run: Logged, trial: Trial) -> str:
    """The trial's architecture as a tree with shapes, or why it cannot be drawn."""
    try:
        return as_text(leaf(run, trial).architecture, run.started.input_shape)
    except ArchwrightError as error:
        return f"the architecture cannot be drawn: {error}"


def iso(when: float) -> str:
    """A time as JSON has it, in UTC."""
    return datetime.fromtimestamp(when, UTC).isoformat(timespec="milliseconds")


def differing(paths: Sequence[Mapping[str, Any]]) -> tuple[list[str], dict[str, Any]]:
    """The choices in which some of `paths` differ, by name in their order, and those that they all have in common."""
    names = list(dict.fromkeys(name for path in paths for name in path))
    missing = object()
    common = {
        name: paths[0][name] for name in names if len({str(path.get(name, missing)) for path in paths}) == 1
    }
    return [name for name in names if name not in common], common


__all__ = [
    "NoSuchTrial",
    "attempts",
    "differing",
    "drawing",
    "find_trial",
    "is_held",
    "iso",
    "leaf",
    "parameters",
    "ranked",
    "run_facts",
    "run_status",
    "trial_facts",
    "trials_of",
]
