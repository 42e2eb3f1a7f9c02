"""What a person tells of a trial, read before anything is logged; what says nothing raises BadOutcome."""

from collections.abc import Mapping
from typing import Any, cast

from archwright.core.errors import ArchwrightError
from archwright.core.protocols import STATUSES, Status


class BadOutcome(ArchwrightError, ValueError):
    """An outcome or a report that says nothing of the trial, or nothing that can be logged."""


def read_told_status(failed: str | None) -> Status:
    """The status of a trial that `failed` for that reason; ok for None."""
    if failed is None:
        return "ok"
    if not isinstance(failed, str) or not failed:
        raise BadOutcome(f"failed is {failed!r:.80}; it is a text that says why, as in failed='out of memory'")
    status = failed.strip().lower().replace(" ", "_")
    return cast(Status, status) if status in STATUSES and status != "ok" else "crashed"


def read_told_metrics(metrics: Mapping[str, Any]) -> dict[str, float]:
    """The metrics by their names, as Python's floats, also NaN and infinite ones."""
    for name in metrics:
        if not isinstance(name, str) or not name:
            raise BadOutcome(f"the name of a metric is {name!r:.80}; it is a text")
    return {name: _read_number(name, value) for name, value in metrics.items()}


def read_told_seconds(given: Any) -> float:
    """The cost of a trial as Python's float."""
    seconds = _read_number("seconds", given)
    if not 0 <= seconds < float("inf"):
        raise BadOutcome(f"seconds is {given!r:.80}; it must be a finite number of 0 or more")
    return seconds


def _read_number(name: str, value: Any) -> float:
    try:
        if not isinstance(value, str | bytes | bool):
            return float(value)
    except (TypeError, ValueError, OverflowError):
        pass
    raise BadOutcome(f"{name} is {value!r:.80}; it must be a number")
