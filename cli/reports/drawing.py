"""Pictures in files of a person's own."""

from pathlib import Path

import typer

from archwright.cli.output import print_json
from archwright.cli.reports.facts import leaf
from archwright.cli.reports.query import Unwritable
from archwright.cli.reports.reading import Reading
from archwright.cli.values import BadOption
from archwright.core.errors import ArchwrightError
from archwright.core.picture.svg import as_svg
from archwright.core.term import Term

LOOK = 4096  # bytes of a file in which it shows whether it is a picture


class NotAPicture(ArchwrightError, FileExistsError):
    """A file of a person's that is there already and holds something else than a picture."""


def of_trial(reading: Reading, number: int | None, file: Path, *, json: bool = False) -> None:
    """Draw the architecture of a trial, and say so; raises BadOption, NotAPicture or Unwritable."""
    if number is None:
        raise BadOption(f"--svg {file} draws a trial; name one, as in: archwright show {reading.name} 0 --svg {file}")
    found = leaf(reading, reading.trial(number))
    _written(as_svg(found.architecture, found.origin.input_shape), file, json)


def of_space(space: Term, file: Path, *, json: bool = False) -> None:
    """Draw a search space, and say so; raises NotAPicture or Unwritable."""
    _written(as_svg(space), file, json)


def _written(text: str, file: Path, json: bool) -> None:
    try:
        if file.is_file() and not _is_picture(file):
            raise NotAPicture(f"{file} is there already and is no SVG; name another file with --svg, or delete it")
        file.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        if isinstance(error, ArchwrightError):
            raise
        raise Unwritable(f"{file} cannot be written: {error.strerror}; name another file with --svg") from error
    print_json({"files": [str(file)]}) if json else typer.echo(f"drawn in {file}")


def _is_picture(file: Path) -> bool:
    """Whether an SVG, or nothing, is in a file: what is drawn anew may take its place."""
    with file.open("rb") as opened:
        start = opened.read(LOOK).strip()
    return not start or (start.startswith(b"<") and b"<svg" in start)
