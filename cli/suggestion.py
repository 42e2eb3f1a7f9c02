"""Commands that a person may type next."""

import shlex
from pathlib import Path

from archwright.cli.options import DEFAULT_LOG


def command(log: Path, verb: str, *words: str) -> str:
    """A command that a person may type next, about a log that may not be where commands look by themselves."""
    return shlex.join(["archwright", verb, *words, *([] if log == DEFAULT_LOG else ["--log", str(log)])])
