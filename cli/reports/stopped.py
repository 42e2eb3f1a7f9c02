"""How it is told that a trial was stopped, and why."""

from typing import Any

from attrs import asdict

from archwright.core.protocols import EarlyStop

Facts = dict[str, Any]


def describe_stop(stopped: EarlyStop | None) -> Facts | None:
    """Why an attempt was stopped, as plain data."""
    return None if stopped is None else asdict(stopped)


def format_stop_briefly(stopped: Facts | None) -> str:
    """Why, in two words."""
    return "" if stopped is None else f"{stopped['by']}, epoch {stopped['epoch']}"


def format_stop(stopped: Facts) -> str:
    """Why, in a sentence."""
    return f"stopped after epoch {stopped['epoch']} ({stopped['by']}): {stopped['why']}"
