"""The command that says how much hyperparameters matter."""

from pathlib import Path
from typing import Annotated

import typer

from archwright.cli import options
from archwright.cli.written_files import name_option


def importance(
    run: options.LastRunArgument = None,
    budget: Annotated[
        str | None,
        typer.Option(
            help="Of the trials, as in 9epochs; the largest that has enough of them if none is given.",
            show_default=False,
        ),
    ] = None,
    pairs: Annotated[bool, typer.Option("--pairs", help="Also what every two of them do together.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of the random forests.")] = 0,
    output: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also draw it: a .png, .svg or .pdf.", show_default=False),
    ] = None,
    kind: Annotated[
        str,
        typer.Option(
            help="What is drawn: bars, or marginals (the mean score at the values of each).",
            autocompletion=options.list_importance_figures,
        ),
    ] = "bars",
    trust: options.TrustOption = False,
    json: options.JsonOption = False,
    log: options.LogOption = options.DEFAULT_LOG,
) -> None:
    """Say how much each hyperparameter of a run matters for its scores, at one budget.

    The importance is the share of the variance of the scores that a hyperparameter explains by itself, in a random
    forest (fANOVA); with --pairs, also what two do together. R² says how much of the scores the forest knows: where
    that is low, its shares are not meaningful. Beside it is what matters for being among the best tenth (PED-ANOVA).
    """
    from archwright.cli.reports.importance import show_importance
    from archwright.results.run import Run

    found = Run.read(log, run, trust=trust).importance(budget, pairs=pairs, seed=seed)
    with name_option("--output"):
        if output is not None:
            found.plot(kind, file=output)
    show_importance(found, output, as_json=json)
