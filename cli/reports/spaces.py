"""Search spaces, printed."""

import sys
from collections.abc import Sequence
from pathlib import Path

from archwright.cli.json_output import print_records
from archwright.cli.written_files import name_option, show_drawing
from archwright.core.input import describe_input, parse_input
from archwright.display.console import make_console, make_table, say
from archwright.display.text import format_space_size, pluralize, wrap_choices, wrap_tree
from archwright.results.records import Membership, SpaceDetails, SpaceRow


def print_count(number: int | float) -> None:
    """Print a number and no more, however large it is."""
    sys.set_int_max_str_digits(0)  # Python's limit of 4,300 digits guards servers; a space may have more
    say(str(number))


def show_spaces(spaces: Sequence[SpaceRow]) -> None:
    """Print a line for each space."""
    rows = [(s["space"], format_space_size(s["size"]), s["depth"], s["from"]) for s in spaces]
    make_console().print(make_table({"name": "left", "size": "right", "depth": "right", "from": "rest"}, rows))
    say("\narchwright space NAME shows one; your own is file.py:NAME or module:NAME")


def draw_space(space: str, file: Path, model_input: str | None, classes: int, *, seed: int | None, json: bool) -> None:
    """Draw a space in a file, or with a seed how a random architecture of it is derived, and say so."""
    import archwright  # whose draw takes time to import, and few ask for it
    from archwright.studies.spaces import sample_leaf

    leaf = None if seed is None else sample_leaf(space, input=model_input, classes=classes, seed=seed)
    with name_option("--svg"):
        if leaf is None:
            archwright.draw(space, file, input=model_input, classes=classes)
        else:
            archwright.draw(archwright.derivation(leaf), file)
    show_drawing(file, json=json)


def conclude_membership(found: Sequence[Membership], *, as_json: bool) -> None:
    """Print whether a space has each of some architectures, by which choices or why not; exit with 1 if any is not."""
    if as_json:
        print_records(found)
    for number, each in enumerate([] if as_json else found, start=1):
        begin = f"architecture {number}: " if len(found) > 1 else ""
        say(begin + ("the space has it" if each["has"] else each["reason"]))
        if each["choices"]:
            console = make_console()
            console.print(wrap_choices(each["choices"], console.width), soft_wrap=True)
    if not all(each["has"] for each in found):
        sys.exit(1)


def show_space(properties: SpaceDetails, *, derivation: bool) -> None:
    """Print a space with its modules, its dead ends and random architectures, or instead how these were derived."""
    console = make_console()
    origin = "" if properties["from"] == properties["space"] else f"   {properties['from']}"
    console.print(f"{properties['space']}{origin}", style="bold")
    noun = "architecture" if properties["size"] == 1 else "architectures"
    size = "infinitely many" if isinstance(properties["size"], float) else format_space_size(properties["size"])
    console.print(f"{size} {noun}, at most {pluralize(properties['depth'], 'choice')} each")
    if properties["derivations"] != properties["size"]:
        derivations = format_space_size(properties["derivations"])
        console.print(f"{derivations} derivations: productions that are listed twice count twice")
    described = describe_input(parse_input(properties["input"]))
    console.print(f"for inputs of {described} and {properties['classes']} classes\n")
    console.print(wrap_tree(properties["drawing"], console.width), soft_wrap=True)
    if properties["dead_ends"]:
        console.print("\ndead ends, where nothing fits after these choices:", style="bold red")
    for dead_end in properties["dead_ends"]:
        console.print(f"  {dead_end}", soft_wrap=True)
    for number, sampled in enumerate(properties["samples"], start=1):
        console.print(f"\nsample {number}   {sampled['parameters']:,} parameters", style="bold")
        if derivation:
            console.print(wrap_tree(sampled["derivation"], console.width), soft_wrap=True)
        else:
            console.print(wrap_choices(sampled["choices"], console.width), soft_wrap=True)
            console.print(wrap_tree(sampled["drawing"], console.width), soft_wrap=True)
