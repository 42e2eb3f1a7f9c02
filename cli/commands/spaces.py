"""The commands that look at search spaces, before any search."""

import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

import typer

from archwright.cli import options, values
from archwright.cli.output import (
    format_space_size,
    make_console,
    make_table,
    pluralize,
    print_json,
    say,
    wrap_choices,
    wrap_tree,
)
from archwright.cli.reports.path_lengths import count_longest_path
from archwright.cli.space import DEFAULT_CLASSES, DEFAULT_INPUT_SHAPE, SpaceSource, find_space
from archwright.cli.user_code import load_named_space
from archwright.core.analysis import count, dead_ends
from archwright.core.drawing.text import as_text
from archwright.core.json import to_json
from archwright.core.node import Node, root
from archwright.core.shape import Shape, format_shape
from archwright.core.spaces.named import SPACES
from archwright.core.term import Term
from archwright.core.traversal import sample


def spaces(json: options.JsonOption = False) -> None:
    """List the built-in search spaces: how large each is, how many choices its longest path has, where it is from."""
    facts = [_describe_space(find_space(name), SPACES[name].input_shape, DEFAULT_CLASSES) for name in SPACES]
    print_json(facts) if json else _list_spaces(facts)


def space(
    space: options.SpaceArgument,
    sample: Annotated[
        int, typer.Option("--sample", min=0, max=1000, metavar="N", help="Show N random architectures, 1,000 at most.")
    ] = 0,
    count_only: Annotated[bool, typer.Option("--count", help="Print how many architectures it has, no more.")] = False,
    input_shape: options.InputShapeOption = None,
    classes: Annotated[
        int, typer.Option("--classes", min=1, help="How many outputs it is made for.")
    ] = DEFAULT_CLASSES,
    seed: Annotated[int, typer.Option("--seed", help="Of the sample.")] = 0,
    svg: options.SvgOption = None,
    json: options.JsonOption = False,
) -> None:
    """Show a search space: its modules, how many architectures it has, and places where nothing fits."""
    found = load_named_space(space)
    shape = values.parse_shape(input_shape) or found.input_shape or DEFAULT_INPUT_SHAPE
    term = found.make(shape, classes)
    if count_only:
        _print_count(count(term, shape))
        return
    if svg is not None:
        from archwright.cli.reports.drawing import draw_space  # it knows of logs, whose database takes time to import

        draw_space(term, svg, json=json)
        return
    facts = _describe_space(found, shape, classes)
    facts |= {
        "dead_ends": list(map(str, dead_ends(term, shape))),
        "samples": list(_sample_architectures(term, shape, sample, seed)),
    }
    print_json(facts | {"term": to_json(term)}) if json else _show_space(term, facts)


def _print_count(number: int | float) -> None:
    sys.set_int_max_str_digits(0)  # Python's limit of 4,300 digits guards servers; a space may have more
    say(str(number))


def _describe_space(found: SpaceSource, shape: Shape, classes: int) -> dict[str, Any]:
    term = found.make(shape, classes)
    return {
        "space": found.source,
        "from": found.origin,
        "input_shape": shape,
        "classes": classes,
        "size": count(term, shape),
        "depth": count_longest_path(term),
    }


def _list_spaces(facts: Sequence[Mapping[str, Any]]) -> None:
    rows = [(f["space"], format_space_size(f["size"]), f["depth"], f["from"]) for f in facts]
    make_console().print(make_table({"name": "left", "size": "right", "depth": "right", "from": "rest"}, rows))
    say("\narchwright space NAME shows one; your own is file.py:NAME or module:NAME")


def _sample_architectures(term: Term, shape: Shape, number: int, seed: int) -> Iterator[Mapping[str, Any]]:
    generator = random.Random(seed)  # noqa: S311  (nothing secret)
    start = root(term, shape) if number else None
    for _ in range(number):
        assert start is not None
        yield _describe_sample(sample(start, generator.random))


def _describe_sample(leaf: Node) -> Mapping[str, Any]:
    shape = leaf.origin.input_shape
    parameters = leaf.architecture.parameters(shape)
    return {"choices": dict(leaf.path), "parameters": parameters, "drawing": as_text(leaf.architecture, shape)}


def _show_space(term: Term, facts: Mapping[str, Any]) -> None:
    out = make_console()
    origin = "" if facts["from"] == facts["space"] else f"   {facts['from']}"
    out.print(f"{facts['space']}{origin}", style="bold")
    noun = "architecture" if facts["size"] == 1 else "architectures"
    so_many = "infinitely many" if isinstance(facts["size"], float) else format_space_size(facts["size"])
    out.print(f"{so_many} {noun}, at most {pluralize(facts['depth'], 'choice')} each")
    out.print(f"for inputs of {format_shape(facts['input_shape'])} and {facts['classes']} classes\n")
    out.print(wrap_tree(as_text(term), out.width), soft_wrap=True)
    if facts["dead_ends"]:
        out.print("\ndead ends, where nothing fits after these choices:", style="bold red")
    for blocked in facts["dead_ends"]:
        out.print(f"  {blocked}", soft_wrap=True)
    for number, each in enumerate(facts["samples"], start=1):
        out.print(f"\nsample {number}   {each['parameters']:,} parameters", style="bold")
        out.print(wrap_choices(each["choices"], out.width), soft_wrap=True)
        out.print(wrap_tree(each["drawing"], out.width), soft_wrap=True)
