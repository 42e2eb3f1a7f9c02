"""The commands that read runs and trials from the log."""

from typing import Annotated

import typer

from archwright.cli import options


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
