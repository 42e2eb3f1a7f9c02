"""The commands that hold searchers against each other."""

from pathlib import Path
from typing import Annotated, Literal

import typer
from attrs import asdict

from archwright.cli import end_options, options
from archwright.cli.option_groups import spread_options
from archwright.cli.written_files import name_option
from archwright.core.defaults import DEFAULT_SEEDS
from archwright.display.console import say


@spread_options
def compare(
    space: options.SpaceArgument,
    *,
    searcher: Annotated[
        list[str],
        typer.Option(
            help=f"A searcher: {options.SEARCHERS_HELP}; with settings if need be, as in mcts,exploration=0.1. "
            "Repeat it for each one; the others are held against the first.",
            rich_help_panel=options.SEARCH_PANEL,
            autocompletion=options.list_searchers,
        ),
    ],
    seeds: Annotated[
        int, typer.Option(min=1, help="Searches of each, seeded 0, 1 ...", rich_help_panel=options.SEARCH_PANEL)
    ] = DEFAULT_SEEDS,
    ends: end_options.ComparisonEndOptions,
    stopping: options.StoppingOption = None,
    evaluation: options.EvaluationOptions,
    optimum: Annotated[
        float | None, typer.Option(help="The best possible score, if it is known: the table then has regrets.")
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(help="What the runs are named after; the space.", rich_help_panel=options.RUNNING_PANEL),
    ] = None,
    working: options.WorkingOptions,
    data_dir: options.DataDirOption = None,
    log: options.LogOption = options.DEFAULT_LOG,
    as_json: options.JsonOption = False,
) -> None:
    """Run several searchers with several seeds each, and say which is better and how sure that is.

    All searches have the same end: --trials, --configurations, --total or --time. The runs are named
    NAME.SEARCHER.SEED. The same command goes on with a comparison that was stopped, or does the rest of one that now
    has more trials, seeds or searchers; runs that are done are not repeated. While another process runs a comparison of
    that name, one without --name takes the next name that is free, as in NAME-2.

    Ctrl-C lets what is running come to its end, trials that are trained and searches over a table; a second one stops
    at once. After SIGTERM or SIGHUP what is running has --grace to come to it. A searcher none of whose searches has a
    score, and searches whose trials keep failing, are told at the end: exit code 1.
    """
    import archwright
    from archwright.cli.comparisons import run_comparison_command
    from archwright.cli.evaluation_options import configure_evaluation

    run_comparison_command(
        lambda narration: archwright.compare(
            space,
            configure_evaluation(evaluation, working.device, data_dir),
            searcher,
            seeds=seeds,
            **asdict(ends),
            objective=evaluation.metric,
            minimize=evaluation.minimize,
            budget=evaluation.budget,
            input=evaluation.input,
            stopping=stopping,
            optimum=optimum,
            name=name,
            log=log,
            **working.work,
            progress=narration,
        ),
        as_json,
    )


def plot(
    runs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="RUN...",
            help="Runs by name or pattern, as in 'nb.*'; quote patterns. The last run if none is given.",
            show_default=False,
        ),
    ] = None,
    kind: Annotated[
        str,
        typer.Option(
            help="incumbent (best so far against evaluations), time (against seconds), threshold (share of models "
            "above each score), regret (final scores as boxes), histogram (of all scores), evaluations (each by its "
            "budget), rungs (of a ladder), curves (of learning), parallel (all hyperparameters), hyperparameter "
            "(scores against one), models (what a model made) or correlation (between budgets).",
            autocompletion=options.list_figure_kinds,
        ),
    ] = "incumbent",
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A .png, .svg or .pdf; KIND.png if none is given.")
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(metavar="AXIS", help="Draw incumbent by trials, configurations, total (of the budgets) or time."),
    ] = None,
    optimum: Annotated[
        float | None, typer.Option(help="The best possible score, if it is known: then the distance to it is drawn.")
    ] = None,
    title: Annotated[str | None, typer.Option(help="Above the figure.")] = None,
    band: Annotated[
        Literal["error", "quartiles"],
        typer.Option(
            help="Of a line for several searches: error, the mean and its standard error, or quartiles, the median and "
            "the 25th and 75th percentiles.",
        ),
    ] = "error",
    hyperparameter: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Of parallel and hyperparameter: a choice, or a pattern of names."),
    ] = None,
    log: options.LogOption = options.DEFAULT_LOG,
) -> None:
    """Draw what searches came to, from the log alone: a line for each searcher, the mean over its runs.

    Bands are one standard error of the mean, or --band quartiles. Runs of a comparison are grouped by searcher.
    """
    from archwright.results.log import Log

    file = output or Path(f"{kind}.png")
    with name_option("--output"):
        options = {"by": by, "optimum": optimum, "band": band, "hyperparameter": hyperparameter}
        Log(log).plot(runs or None, kind, title=title, file=file, **options)
    say(file)
