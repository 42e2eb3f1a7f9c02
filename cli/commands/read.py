"""The commands that read runs and trials from the log."""

from pathlib import Path
from typing import Annotated

import typer

from archwright.cli import options
from archwright.core.defaults import DEFAULT_PROMOTED, DEFAULT_RESAMPLES


def runs(json: options.JsonOption = False, log: options.LogOption = options.DEFAULT_LOG) -> None:
    """List the runs of the log, the one that was started last at the end."""
    from archwright.cli.json_output import print_records
    from archwright.cli.reports.show import show_runs
    from archwright.results.log import Log

    rows = Log(log).runs()
    print_records(rows) if json else show_runs(rows)


def show(
    run: options.LastRunArgument = None,
    trial: Annotated[
        str | None,
        typer.Argument(metavar="TRIAL", help="The trial's number, or best, or last.", show_default=False),
    ] = None,
    derivation: options.DerivationOption = False,
    svg: options.SvgOption = None,
    trust: options.TrustOption = False,
    json: options.JsonOption = False,
    log: options.LogOption = options.DEFAULT_LOG,
) -> None:
    """Show a run with its trials, or one trial: its choices, its architecture, how it learned and what went wrong.

    With --svg, the trial's architecture is drawn; with --derivation, the tree of its choices is shown; with both, that
    tree is drawn. Modules of your own are shown as the log has them; their code is run for shapes and numbers of
    parameters with --trust alone, and for the picture of a tree if you have named its file yourself.
    """
    from archwright.cli.json_output import print_records
    from archwright.cli.reports.drawing import draw_trial, require_trial
    from archwright.cli.reports.show import show_run
    from archwright.cli.reports.show_trial import print_trial
    from archwright.results.run import Run

    shown = Run.read(log, run, trust=trust)
    if svg is not None:
        draw_trial(shown, trial, svg, derivation=derivation, json=json)
    elif derivation or trial is not None:
        print_trial(require_trial(shown, trial).details(), derivation=derivation, as_json=json)
    else:
        run_details = shown.details()
        print_records(run_details) if json else show_run(run_details)


def best(
    run: options.LastRunArgument = None,
    n: Annotated[int, typer.Option("-n", min=1, help="How many trials.")] = 5,
    inherited: Annotated[bool, typer.Option("--inherited", help="Also those that it has of other runs.")] = False,
    trust: options.TrustOption = False,
    json: options.JsonOption = False,
    log: options.LogOption = options.DEFAULT_LOG,
) -> None:
    """Compare a run's best trials: their scores, and the choices in which they differ."""
    from archwright.cli.json_output import print_records
    from archwright.cli.reports.show_trial import show_best
    from archwright.results.log import Log

    trials = Log(log, trust=trust).describe_best(run, n, inherited=inherited)
    print_records(trials["trials"]) if json else show_best(trials)


def correlation(
    runs: Annotated[
        list[str] | None,
        typer.Argument(metavar="[RUN]...", help="Runs by name or pattern; the last run if none is given."),
    ] = None,
    best: Annotated[
        list[int] | None,
        typer.Option(min=1, metavar="K", help="How many go on, where the regret of that is told; 1, 3 and 10."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the resamples.")] = 0,
    resamples: Annotated[int, typer.Option(min=1000, help="For each interval.")] = DEFAULT_RESAMPLES,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw the matrix too: a .png, .svg or .pdf.", show_default=False)
    ] = None,
    json: options.JsonOption = False,
    log: options.LogOption = options.DEFAULT_LOG,
) -> None:
    """Say what scores at small budgets tell of those at larger ones, of configurations that were tried at both.

    Between every two budgets: Spearman's correlation of the scores with its 95 % interval, Kendall's tau-b, and what is
    lost by going on with the best few at the smaller budget, or with any few. Configurations that were promoted for
    their scores are said to be survivors. Fewer than 6 pairs are too few. Of several runs, equal choices are one
    configuration.
    """
    from archwright.cli.reports.correlation import print_correlation
    from archwright.results.log import Log

    found = Log(log).correlation(runs or None, best=best or DEFAULT_PROMOTED, seed=seed, resamples=resamples)
    print_correlation(found, output, as_json=json)
