"""Pictures in files of a person's own."""

from pathlib import Path

from archwright.cli.output import print_json, say
from archwright.cli.output_file import SVG_FILE, stage_file
from archwright.cli.reports.facts import explain_omission, outline_architecture, rebuild_leaf
from archwright.cli.reports.reading import RunView
from archwright.cli.suggestion import format_command
from archwright.cli.values import BadOption
from archwright.core.drawing.svg import as_svg
from archwright.core.term import Term


def draw_trial(reading: RunView, number: int | None, file: Path, *, json: bool = False) -> None:
    """Draw the architecture of a trial, and say so; raises BadOption, and what stage_file does."""
    if number is None:
        again = format_command(reading.log, "show", reading.name, "0", "--svg", str(file))
        raise BadOption(f"--svg {file} draws a trial; name one, as in: {again}")
    trial = reading.trial(number)
    if untold := explain_omission(reading):
        _write_svg(as_svg(outline_architecture(reading, trial)), file, json)
        say(untold, err=True)
        return
    found = rebuild_leaf(reading, trial)
    _write_svg(as_svg(found.architecture, found.origin.input_shape), file, json)


def draw_space(space: Term, file: Path, *, json: bool = False) -> None:
    """Draw a search space, and say so; raises what stage_file does."""
    _write_svg(as_svg(space), file, json)


def _write_svg(text: str, file: Path, json: bool) -> None:
    with stage_file(file, SVG_FILE, "--svg") as beside:
        beside.write_text(text + "\n", encoding="utf-8")
    print_json({"files": [str(file)]}) if json else say(f"drawn in {file}")
