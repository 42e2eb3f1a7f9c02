"""What a person tells of a trial, read before anything is logged; what says nothing raises BadOutcome."""

from collections.abc import Mapping
from math import inf
from typing import Any, cast

from archwright.core.errors import ArchwrightError, show, suggest_names
from archwright.core.objective import BadMetricName, require_metric_name
from archwright.core.protocols import STATUSES, Status
from archwright.core.readers import ValueReader
from archwright.search.running.runs import RunRecord
from archwright.store.events import Proposed


class BadOutcome(ArchwrightError, ValueError):
    """An outcome or a report that says nothing of the trial, contradicts itself, or cannot be logged."""


_READER = ValueReader(BadOutcome)


def read_told_status(failed: str | None, score: object) -> Status:
    """The status of a trial that `failed` for that reason; ok for None. Else there must be no `score`."""
    if failed is None:
        return "ok"
    if not isinstance(failed, str) or not failed:
        raise BadOutcome(f"failed is {show(failed)}; it is a text that says why, as in failed='out of memory'")
    if score is not None:
        raise BadOutcome(
            f"score is {show(score)}, and failed is {show(failed)}; a trial that failed has no score: tell one of the "
            "two (metrics=... holds what was measured of a trial that failed)"
        )
    status = failed.strip().lower().replace(" ", "_")
    return cast(Status, status) if status in STATUSES and status != "ok" else "crashed"


def read_told_metrics(metrics: Mapping[str, Any]) -> dict[str, float]:
    """The metrics by their names, as Python's floats, also NaN and infinite ones."""
    try:
        names = [require_metric_name(name) for name in _READER.check_mapping("metrics", metrics)]
    except BadMetricName as error:
        raise BadOutcome(str(error)) from error
    return {name: _READER.read_number(name, value) for name, value in zip(names, metrics.values(), strict=True)}


def join_told_metrics(scores: Mapping[str, float], metrics: Mapping[str, float]) -> dict[str, float]:
    """The metrics of a score and further ones; raises BadOutcome where one has two values."""
    told, further = read_told_metrics(scores), read_told_metrics(metrics)
    for name in told.keys() & further.keys():
        if repr(told[name]) != repr(further[name]):  # NaN is as NaN
            raise BadOutcome(f"{name} is {told[name]} by score and {further[name]} by metrics; tell it once")
    return told | further


def find_asking_times(run: RunRecord, now: float, clock: float) -> dict[int, float]:
    """When the open trials of a run were asked for, on a clock that says `clock` `now`, in seconds since 1970.

    Where the clock of the machine was set back since then, they are asked for now.
    """
    return {
        event.trial: clock - max(0.0, now - time)
        for event, time in zip(run.events, run.times, strict=True)
        if isinstance(event, Proposed) and event.trial in run.state.open_trials
    }


def describe_open_trials(count: int) -> str:
    """The detail of the end of a study, which has so many open trials then."""
    return "" if count == 0 else f"{count} of its trials {'is' if count == 1 else 'are'} open"


def require_told_metric(metric: str, metrics: Mapping[str, float]) -> None:
    """Nothing where the metric of the study was told; else BadOutcome."""
    if metric not in metrics:
        told = f"of what was told, {suggest_names(metric, metrics)}" if metrics else "nothing was told"
        raise BadOutcome(
            f"the study is about {metric!r}, and {told}; tell a score, metrics with {metric!r}, or failed=..."
        )


def read_told_seconds(given: Any) -> float:
    """The cost of a trial as Python's float."""
    return _READER.read_number("seconds", given, "a finite number of 0 or more", lambda seconds: 0 <= seconds < inf)
