"""What the user may type next."""

from pathlib import Path

from archwright.core import errors
from archwright.core.json import JSON
from archwright.store import continuation

DEFAULT_LOG = Path("archwright.duckdb")


def format_command(log: Path, verb: str, *words: str) -> str:
    """A command that the user may type next, with --log if the log is not the default one."""
    return errors.suggest_command(None if log == DEFAULT_LOG else log, verb, *words)


def format_continuation(evaluator: JSON, log: Path, run: str) -> str:
    """What goes on with a run of that evaluation: a command; in Python, where the run is a study."""
    return continuation.suggest_continuation(evaluator, None if log == DEFAULT_LOG else log, run)
