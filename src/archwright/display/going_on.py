"""How the user goes on with a run of a log."""

from pathlib import Path

from archwright.core.json import JSON
from archwright.display.suggestion import DEFAULT_LOG
from archwright.store.continuation import suggest_continuation


def format_continuation(evaluator: JSON, log: Path, run: str) -> str:
    """What goes on with a run of that evaluation: a command; in Python, where the run is a study."""
    return suggest_continuation(evaluator, None if log == DEFAULT_LOG else log, run)
