"""What was exported, printed."""

from pathlib import Path
from shlex import quote

from archwright.core.errors import ArchwrightError
from archwright.display.console import say
from archwright.results.records import ExportRecord


class IncompleteExport(ArchwrightError, RuntimeError):
    """An export of which a part is missing."""


def show_export(folder: Path, result: ExportRecord) -> None:
    """Print the files and notes of an export."""
    for path in result["files"]:
        say(path)
    for note in result["notes"]:
        say(f"\n{note}")
    if "model.py" not in result["missing"]:
        say(f"\nto look at it: python {quote(str(folder / 'model.py'))}")


def require_complete(folder: Path, result: ExportRecord) -> None:
    """IncompleteExport if a file is missing."""
    if result["missing"]:
        reasons = [f"{folder / name} was not written: {reason}" for name, reason in result["missing"].items()]
        raise IncompleteExport("\n".join([*reasons, f"the other {len(result['files'])} files were"]))
