"""The commands that look at search spaces, before any search."""

import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from archwright.cli import options
from archwright.cli.json_output import print_records
from archwright.core.analysis import count
from archwright.core.drawing.text import as_text
from archwright.core.input import as_input, describe_input, parse_input, read_input
from archwright.core.spaces.named import SPACES
from archwright.core.term import Term
from archwright.display.console import make_console, make_table, say
from archwright.display.text import format_space_size, pluralize, wrap_choices, wrap_tree
from archwright.execution.space_details import describe_space, describe_space_in_full
from archwright.execution.spaces import DEFAULT_CLASSES, DEFAULT_INPUT, find_space, read_space


def spaces(json: options.JsonOption = False) -> None:
    """List the built-in search spaces: how large each is, how many choices its longest path has, where it is from."""
    rows = [describe_space(find_space(name), as_input(SPACES[name].input_shape), DEFAULT_CLASSES) for name in SPACES]
    print_records(rows) if json else _list_spaces(rows)


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
    source = read_space(space)
    model_input = read_input(input_) or source.input or DEFAULT_INPUT
    term = source.build(model_input, classes)
    if count_only:
        _print_count(count(term, model_input.shape))
    elif svg is not None:
        from archwright.cli.reports.drawing import draw_space  # it knows of logs, whose database takes time to import

        draw_space(term, svg, json=json)
    else:
        details = describe_space_in_full(source, model_input, classes, sample, seed)
        print_records(details) if json else _show_space(term, details)


def _print_count(number: int | float) -> None:
    sys.set_int_max_str_digits(0)  # Python's limit of 4,300 digits guards servers; a space may have more
    say(str(number))


def _list_spaces(spaces: Sequence[Mapping[str, Any]]) -> None:
    rows = [(s["space"], format_space_size(s["size"]), s["depth"], s["from"]) for s in spaces]
    make_console().print(make_table({"name": "left", "size": "right", "depth": "right", "from": "rest"}, rows))
    say("\narchwright space NAME shows one; your own is file.py:NAME or module:NAME")


def _show_space(term: Term, properties: Mapping[str, Any]) -> None:
    console = make_console()
    origin = "" if properties["from"] == properties["space"] else f"   {properties['from']}"
    console.print(f"{properties['space']}{origin}", style="bold")
    noun = "architecture" if properties["size"] == 1 else "architectures"
    size = "infinitely many" if isinstance(properties["size"], float) else format_space_size(properties["size"])
    console.print(f"{size} {noun}, at most {pluralize(properties['depth'], 'choice')} each")
    described = describe_input(parse_input(properties["input"]))
    console.print(f"for inputs of {described} and {properties['classes']} classes\n")
    console.print(wrap_tree(as_text(term), console.width), soft_wrap=True)
    if properties["dead_ends"]:
        console.print("\ndead ends, where nothing fits after these choices:", style="bold red")
    for dead_end in properties["dead_ends"]:
        console.print(f"  {dead_end}", soft_wrap=True)
    for number, sampled in enumerate(properties["samples"], start=1):
        console.print(f"\nsample {number}   {sampled['parameters']:,} parameters", style="bold")
        console.print(wrap_choices(sampled["choices"], console.width), soft_wrap=True)
        console.print(wrap_tree(sampled["drawing"], console.width), soft_wrap=True)
