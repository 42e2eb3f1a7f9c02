"""The commands that read runs and trials from the log."""

from typing import Annotated

import typer

from archwright.cli import options


def runs(json: options.JsonOption = False, log: options.LogOption = options.DEFAULT_LOG) -> None:
    """List the runs of the log, the one that was started last at the end."""
    from archwright.cli import output
    from archwright.cli.reports import facts, show

    found = facts.describe_runs(log)
    output.print_json(found) if json else show.show_runs(found)


def show(
    run: options.LastRunArgument = None,
    trial: Annotated[
        int | None, typer.Argument(metavar="TRIAL", min=0, help="The trial's number.", show_default=False)
    ] = None,
    svg: options.SvgOption = None,
    trust: options.TrustOption = False,
    json: options.JsonOption = False,
    log: options.LogOption = options.DEFAULT_LOG,
) -> None:
    """Show a run with its trials, or one trial: its choices, its architecture, how it learned and what went wrong.

    With --svg, the trial's architecture is drawn. Modules of your own are shown as the log has them; their code is run
    for shapes and numbers of parameters with --trust alone.
    """
    from archwright.cli import output
    from archwright.cli.reports import drawing, facts
    from archwright.cli.reports.reading import view_run
    from archwright.cli.reports.show import show_run
    from archwright.cli.reports.show_trial import show_trial

    reading = view_run(log, run, trusted=trust)
    if svg is not None:
        drawing.draw_trial(reading, trial, svg, json=json)
        return
    found = facts.describe_run(reading) if trial is None else facts.describe_trial_in_full(reading, trial)
    if json:
        output.print_json(found)
    else:
        show_run(found) if trial is None else show_trial(found)


def best(
    run: options.LastRunArgument = None,
    n: Annotated[int, typer.Option("-n", min=1, help="How many trials.")] = 5,
    trust: options.TrustOption = False,
    json: options.JsonOption = False,
    log: options.LogOption = options.DEFAULT_LOG,
) -> None:
    """Compare a run's best trials: their scores, and the choices in which they differ."""
    from archwright.cli import output
    from archwright.cli.reports import facts
    from archwright.cli.reports.reading import view_best_trials
    from archwright.cli.reports.show_trial import show_best

    reading = view_best_trials(log, run, n, trusted=trust)
    found = facts.describe_best_trials(reading, n)
    output.print_json(found) if json else show_best(found, facts.explain_omission(reading))
