"""Files that people have commands write."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from archwright.cli.json_output import print_records
from archwright.display.console import say
from archwright.results.records import WrittenFiles


@contextmanager
def name_option(option: str) -> Generator[None]:
    """Errors about a file in the block begin with the option that named it."""
    from archwright.errors import FileOfALog, FileOfAnotherKind, UnwritableFigure, UnwritableFile

    try:
        yield
    except (FileOfALog, FileOfAnotherKind, UnwritableFigure, UnwritableFile) as error:
        raise type(error)(f"{option} {error}") from error


def show_drawing(file: Path, *, json: bool = False) -> None:
    """Print where something was drawn."""
    written: WrittenFiles = {"files": [str(file)]}
    print_records(written) if json else say(f"drawn in {file}")
