"""The commands that run trials."""

from typing import Annotated

import typer

from archwright.cli import options, values
from archwright.cli.streams import ignore_lost_stdout


def search(
    space: options.SpaceArgument,
    data: options.DataOption = None,
    budget: options.BudgetOption = None,
    image_size: options.ImageSizeOption = None,
    validation: options.ValidationOption = None,
    reader: options.ReaderOption = None,
    keep: options.KeepOption = None,
    train: options.TrainOption = None,
    evaluator: options.EvaluatorOption = None,
    input_: options.EvaluatorInputOption = None,
    metric: options.MetricOption = None,
    minimize: options.MinimizeOption = None,
    searcher: Annotated[
        str,
        typer.Option(
            help=f"How models are proposed: {options.SEARCHERS_HELP}; with settings if need be, as in "
            "mcts,exploration=0.1.",
            rich_help_panel=options.SEARCH_PANEL,
            autocompletion=options.list_searchers,
        ),
    ] = "random",
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="A setting of the searcher; may be repeated.",
            rich_help_panel=options.SEARCH_PANEL,
        ),
    ] = None,
    trials: options.TrialsOption = None,
    time: options.TimeOption = None,
    until_score: options.UntilScoreOption = None,
    no_improvement: options.NoImprovementOption = None,
    stopping: options.StoppingOption = None,
    enqueue: options.EnqueueOption = None,
    seed: Annotated[int, typer.Option(help="Of everything random.", rich_help_panel=options.SEARCH_PANEL)] = 0,
    workers: options.WorkersOption = 1,
    device: options.DeviceOption = None,
    trial_timeout: options.TrialTimeoutOption = None,
    retries: options.RetriesOption = options.DEFAULT_RETRIES,
    grace: options.GraceOption = options.DEFAULT_GRACE,
    keep_models: options.KeepModelsOption = None,
    data_dir: options.DataDirOption = None,
    name: Annotated[
        str | None,
        typer.Option(
            metavar="RUN",
            help="The run's name; by itself digits-1, digits-2 ...",
            rich_help_panel=options.RUNNING_PANEL,
        ),
    ] = None,
    log: options.LogOption = options.DEFAULT_LOG,
) -> None:
    """Search a space for good models, and log everything that happens.

    It ends after --trials, --time, --until-score or --no-improvement, whichever of those that are given comes first.

    Ctrl-C finishes the running trials and prints the command that goes on; a second one stops at once and loses
    nothing that was logged. SIGTERM and SIGHUP do the same, but the running trials have no longer than --grace. A
    search that was stopped so before its end exits with 130, one that SIGTERM stopped with 143, SIGHUP with 129, and
    one whose trials keep failing, or none of whose trials has a score, with 1.
    """
    import archwright
    from archwright.cli.evaluation_options import EvaluationOptions
    from archwright.cli.outcomes import RunCommand, list_resume_words
    from archwright.display.console import make_console

    ignore_lost_stdout()
    evaluation = EvaluationOptions(
        evaluator=evaluator,
        data=data,
        metric=metric,
        train=train,
        image_size=image_size,
        validation=validation,
        reader=reader,
        keep=keep,
        device=device,
        data_dir=data_dir,
    ).read()
    command = RunCommand(log, make_console(), list_resume_words(workers, trial_timeout, retries, grace))
    command.run(
        lambda narration: archwright.search(
            space,
            evaluation,
            searcher=values.merge_searcher_words(searcher, set_ or ()),
            objective=metric,
            minimize=minimize,
            budget=budget,
            trials=trials,
            time=time,
            until_score=until_score,
            no_improvement=no_improvement,
            input=input_,
            stopping=stopping,
            enqueue=() if enqueue is None else enqueue,
            seed=seed,
            keep_models=keep_models,
            name=name,
            log=log,
            workers=workers,
            trial_timeout=trial_timeout,
            retries=retries,
            grace=grace,
            progress=narration,
        )
    )


def resume(
    run: options.LastRunArgument = None,
    trials: options.MovedTrialsOption = None,
    time: options.MovedTimeOption = None,
    until_score: options.MovedUntilScoreOption = None,
    no_improvement: options.MovedNoImprovementOption = None,
    enqueue: options.EnqueueOption = None,
    workers: options.WorkersOption = 1,
    device: options.DeviceOption = None,
    trial_timeout: options.TrialTimeoutOption = None,
    retries: options.RetriesOption = options.DEFAULT_RETRIES,
    grace: options.GraceOption = options.DEFAULT_GRACE,
    keep_models: options.KeepModelsOption = None,
    data_dir: options.DataDirOption = None,
    trust: options.TrustOption = False,
    log: options.LogOption = options.DEFAULT_LOG,
) -> None:
    """Go on with a run, wherever and however it stopped: trials that were under way run again.

    It keeps its ends, as `search` has them, but for those that are given: another one, so much more, or none.

    A space of your own is loaded again from its file. If it has changed, what differs is shown, and the run goes on in
    it as long as it holds every model that was proposed. Code that the log names, and that you have never named in a
    command of yours, runs with --trust alone.
    """
    import archwright
    from archwright.cli.outcomes import RunCommand, list_resume_words
    from archwright.display.console import make_console

    ignore_lost_stdout()
    words = list_resume_words(workers, trial_timeout, retries, grace, trusted=trust)
    RunCommand(log, make_console(), words).run(
        lambda narration: archwright.resume(
            run,
            log=log,
            trials=trials,
            time=time,
            until_score=until_score,
            no_improvement=no_improvement,
            enqueue=() if enqueue is None else enqueue,
            keep_models=keep_models,
            device=device,
            data_dir=data_dir,
            trust=trust,
            workers=workers,
            trial_timeout=trial_timeout,
            retries=retries,
            grace=grace,
            progress=narration,
        )
    )
