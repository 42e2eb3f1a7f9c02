"""The commands that run trials."""

from typing import Annotated

import typer
from attrs import asdict

from archwright.cli import end_options, options, values
from archwright.cli.option_groups import spread_options
from archwright.cli.streams import ignore_lost_stdout
from archwright.core.defaults import DEFAULT_SEARCHER


@spread_options
def search(
    space: options.SpaceArgument,
    *,
    evaluation: options.EvaluationOptions,
    searcher: Annotated[
        str,
        typer.Option(
            help=f"How models are proposed: {options.SEARCHERS_HELP}; with settings if need be, as in "
            "mcts,exploration=0.1.",
            rich_help_panel=options.SEARCH_PANEL,
            autocompletion=options.list_searchers,
        ),
    ] = DEFAULT_SEARCHER,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="A setting of the searcher; may be repeated.",
            rich_help_panel=options.SEARCH_PANEL,
        ),
    ] = None,
    ends: end_options.EndOptions,
    stopping: options.StoppingOption = None,
    enqueue: options.EnqueueOption = None,
    from_: options.FromOption = None,
    comparable: options.ComparableOption = False,
    seed: Annotated[int, typer.Option(help="Of everything random.", rich_help_panel=options.SEARCH_PANEL)] = 0,
    working: options.WorkingOptions,
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
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="If there is a run of that name, go on with it, as long as it is the same search.",
            rich_help_panel=options.RUNNING_PANEL,
        ),
    ] = False,
    log: options.LogOption = options.DEFAULT_LOG,
) -> None:
    """Search a space for good models, and log everything that happens.

    It ends after --trials, --time, --until-score, --no-improvement, --configurations or --total, whichever of those
    that are given comes first.

    Ctrl-C finishes the running trials and prints the command that goes on; a second one stops at once and loses
    nothing that was logged. SIGTERM and SIGHUP do the same, but the running trials have no longer than --grace. A
    search that was stopped so before its end exits with 130, one that SIGTERM stopped with 143, SIGHUP with 129, and
    one whose trials keep failing, or none of whose trials has a score, with 1.
    """
    import archwright
    from archwright.cli.evaluation_options import configure_evaluation
    from archwright.cli.outcomes import RunCommand, list_resume_words
    from archwright.display.console import make_console

    ignore_lost_stdout()
    RunCommand(log, make_console(), list_resume_words(working)).run(
        lambda narration: archwright.search(
            space,
            configure_evaluation(evaluation, working.device, data_dir),
            searcher=values.merge_searcher_words(searcher, set_ or ()),
            objective=evaluation.metric,
            minimize=evaluation.minimize,
            budget=evaluation.budget,
            **asdict(ends),
            input=evaluation.input,
            stopping=stopping,
            enqueue=() if enqueue is None else enqueue,
            warm_start=from_ or (),
            comparable=comparable,
            seed=seed,
            keep_models=keep_models,
            name=name,
            resume=resume,
            log=log,
            **working.work,
            progress=narration,
        )
    )


@spread_options
def resume(
    run: options.LastRunArgument = None,
    *,
    ends: end_options.MovedEndOptions,
    enqueue: options.EnqueueOption = None,
    working: options.WorkingOptions,
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
    RunCommand(log, make_console(), list_resume_words(working, trusted=trust)).run(
        lambda narration: archwright.resume(
            run,
            log=log,
            **asdict(ends),
            enqueue=() if enqueue is None else enqueue,
            keep_models=keep_models,
            device=working.device,
            data_dir=data_dir,
            trust=trust,
            **working.work,
            progress=narration,
        )
    )
