"""The commands that hold searchers against each other."""

from pathlib import Path
from typing import Annotated

import typer

from archwright.cli import options
from archwright.cli.commands.search import SEARCHING, TRAINING, searcher_names


def compare(
    space: options.Space,
    searcher: Annotated[
        list[str],
        typer.Option(
            help="A searcher, with settings if need be, as in mcts,exploration=0.1; repeat it for each one. "
            "The others are held against the first.",
            rich_help_panel=SEARCHING,
            autocompletion=searcher_names,
        ),
    ],
    seeds: Annotated[int, typer.Option(min=1, help="Searches of each, seeded 0, 1 ...", rich_help_panel=SEARCHING)] = 5,
    trials: Annotated[int, typer.Option(min=1, help="Of each search.", rich_help_panel=SEARCHING)] = 64,
    evaluator: Annotated[
        str | None,
        typer.Option(metavar="SOURCE", help="As for search: a table or a function.", rich_help_panel=TRAINING),
    ] = None,
    data: Annotated[str | None, typer.Option(help="As for search.", rich_help_panel=TRAINING)] = None,
    budget: Annotated[str | None, typer.Option(help="As for search.", rich_help_panel=TRAINING)] = None,
    metric: Annotated[str | None, typer.Option(help="As for search.", rich_help_panel=TRAINING)] = None,
    minimize: Annotated[
        bool | None, typer.Option("--minimize/--maximize", help="As for search.", rich_help_panel=TRAINING)
    ] = None,
    optimum: Annotated[
        float | None, typer.Option(help="The best possible score, if it is known: the table then has regrets.")
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="What the runs are named after; the space.", rich_help_panel=options.RUNNING)
    ] = None,
    workers: options.Workers = 1,
    device: options.Device = None,
    trial_timeout: options.TrialTimeout = None,
    retries: options.Retries = options.RETRIES,
    data_dir: options.DataDir = None,
    log: options.Log = options.DEFAULT_LOG,
    as_json: options.Json = False,
) -> None:
    """Run several searchers with several seeds each, and say which is better and how sure that is.

    The runs are named NAME.SEARCHER.SEED. The same command goes on with a comparison that was stopped, or does the
    rest of one that now has more seeds or searchers; runs that are done are not repeated.
    """
    from archwright.cli import comparing
    from archwright.cli import evaluator as evaluators
    from archwright.cli.interrupts import noted
    from archwright.cli.output import print_json
    from archwright.cli.space import find
    from archwright.cli.starting import problem
    from archwright.core.serial import to_json
    from archwright.evaluate.config import to_json as config_to_json
    from archwright.search.compare import grid
    from archwright.search.session import versions
    from archwright.store.duck import DuckDBLog
    from archwright.store.events import RunStarted
    from archwright.store.names import check_run_name

    config = evaluators.chosen(evaluator, data, metric, (), {"data_dir": data_dir, "device": device})
    found, file, wanted = find(space), DuckDBLog(log), comparing.searchers(searcher)
    term, shape = problem(found, config, data, None)
    config = evaluators.for_inputs(config, shape)
    started = RunStarted(
        space=to_json(term),
        space_source=found.source,
        input_shape=shape,
        searcher=next(iter(wanted.values())),
        evaluator=config_to_json(config),
        objective=evaluators.objective(config, metric, minimize),
        budget=evaluators.budget(config, budget),
        seed=0,
        trials=trials,
        versions=versions(),
    )
    entries = grid(check_run_name(name or found.stem), started, wanted, seeds)
    force = comparing.Force(config, found.source, workers, options.seconds(trial_timeout), retries)
    with noted() as interrupts:
        comparing.work(file, entries, force, lambda: interrupts.urgency)
    if interrupts.received:
        comparing.suggest_going_on()
        raise typer.Exit(interrupts.exit_code)
    rows = comparing.conclusions(log, entries, trials, optimum)
    if as_json:
        print_json(rows)
    else:
        comparing.show_conclusions(rows, optimum)


def _kinds() -> list[str]:
    from archwright.cli.figures import KINDS

    return list(KINDS)


def plot(
    runs: Annotated[
        list[str], typer.Argument(metavar="RUN...", help="Runs by name or pattern, as in 'nb.*'; quote patterns.")
    ],
    kind: Annotated[
        str,
        typer.Option(
            help="incumbent (best so far against evaluations), time (against seconds), threshold (share of models "
            "above each score), regret (final scores as boxes) or histogram (of all scores).",
            autocompletion=_kinds,
        ),
    ] = "incumbent",
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A .png, .svg or .pdf; KIND.png if none is given.")
    ] = None,
    optimum: Annotated[
        float | None, typer.Option(help="The best possible score, if it is known: then the distance to it is drawn.")
    ] = None,
    title: Annotated[str | None, typer.Option(help="Above the figure.")] = None,
    log: options.Log = options.DEFAULT_LOG,
) -> None:
    """Draw what searches came to, from the log alone: a line for each searcher, the mean over its runs.

    Bands are one standard error of the mean. Runs of a comparison are grouped by searcher.
    """
    from archwright.cli.figures import chosen_kind, drawn
    from archwright.cli.histories import histories

    file = output or Path(f"{kind}.png")
    drawn(histories(log, runs), chosen_kind(kind), file, optimum, title)
    typer.echo(file)
