"""Pictures in files of a person's own."""

from pathlib import Path

import typer

from archwright.cli.facts import leaf
from archwright.cli.options import BadOption
from archwright.cli.query import Unwritable
from archwright.cli.reading import Reading
from archwright.core.picture.svg import as_svg
from archwright.core.term import Term


def of_trial(reading: Reading, number: int | None, file: Path) -> None:
    """Draw the architecture of a trial."""
    if number is None:
        raise BadOption(f"--svg {file} draws a trial; name one, as in: archwright show {reading.name} 0 --svg {file}")
    found = leaf(reading, reading.trial(number))
    _written(as_svg(found.architecture, found.origin.input_shape), file)


def of_space(space: Term, file: Path) -> None:
    """Draw a search space."""
    _written(as_svg(space), file)


def _written(text: str, file: Path) -> None:
    try:
        file.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise Unwritable(f"{file} cannot be written: {error.strerror}; name another file with --svg") from error
    typer.echo(f"drawn in {file}")
