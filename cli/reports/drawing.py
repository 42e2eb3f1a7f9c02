"""SVG files of architectures and search spaces."""

from pathlib import Path

from archwright.cli.json_output import print_records
from archwright.cli.values import BadOption
from archwright.core.term import Term
from archwright.display.console import say
from archwright.results.drawing import Drawing, write_drawing
from archwright.results.records import WrittenFiles
from archwright.results.run import Run
from archwright.store.suggestions import format_command
from archwright.studies.drawing import draw


def draw_trial(run: Run, trial_name: str | None, file: Path, *, json: bool = False) -> None:
    """Draw the architecture of a trial, and say so; raises BadOption, and what write_drawing does."""
    if trial_name is None:
        example = format_command(run.log, "show", run.name, "0", "--svg", str(file))
        raise BadOption(f"--svg {file} draws a trial; name one, as in: {example}")
    trial = run[trial_name]
    _write_svg(trial.draw(), file, json)
    if trial.left_out:
        say(trial.left_out, err=True)


def draw_space(space: Term, file: Path, *, json: bool = False) -> None:
    """Draw a search space, and say so; raises what write_drawing does."""
    _write_svg(draw(space), file, json)


def _write_svg(drawing: Drawing, file: Path, json: bool) -> None:
    write_drawing(drawing, file, "--svg")
    written: WrittenFiles = {"files": [str(file)]}
    print_records(written) if json else say(f"drawn in {file}")
