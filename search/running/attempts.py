"""The events that log the result of an attempt: the end of the attempt, and the outcome that a searcher gets."""

import math
from collections.abc import Mapping
from hashlib import blake2b

from attrs import evolve

from archwright.core.errors import suggest_names
from archwright.core.objective import Objective
from archwright.core.protocols import AttemptResult
from archwright.store.events import AttemptEnded, Scored


def derive_training_seed(seed: int, trial: int) -> int:
    """The seed of a trial's training, in [0, 2^31): the same for every attempt, another for every trial.

    `seed` is the run's.
    """
    digest = blake2b(f"{seed}/{trial}".encode(), digest_size=4).digest()
    return int.from_bytes(digest) % 2**31


def to_attempt_ended(
    result: AttemptResult, objective: Objective, last_value: float | None = None, clock: float | None = None
) -> AttemptEnded:
    """The event that logs the end of an attempt, at the simulated `clock`, with the status that its score gives it.

    An attempt without the objective's metric is "invalid". One whose score is NaN or infinite has "diverged"; so has
    one whose last reported value of the metric, `last_value`, is NaN or infinite, whatever its score.
    """
    event = AttemptEnded(
        result.trial,
        result.attempt,
        result.status,
        result.seconds,
        as_floats(result.metrics),
        result.error,
        result.stopped,
        clock,
    )
    if result.status != "ok":
        return event
    if last_value is not None and not math.isfinite(last_value):
        stopped = event.stopped and evolve(event.stopped, by="divergence")
        error = f"the metric {objective.metric} is {last_value} in the last report"
        return evolve(event, status="diverged", error=error, stopped=stopped)
    score = event.metrics.get(objective.metric)
    if score is None:
        suggestion = _suggest_metric(objective.metric, event.metrics)
        error = (
            f"the evaluator gave no metric {objective.metric!r} ({suggestion}); --metric (objective= in Python) names "
            "the one that counts"
        )
        return evolve(event, status="invalid", error=error)
    if not math.isfinite(score):
        return evolve(event, status="diverged", error=f"the metric {objective.metric} is {score}")
    return event


def to_scored(end: AttemptEnded, objective: Objective) -> Scored:
    """The event with a trial's outcome for the searcher, without metrics of the test split.

    Only the end of the attempt has those.
    """
    score = end.metrics[objective.metric] if end.status == "ok" else None
    metrics = {name: value for name, value in end.metrics.items() if not name.startswith("test_")}
    return Scored(end.trial, end.status, score, metrics)


def as_floats(metrics: Mapping[str, float]) -> Mapping[str, float]:
    """Metrics as they are when read from a log: whole numbers become floats, infinite beyond the largest float."""
    return {name: _as_float(value) for name, value in metrics.items()}


def _as_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def explain_missing_metric(end: AttemptEnded, objective: Objective) -> str:
    """The error message of a run whose evaluator does not give the objective's metric, as the attempt `end` shows."""
    return (
        f"the evaluator gives no metric {objective.metric!r}, as trial {end.trial} shows "
        f"({_suggest_metric(objective.metric, end.metrics)}); begin a new search with --metric (objective= in Python) "
        "and the one that counts"
    )


def _suggest_metric(metric: str, metrics: Mapping[str, float]) -> str:
    """The names in `metrics` that the person may have meant by `metric`."""
    return suggest_names(metric, metrics) if metrics else "it gave none at all"
