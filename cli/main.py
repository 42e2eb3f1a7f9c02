"""The archwright command.

Each command imports what it needs when it runs, so that help, completion and counting a space take no time.
"""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

import archwright
from archwright.cli import spaces
from archwright.cli.options import examples
from archwright.core.errors import ArchwrightError

app = typer.Typer(
    name="archwright",
    help="Neural architecture search as a persistent tree.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

LOOK = "Look at spaces"
app.command(
    rich_help_panel=LOOK, epilog=examples("archwright spaces", "archwright spaces --json")
)(spaces.spaces)
app.command(
    rich_help_panel=LOOK,
    epilog=examples(
        "archwright space figure1",
        "archwright space deeparchitect --count",
        "archwright space my_space.py:space --sample 3 --input-shape 1,28,28",
    ),
)(spaces.space)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"archwright {archwright.__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[  # noqa: ARG001  (its callback has done the work)
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Neural architecture search as a persistent tree."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command, and exit: 0 if it did what it says, 1 if that failed, 2 for a mistake of the person's."""
    try:
        app(args=None if arguments is None else list(arguments), prog_name="archwright")
    except ArchwrightError as error:
        typer.secho("error: ", fg="red", bold=True, err=True, nl=False)
        typer.echo(str(error), err=True)
        sys.exit(_exit_code(error))


def _exit_code(error: ArchwrightError) -> int:
    from archwright.search.run import TrialsKeepFailing
    from archwright.store import errors

    failures = (TrialsKeepFailing, errors.LogIsDamaged, errors.LogIsFull, errors.LogFailed, errors.LogConflict)
    return 1 if isinstance(error, failures) else 2
