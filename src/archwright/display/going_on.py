"""How the user goes on with a run of a log."""

from pathlib import Path

from archwright.core.json import JSON
from archwright.display.suggestion import format_command, omit_default_log
from archwright.store.continuation import is_told, suggest_continuation
from archwright.store.needed import list_needed


def format_continuation(log: Path, run: str, evaluator: JSON, searcher: JSON, stopping: JSON) -> str:
    """What goes on with a run whose log has these: a command; in Python, where a command cannot."""
    if not (is_told(evaluator) or list_needed(evaluator, searcher, stopping)):
        return format_command(log, "resume", run)
    return suggest_continuation(omit_default_log(log), run, evaluator, searcher, stopping)
