"""The commands that look at search spaces, before any search."""

from pathlib import Path
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
    has: Annotated[
        Path | None,
        typer.Option(
            "--has",
            metavar="FILE",
            help="Find out whether it has the architecture in a file of JSON: the architecture.json of an export, "
            "trials as best --json prints them, or what aw.to_json gives. Exit code 0 if it has, and 1 if not.",
            show_default=False,
        ),
    ] = None,
    derivation: options.DerivationOption = False,
    svg: options.SvgOption = None,
    json: options.JsonOption = False,
) -> None:
    """Show a search space: its modules, how many architectures it has, and places where nothing fits.

    With --has, say instead by which choices an architecture is in it, or the first place where it is not.
    With --svg, the space is drawn; with --derivation too, how a random architecture of it is derived.
    """
    import archwright
    from archwright.cli.json_output import print_records
    from archwright.cli.reports.spaces import conclude_membership, draw_space, print_count, show_space
    from archwright.cli.values import require_one_answer

    require_one_answer(
        svg=svg,
        has=has,
        count=count_only,
        sample=sample and (svg is not None or not derivation),
        derivation=derivation and svg is None,
    )
    if svg is not None:
        draw_space(space, svg, input_, classes, seed=seed if derivation else None, json=json)
    elif has is not None:
        from archwright.studies.membership import find_architectures  # here, since few ask for it

        conclude_membership(find_architectures(space, has, input=input_, classes=classes), as_json=json)
    else:
        details = archwright.describe_space(
            space, input=input_, classes=classes, samples=sample or int(derivation), seed=seed
        )
        shown = {"size": details["size"]} if count_only else details
        print_records(shown) if json else print_count(details["size"]) if count_only else show_space(
            details, derivation=derivation
        )
