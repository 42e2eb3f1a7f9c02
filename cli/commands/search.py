"""The commands that run trials."""

from functools import partial
from typing import Annotated

import typer
from attrs import asdict

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
    from archwright.cli.runs import evaluator as evaluators
    from archwright.cli.runs.opening import open_evaluator
    from archwright.cli.runs.running import RunContext, begin_run
    from archwright.cli.runs.starting import claim_new_run, define_problem, generate_numbered_names
    from archwright.cli.user_code import load_named_space, read_named_searcher
    from archwright.core.input import input_to_text
    from archwright.core.json import to_json
    from archwright.evaluate.data.logged_images import images_to_json
    from archwright.evaluate.evaluation import evaluation_to_json
    from archwright.search.named import searcher_from_json
    from archwright.search.running.runs import collect_versions, start_run
    from archwright.search.running.stopping import load_rule
    from archwright.store.duckdb_log import DuckDBLog
    from archwright.store.events import RunStarted

    ignore_lost_stdout()
    evaluation_options = {"data_dir": data_dir, "device": device, "validation": validation, "keep": keep}
    evaluation_options |= {"image_size": values.parse_image_size(image_size), "reader": reader}
    evaluation = evaluators.configure_evaluator(evaluator, data, metric, train or (), evaluation_options)
    ends = values.read_new_ends(trials, time, until_score, no_improvement)
    timeout = values.parse_trial_timeout(trial_timeout)
    values.parse_grace(grace)  # raises what is wrong with it
    goal = partial(evaluators.choose_goal, metric=metric, minimize=minimize, stopping=stopping, budget=budget)
    goal(evaluation)  # raises what is wrong with the options before a worker is started
    proposing = read_named_searcher(searcher, set_ or ())
    space_source, duckdb_log = load_named_space(space), DuckDBLog(log)
    images = evaluation.describe_data()
    model_input = values.parse_input_option(input_)
    term, model_input, evaluation = define_problem(space_source, evaluation, images, model_input)
    evaluators.say_overruled_settings(evaluation, term)
    given = evaluators.name_given_options(train or (), evaluation_options)
    opened = partial(open_evaluator, workers=workers, space_source=space_source.source, trial_timeout=timeout)
    with (
        claim_new_run(duckdb_log, name, lambda: generate_numbered_names(duckdb_log, space_source.stem)) as run,
        opened(evaluation) as (pool, description),
    ):
        evaluation = evaluation.complete(description, metric=metric, words=given)
        objective, rule, trial_budget = goal(evaluation)
        started = RunStarted(
            space=to_json(term),
            space_source=space_source.source,
            input_shape=model_input.shape,
            input=input_to_text(model_input),
            searcher=proposing,
            evaluator=evaluation_to_json(evaluation),
            objective=objective,
            budget=trial_budget,
            seed=seed,
            **asdict(ends),
            versions=collect_versions(),
            keep_models=evaluators.choose_models_to_keep(evaluation, keep_models),
            stopping=rule,
            data=images_to_json(images),
        )
        context = RunContext(duckdb_log, run, evaluation, pool, workers, trial_timeout, retries, grace, images)
        named_searcher = searcher_from_json(proposing, trusted=True)
        named = {"searcher": named_searcher, "stopping": load_rule(started, trusted=True)}
        start = partial(start_run, duckdb_log, run, started, retries=retries, is_claimed=True, **named)
        begin_run(context, started, lambda pool, callbacks: start(pool, callbacks=callbacks))


def resume(
    run: options.LastRunArgument = None,
    trials: options.MovedTrialsOption = None,
    time: options.MovedTimeOption = None,
    until_score: options.MovedUntilScoreOption = None,
    no_improvement: options.MovedNoImprovementOption = None,
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
    from archwright.cli.runs.opening import open_evaluator
    from archwright.cli.runs.resuming import is_done, load_current_space, read_moved_ends, say_new_revision
    from archwright.cli.runs.running import RunContext, continue_run
    from archwright.display.console import say
    from archwright.evaluate.data.logged_images import require_same_images
    from archwright.evaluate.evaluation import read_evaluation, require_permission
    from archwright.search.named import searcher_from_json
    from archwright.search.running.runs import read_run, resume_run
    from archwright.search.running.stopping import load_rule
    from archwright.store.duckdb_log import DuckDBLog
    from archwright.store.runs import find_run

    ignore_lost_stdout()
    duckdb_log = DuckDBLog(log)
    name = find_run(duckdb_log, run)
    record = read_run(duckdb_log, name)
    ends = read_moved_ends(record, trials, time, until_score, no_improvement)
    values.parse_trial_timeout(trial_timeout)
    values.parse_grace(grace)
    if is_done(log, name, record, ends):
        return
    evaluation = read_evaluation(record.started, trusted=trust).move_to(device, data_dir)
    require_permission(evaluation, trusted=trust)
    images = evaluation.describe_data()
    for warning in require_same_images(name, record.started, images):
        say(warning, err=True)
    space = load_current_space(name, record, images, trusted=trust)
    current_searcher = searcher_from_json(record.started.searcher, trusted=trust)
    say_new_revision(name, record, current_searcher)
    current_rule = load_rule(record.started, trusted=trust)
    timeout, source = values.parse_trial_timeout(trial_timeout), record.started.space_source
    with open_evaluator(evaluation, workers=workers, space_source=source, trial_timeout=timeout) as (pool, description):
        evaluation.complete(description, words={"device": "--device"} if device else {})  # raises what does nothing
        context = RunContext(
            duckdb_log, name, evaluation, pool, workers, trial_timeout, retries, grace, images, trusted=trust
        )
        continue_run(
            context,
            record,
            ends,
            lambda pool, callbacks: resume_run(
                duckdb_log,
                name,
                pool,
                ends=ends,
                space=space,
                callbacks=callbacks,
                retries=retries,
                keep_models=keep_models,
                searcher=current_searcher,
                stopping=current_rule,
            ),
        )
