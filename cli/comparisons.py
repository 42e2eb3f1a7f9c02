"""A command that compares: what it prints of the comparison, and how the user goes on with it."""

import shlex
import sys
from collections.abc import Callable
from typing import Any

import typer

from archwright.cli.json_output import print_records
from archwright.cli.outcomes import name_options
from archwright.display.console import make_console, say
from archwright.display.narration import Narration
from archwright.errors import RunInterrupted
from archwright.results.comparison import Comparison


def run_comparison_command(call: Callable[[Any], Comparison], as_json: bool) -> None:
    """Call a function that compares with a Narration on stderr as its `progress`, and print what follows.

    Raises typer.Exit where a signal stopped it, BadOption, and what the function and `Comparison.check` raise.
    """
    narration = Narration(make_console(beside_json=True), format_comparison=_format_command)
    try:
        with name_options():
            comparison = call(narration)
    except RunInterrupted as error:
        say(error, err=True)
        raise typer.Exit(error.exit_code) from None
    conclude(comparison, as_json)


def conclude(comparison: Comparison, as_json: bool) -> None:
    """Print what follows from searches that have come to their end, and raise what is wrong with them."""
    if comparison.has_score and as_json:
        print_records(comparison.rows)
    elif comparison.has_score:
        make_console().print(comparison.tabulate())
    for remark in comparison.remarks:
        say(remark, err=True)
    comparison.check()


def _format_command(name: str | None) -> str:
    return format_own_command(*([] if name is None else ["--name", name]))


def format_own_command(*more: str) -> str:
    """The command that this process was started with, to be typed again, with `more` words."""
    return shlex.join(["archwright", *sys.argv[1:], *more])
