"""The command that trains what a search has found."""

from functools import partial
from typing import Annotated

import typer

from archwright.cli import options, values
from archwright.cli.options import TRAINING_PANEL, list_data_sets
from archwright.cli.streams import ignore_lost_stdout


def retrain(
    run: options.RunArgument,
    trial: options.TrialArgument,
    budget: Annotated[
        str | None,
        typer.Option(
            help="Of a training: 20epochs, 10min or 1000000examples; that of the trial if none is given.",
            rich_help_panel=TRAINING_PANEL,
        ),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="How many trainings.", rich_help_panel=TRAINING_PANEL)] = 5,
    train: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="A training setting instead of the trial's, as in schedule=cosine; may be repeated.",
            rich_help_panel=TRAINING_PANEL,
        ),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            help="Other data than the search's; needed where the search trained nothing.",
            rich_help_panel=TRAINING_PANEL,
            autocompletion=list_data_sets,
        ),
    ] = None,
    image_size: options.ImageSizeOption = None,
    seed: Annotated[
        int | None,
        typer.Option(
            help="Of everything random; one that no training of the search had if none is given.",
            rich_help_panel=TRAINING_PANEL,
        ),
    ] = None,
    workers: options.WorkersOption = 1,
    device: options.DeviceOption = None,
    trial_timeout: options.TrialTimeoutOption = None,
    retries: options.RetriesOption = options.DEFAULT_RETRIES,
    grace: options.GraceOption = options.DEFAULT_GRACE,
    data_dir: options.DataDirOption = None,
    name: Annotated[
        str | None,
        typer.Option(
            metavar="RUN",
            help="The new run's name; by itself RUN.retrain-TRIAL.",
            rich_help_panel=options.RUNNING_PANEL,
        ),
    ] = None,
    trust: options.TrustOption = False,
    json: options.JsonOption = False,
    log: options.LogOption = options.DEFAULT_LOG,
) -> None:
    """Train a trial's architecture anew, on the training and the validation images, and report its test accuracy.

    The trainings differ in their seeds alone. They are a run of their own in the log, which is shown, resumed,
    verified and queried as any run; `archwright show` says their mean and standard deviation.

    Nothing is left to choose an epoch by: the weights after the last one count, and patience watches the accuracy on
    the training images.
    """
    from archwright.cli.json_output import print_records
    from archwright.cli.runs import retraining
    from archwright.cli.runs.opening import open_evaluator
    from archwright.cli.runs.running import RunContext, begin_run
    from archwright.cli.runs.starting import claim_new_run
    from archwright.core.budget import parse_budget
    from archwright.display.console import make_console
    from archwright.results.describing import describe_run
    from archwright.search.running.run_view import view_run
    from archwright.search.running.runs import start_run
    from archwright.store.duckdb_log import DuckDBLog
    from archwright.store.logged_terms import find_term_source

    if not json:
        ignore_lost_stdout()
    view, duckdb_log = view_run(log, run, trusted=trust), DuckDBLog(log)
    number = view.get_trial(trial).trial
    evaluation = retraining.configure_retraining(
        view, number, train or (), data, data_dir, device, values.parse_image_size(image_size)
    )
    images = retraining.describe_training_images(view, number, evaluation)
    timeout = values.parse_trial_timeout(trial_timeout)
    values.parse_grace(grace)  # raises what is wrong with it
    source, console = find_term_source(view.run.space, view.run.started.space_source), make_console(beside_json=json)
    opened = partial(open_evaluator, workers=workers, space_source=source, trial_timeout=timeout)
    with (
        claim_new_run(duckdb_log, name, lambda: retraining.generate_retraining_names(run, number)) as new,
        opened(evaluation) as (pool, description),
    ):
        evaluation = evaluation.complete(description)
        trial_budget = parse_budget(budget) if budget else None
        started = retraining.make_start(view, number, evaluation, images, trial_budget, seeds, seed)
        context = RunContext(
            duckdb_log, new, evaluation, pool, workers, trial_timeout, retries, grace, images, console, trusted=trust
        )
        start = partial(start_run, duckdb_log, new, started, retries=retries, is_claimed=True)
        begin_run(context, started, lambda pool, callbacks: start(pool, callbacks=callbacks))
        if json:
            print_records(describe_run(view_run(log, new)))
