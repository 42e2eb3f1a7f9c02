"""A class of options stands for its options, in the order in which the command has them."""

import inspect
from typing import Annotated

import pytest
import typer
from attrs import frozen
from typer.testing import CliRunner

from archwright.cli import options
from archwright.cli.commands import compare, replay, retrain, search
from archwright.cli.main import app
from archwright.cli.option_groups import spread_options
from archwright.display.console import say


@frozen(kw_only=True)
class Sizes:
    """Two options."""

    width: Annotated[int, typer.Option(min=1, help="How wide.")] = 3
    height: Annotated[int | None, typer.Option(help="How high.")] = None


@spread_options
def draw(
    name: Annotated[str, typer.Argument()], *, sizes: Sizes, bold: Annotated[bool, typer.Option()] = False
) -> None:
    """Draw it."""
    say(f"{name} {sizes} {bold}")


def test_a_command_has_each_option_in_its_place_and_gets_the_value_of_the_class():
    assert list(inspect.signature(draw).parameters) == ["name", "width", "height", "bold"]
    assert draw.__doc__ == "Draw it."
    command = typer.Typer()
    command.command()(draw)
    for words, values in {
        ("a",): "a Sizes(width=3, height=None) False",
        ("a", "--height", "5", "--bold", "--width", "4"): "a Sizes(width=4, height=5) True",
    }.items():
        assert CliRunner().invoke(command, list(words)).output == values + "\n"
    refused = CliRunner().invoke(command, ["a", "--width", "0"])
    assert refused.exit_code == 2
    assert "--width" in refused.output


@pytest.mark.parametrize("command", [search.search, search.resume, compare.compare, retrain.retrain])
def test_what_works_on_a_run_is_told_how_in_one_way(command):
    """The options of how it is worked on are the same, with the same defaults."""
    parameters = inspect.signature(command).parameters
    usual = options.WorkingOptions()
    assert {name: parameters[name].default for name in ("workers", "device", *usual.work)} == {
        "device": None,
        **usual.work,
    }


def test_ends_are_moved_by_the_same_options_in_resume_and_fork():
    ours, theirs = (inspect.signature(command).parameters for command in (search.resume, replay.fork))
    for name in ("trials", "time", "until_score", "no_improvement"):
        assert ours[name].annotation == theirs[name].annotation
    assert len(app.registered_commands) == 17
