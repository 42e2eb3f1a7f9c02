"""How the user goes on with a run of a log."""

from pathlib import Path

from archwright.core.json import JSON
from archwright.display.suggestion import omit_default_log
from archwright.store.continuation import suggest_continuation


def format_continuation(log: Path, run: str, evaluator: JSON, searcher: JSON, stopping: JSON) -> str:
    """What goes on with a run whose log has these: a command; in Python, where a command cannot."""
    return suggest_continuation(omit_default_log(log), run, evaluator, searcher, stopping)
