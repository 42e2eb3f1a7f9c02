"""Commands that a person may type next."""

from pathlib import Path

from archwright.cli.options import DEFAULT_LOG
from archwright.core import errors


def format_command(log: Path, verb: str, *words: str) -> str:
    """A command that a person may type next, about a log that may not be where commands look by themselves."""
    return errors.suggest_command(None if log == DEFAULT_LOG else log, verb, *words)
