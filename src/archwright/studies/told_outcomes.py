"""What a person tells of a trial, read before anything is logged; what says nothing raises BadOutcome."""

from collections.abc import Mapping
from math import inf
from typing import Any, cast

from archwright.core.errors import ArchwrightError
from archwright.core.objective import BadMetricName, require_metric_name
from archwright.core.protocols import STATUSES, Status
from archwright.core.readers import ValueReader


class BadOutcome(ArchwrightError, ValueError):
    """An outcome or a report that says nothing of the trial, contradicts itself, or cannot be logged."""


_READER = ValueReader(BadOutcome)


def read_told_status(failed: str | None, score: object) -> Status:
    """The status of a trial that `failed` for that reason; ok for None. Else there must be no `score`."""
    if failed is None:
        return "ok"
    if not isinstance(failed, str) or not failed:
        raise BadOutcome(f"failed is {failed!r:.80}; it is a text that says why, as in failed='out of memory'")
    if score is not None:
        raise BadOutcome(
            f"score is {score!r:.80}, and failed is {failed!r:.80}; a trial that failed has no score: tell one of the "
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


def read_told_seconds(given: Any) -> float:
    """The cost of a trial as Python's float."""
    return _READER.read_number("seconds", given, "a finite number of 0 or more", lambda seconds: 0 <= seconds < inf)
