"""SVG files of trials."""

from pathlib import Path

from archwright.cli.values import BadOption
from archwright.cli.written_files import name_option, show_drawing
from archwright.display.console import say
from archwright.results.run import Run
from archwright.results.trial import Trial
from archwright.store.suggestions import format_command


def require_trial(run: Run, trial_name: str | None) -> Trial:
    """The trial of that name. BadOption where none is named, whose derivation is asked for."""
    if trial_name is None:
        example = format_command(run.log, "show", run.name, "0", "--derivation")
        raise BadOption(f"--derivation is of a trial; name one, as in: {example}")
    return run[trial_name]


def draw_trial(run: Run, trial_name: str | None, file: Path, *, derivation: bool, json: bool) -> None:
    """Draw the architecture of a trial, or how it was derived, and say so.

    Raises BadOption, what `Trial.draw` does, and for a derivation what `Trial.leaf` does.
    """
    import archwright  # whose draw takes time to import, and few ask for it

    if trial_name is None:
        options = ["--derivation"] if derivation else []
        example = format_command(run.log, "show", run.name, "0", *options, "--svg", str(file))
        raise BadOption(f"--svg {file} draws a trial; name one, as in: {example}")
    trial = run[trial_name]
    drawn = archwright.derivation(trial.leaf) if derivation else trial
    with name_option("--svg"):
        archwright.draw(drawn, file)
    show_drawing(file, json=json)
    if trial.left_out:
        say(trial.left_out, err=True)
