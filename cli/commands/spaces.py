"""The commands that look at search spaces, before any search."""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from archwright.cli import options
from archwright.cli.json_output import print_records
from archwright.core.input import describe_input, parse_input
from archwright.display.console import make_console, make_table, say
from archwright.display.text import format_space_size, pluralize, wrap_choices, wrap_tree
from archwright.results.records import SpaceDetails, SpaceRow
from archwright.studies.spaces import DEFAULT_CLASSES, build_space, list_spaces


def spaces(json: options.JsonOption = False) -> None:
    """List the built-in search spaces: how large each is, how many choices its longest path has, where it is from."""
    rows = list_spaces()
    print_records(rows) if json else _show_spaces(rows)


def space(
    space: options.SpaceArgument,
    sample: Annotated[
        int, typer.Option("--sample", min=0, max=1000, metavar="N", help="Show N random architectures, 1,000 at most.")
    ] = 0,
    count_only: Annotated[bool, typer.Option("--count", help="Print how many architectures it has, no more.")] = False,
    input_: options.InputOption = None,
    classes: Annotated[
        int, typer.Option("--classes", min=1, help="How many outputs it is made for.")
    ] = DEFAULT_CLASSES,
    seed: Annotated[int, typer.Option("--seed", help="Of the sample.")] = 0,
    svg: options.SvgOption = None,
    json: options.JsonOption = False,
) -> None:
    """Show a search space: its modules, how many architectures it has, and places where nothing fits."""
    built = build_space(space, input_, classes)
    if count_only:
        _print_count(built.size)
    elif svg is not None:
        from archwright.cli.reports.drawing import draw_space  # it knows of logs, whose database takes time to import

        draw_space(built.term, svg, json=json)
    else:
        details = built.describe_in_full(sample, seed)
        print_records(details) if json else _show_space(details)


def _print_count(number: int | float) -> None:
    sys.set_int_max_str_digits(0)  # Python's limit of 4,300 digits guards servers; a space may have more
    say(str(number))


def _show_spaces(spaces: Sequence[SpaceRow]) -> None:
    rows = [(s["space"], format_space_size(s["size"]), s["depth"], s["from"]) for s in spaces]
    make_console().print(make_table({"name": "left", "size": "right", "depth": "right", "from": "rest"}, rows))
    say("\narchwright space NAME shows one; your own is file.py:NAME or module:NAME")


def _show_space(properties: SpaceDetails) -> None:
    console = make_console()
    origin = "" if properties["from"] == properties["space"] else f"   {properties['from']}"
    console.print(f"{properties['space']}{origin}", style="bold")
    noun = "architecture" if properties["size"] == 1 else "architectures"
    size = "infinitely many" if isinstance(properties["size"], float) else format_space_size(properties["size"])
    console.print(f"{size} {noun}, at most {pluralize(properties['depth'], 'choice')} each")
    described = describe_input(parse_input(properties["input"]))
    console.print(f"for inputs of {described} and {properties['classes']} classes\n")
    console.print(wrap_tree(properties["drawing"], console.width), soft_wrap=True)
    if properties["dead_ends"]:
        console.print("\ndead ends, where nothing fits after these choices:", style="bold red")
    for dead_end in properties["dead_ends"]:
        console.print(f"  {dead_end}", soft_wrap=True)
    for number, sampled in enumerate(properties["samples"], start=1):
        console.print(f"\nsample {number}   {sampled['parameters']:,} parameters", style="bold")
        console.print(wrap_choices(sampled["choices"], console.width), soft_wrap=True)
        console.print(wrap_tree(sampled["drawing"], console.width), soft_wrap=True)
