"""Pictures in files of a person's own."""

from pathlib import Path

from archwright.cli.output import print_json, say
from archwright.cli.output_file import SVG_FILE, stage_file
from archwright.cli.reports.facts import leaf, left_out, outlined
from archwright.cli.reports.reading import Reading
from archwright.cli.suggestion import format_command
from archwright.cli.values import BadOption
from archwright.core.drawing.svg import as_svg
from archwright.core.term import Term


def of_trial(reading: Reading, number: int | None, file: Path, *, json: bool = False) -> None:
    """Draw the architecture of a trial, and say so; raises BadOption, and what stage_file does."""
    if number is None:
        again = format_command(reading.log, "show", reading.name, "0", "--svg", str(file))
        raise BadOption(f"--svg {file} draws a trial; name one, as in: {again}")
    trial = reading.trial(number)
    if untold := left_out(reading):
        _written(as_svg(outlined(reading, trial)), file, json)
        say(untold, err=True)
        return
    found = leaf(reading, trial)
    _written(as_svg(found.architecture, found.origin.input_shape), file, json)


def of_space(space: Term, file: Path, *, json: bool = False) -> None:
    """Draw a search space, and say so; raises what stage_file does."""
    _written(as_svg(space), file, json)


def _written(text: str, file: Path, json: bool) -> None:
    with stage_file(file, SVG_FILE, "--svg") as beside:
        beside.write_text(text + "\n", encoding="utf-8")
    print_json({"files": [str(file)]}) if json else say(f"drawn in {file}")
