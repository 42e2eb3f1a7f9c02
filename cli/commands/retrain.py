"""The command that trains what a search has found."""

from typing import Annotated

import typer

from archwright.cli import options, values
from archwright.cli.option_groups import spread_options
from archwright.cli.options import TRAINING_PANEL, list_data_sets
from archwright.cli.streams import ignore_lost_stdout
from archwright.core.defaults import DEFAULT_SEEDS


@spread_options
def retrain(
    run: options.RunArgument,
    trial: options.TrialArgument,
    *,
    budget: Annotated[
        str | None,
        typer.Option(
            help="Of a training: 20epochs, 10min or 1000000examples; that of the trial if none is given.",
            rich_help_panel=TRAINING_PANEL,
        ),
    ] = None,
    seeds: Annotated[
        int, typer.Option(min=1, help="How many trainings.", rich_help_panel=TRAINING_PANEL)
    ] = DEFAULT_SEEDS,
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
    working: options.WorkingOptions,
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
    import archwright
    from archwright.cli.json_output import print_records
    from archwright.cli.outcomes import RunCommand, list_resume_words
    from archwright.display.console import make_console

    if not json:
        ignore_lost_stdout()
    command = RunCommand(log, make_console(beside_json=json), list_resume_words(working, trusted=trust))
    new = command.run(
        lambda narration: archwright.retrain(
            run,
            trial,
            log=log,
            trust=trust,
            budget=budget,
            seeds=seeds,
            settings=values.parse_settings("--train", train or ()),
            data=data,
            data_dir=data_dir,
            device=working.device,
            image_size=values.parse_image_size(image_size),
            seed=seed,
            name=name,
            **working.work,
            progress=narration,
        )
    )
    if json:
        print_records(new.details())
