"""SVG files of architectures and search spaces."""

from pathlib import Path

from archwright.cli.json_output import print_records
from archwright.cli.output_file import SVG_FILE, stage_file
from archwright.cli.values import BadOption
from archwright.core.drawing.svg import as_svg
from archwright.core.term import Term
from archwright.display.console import say
from archwright.display.suggestion import format_command
from archwright.search.running.run_view import RunView, explain_omission, outline_architecture, rebuild_leaf


def draw_trial(view: RunView, trial_name: str | None, file: Path, *, json: bool = False) -> None:
    """Draw the architecture of a trial, and say so; raises BadOption, and what stage_file does."""
    if trial_name is None:
        example = format_command(view.log, "show", view.name, "0", "--svg", str(file))
        raise BadOption(f"--svg {file} draws a trial; name one, as in: {example}")
    trial = view.get_trial(trial_name)
    if omission := explain_omission(view):
        _write_svg(as_svg(outline_architecture(view, trial)), file, json)
        say(omission, err=True)
        return
    leaf = rebuild_leaf(view, trial)
    _write_svg(as_svg(leaf.architecture, leaf.origin.input_shape), file, json)


def draw_space(space: Term, file: Path, *, json: bool = False) -> None:
    """Draw a search space, and say so; raises what stage_file does."""
    _write_svg(as_svg(space), file, json)


def _write_svg(text: str, file: Path, json: bool) -> None:
    with stage_file(file, SVG_FILE, "--svg") as staged:
        staged.write_text(text + "\n", encoding="utf-8")
    print_records({"files": [str(file)]}) if json else say(f"drawn in {file}")
