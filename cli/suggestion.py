"""Commands that a person may type next."""

from pathlib import Path

from archwright.cli.options import DEFAULT_LOG
from archwright.core import suggestion


def command(log: Path, verb: str, *words: str) -> str:
    """A command that a person may type next, about a log that may not be where commands look by themselves."""
    return suggestion.command(None if log == DEFAULT_LOG else log, verb, *words)
