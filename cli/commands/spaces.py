"""The commands that look at search spaces, before any search."""

from typing import Annotated

import typer

from archwright.cli import options
from archwright.core.defaults import DEFAULT_CLASSES


def spaces(json: options.JsonOption = False) -> None:
    """List the built-in search spaces: how large each is, how many choices its longest path has, where it is from."""
    import archwright
    from archwright.cli.json_output import print_records
    from archwright.cli.reports.spaces import show_spaces

    rows = archwright.list_spaces()
    print_records(rows) if json else show_spaces(rows)


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
    import archwright
    from archwright.cli.json_output import print_records
    from archwright.cli.reports.spaces import print_count, show_space
    from archwright.cli.written_files import name_option, show_drawing

    if svg is not None:
        with name_option("--svg"):
            archwright.draw(space, svg, input=input_, classes=classes)
        show_drawing(svg, json=json)
        return
    details = archwright.describe_space(space, input=input_, classes=classes, samples=sample, seed=seed)
    shown = {"size": details["size"]} if count_only else details
    print_records(shown) if json else print_count(details["size"]) if count_only else show_space(details)
