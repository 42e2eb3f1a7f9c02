"""What the command prints of how much hyperparameters matter."""

from pathlib import Path

from archwright.cli.json_output import print_records
from archwright.cli.written_files import show_drawing
from archwright.display.console import make_console, say
from archwright.results.importance import Importance


def show_importance(importance: Importance, drawing: Path | None, *, as_json: bool) -> None:
    """Print it, with what a person must know on stderr, and where it was drawn, if it was."""
    if as_json:
        print_records({**importance.details(), "files": [] if drawing is None else [str(drawing)]})
        return
    console = make_console()
    console.print(importance.heading, style="bold", soft_wrap=True)
    for table in importance.list_tables():
        console.print()
        console.print(table)
    for remark in importance.remarks:
        say(remark, err=True)
    if drawing is not None:
        show_drawing(drawing)
