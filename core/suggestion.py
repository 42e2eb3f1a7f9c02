"""Commands that a person may type next, as errors name them."""

import shlex
from pathlib import Path


def command(log: Path | None, verb: str, *words: str) -> str:
    """A command about a log, quoted for a shell; None where the log lies where commands look by themselves."""
    return shlex.join(["archwright", verb, *words, *([] if log is None else ["--log", str(log)])])
