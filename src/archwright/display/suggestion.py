"""Commands that the user may type next."""

from pathlib import Path

from archwright.core import errors
from archwright.store.written_paths import shorten

DEFAULT_LOG = Path("archwright.duckdb")


def format_command(log: Path, verb: str, *words: str) -> str:
    """A command that the user may type next, with --log if the log is not the default one."""
    return errors.suggest_command(omit_default_log(log), verb, *words)


def omit_default_log(log: Path) -> Path | None:
    """The path as a person may type it now; None for the log that is used by default, which need not be named."""
    written = shorten(log)
    return None if written == DEFAULT_LOG else written
