"""The final training of a trial: a run of its own, of the one architecture, again and again with other seeds."""

from collections.abc import Mapping

from attrs import evolve, field, frozen
from attrs.converters import optional

from archwright.core.budget import Budget
from archwright.core.defaults import DEFAULT_SEEDS
from archwright.core.json import JSON
from archwright.core.term import Term
from archwright.core.value import as_integer
from archwright.display.warning import warn
from archwright.evaluate.building import guard_evaluation
from archwright.evaluate.data.dataset import DataInfo
from archwright.evaluate.data.logged_images import images_to_json
from archwright.evaluate.data_settings import DataFunction, read_data
from archwright.evaluate.evaluation import Evaluation
from archwright.evaluate.logged_evaluations import evaluation_to_json, require_permission
from archwright.evaluate.training.evaluation import Training
from archwright.execution.arguments import trust_named_sources
from archwright.execution.checks import read_seed, require_mapping, require_positive_count
from archwright.execution.given_values import NOTHING_GIVEN, GivenValues
from archwright.execution.naming import claim_new_run, generate_retraining_names
from archwright.execution.options import RunOptions
from archwright.execution.restoring import describe_same_code, restore_evaluation
from archwright.execution.searching import start_in_log
from archwright.execution.session import open_evaluator
from archwright.search.named import SEARCHER_KIND
from archwright.search.running.attempts import derive_training_seed
from archwright.search.running.run_view import RunView, rebuild_leaf
from archwright.search.running.runs import collect_versions
from archwright.search.searchers.fixed import Fixed
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import RunStarted
from archwright.store.logged_terms import describe_changed_kinds, find_term_source
from archwright.store.needed import CLASS_CODE_KEY, name_needed
from archwright.store.suggestions import format_retraining_call


@frozen(kw_only=True)
class Retraining:
    """What a person asks of the final training of a trial; what is None is as it was in the search."""

    seeds: int = field(
        default=DEFAULT_SEEDS, converter=as_integer, validator=require_positive_count
    )  # how many trainings
    budget: Budget | None = None
    # Other data than the search's.
    data: str | DataFunction | None = field(default=None, converter=optional(read_data))
    data_dir: str | None = None
    device: str | None = None
    image_size: tuple[int, int] | None = None
    # Instead of the trial's own.
    settings: Mapping[str, JSON] | None = field(default=None, validator=require_mapping)
    given: GivenValues = NOTHING_GIVEN  # of the evaluation, where the log does not hold all of it
    # Of all randomness; None: one that no training of the search had.
    seed: int | None = field(default=None, converter=optional(read_seed))


def retrain_trial(view: RunView, trial: int, retraining: Retraining, name: str | None, options: RunOptions) -> str:
    """Train a trial's architecture anew; the name of the run in the log.

    Raises what `for_retraining` and `check_space` of the run's evaluation do, NotTrusted, what `GivenValues.complete`
    does, and what `open_evaluator` and `run_trials` do.
    """
    retraining = _complete(view, trial, retraining)
    state = view.get_trial(trial)
    architecture = rebuild_leaf(view, state).architecture
    evaluation = configure_retraining(view, architecture, state.rung, retraining, options)
    with guard_evaluation(evaluation):
        data = evaluation.describe_data()
        evaluation.check_space(architecture, view.model_input, data)
    file = DuckDBLog(view.log)
    source = find_term_source(view.run.space, view.run.started.space_source)
    with (
        claim_new_run(file, name, lambda: generate_retraining_names(view.name, trial)) as run,
        open_evaluator(evaluation, options, source, architecture) as (evaluator, description),
    ):
        evaluation = evaluation.complete(description)
        started = _make_start(view, trial, evaluation, data, retraining)
        start_in_log(file, run, started, evaluation, data, evaluator, options)
    return run


def _complete(view: RunView, trial: int, retraining: Retraining) -> Retraining:
    """The same, with what the log does not hold whole and `__main__` has; on other data, only a class is needed of it.

    That says what trains there; of a function, nothing is called. Raises as `GivenValues.complete`.
    """
    evaluator, data = view.run.started.evaluator, retraining.data
    if data is not None and CLASS_CODE_KEY not in evaluator:
        return retraining
    expression = name_needed(data.source) if isinstance(data, DataFunction) else None if data is None else repr(data)
    call = format_retraining_call(view.log, view.name, trial, evaluator, expression)
    parts = ["evaluation", "data"] if data is None else ["evaluation"]
    return evolve(retraining, given=retraining.given.complete(view.run.started, lambda _: call, among=parts))


def configure_retraining(
    view: RunView, architecture: Term, rung: int | None, retraining: Retraining, options: RunOptions
) -> Evaluation:
    """The evaluation of the final training: the run's own, or a training on other data; raises as `retrain_trial`.

    The `rung` is that of the trial, in a search that had several budgets.
    """
    started, given = view.run.started, retraining.given
    evaluation = restore_evaluation(view.name, started, given, trusted=options.trusted)
    warn(describe_changed_kinds(view.name, started))
    for line in describe_same_code(started, given, evaluation):
        options.console.print(line, soft_wrap=True)
    if retraining.data is not None:
        trust_named_sources(Training(retraining.data))
    settings = retraining.settings or {}
    evaluation = evaluation.for_retraining(
        architecture,
        data=retraining.data,
        data_dir=retraining.data_dir,
        device=retraining.device,
        image_size=retraining.image_size,
        settings={**_keep_cycles(evaluation, architecture, rung, settings), **settings},
    )
    require_permission(evaluation, trusted=options.trusted)
    return evaluation


def _keep_cycles(
    evaluation: Evaluation, architecture: Term, rung: int | None, settings: Mapping[str, JSON]
) -> Mapping[str, JSON]:
    """The setting that gives a final training as many warm restarts as one that ends at the trial's rung has.

    The search counts them by its rungs, of which the run of the final training has none. Nothing where a person's
    `settings` name the schedule.
    """
    if not isinstance(evaluation, Training) or not rung or settings.keys() & {"schedule", "cycles"}:
        return {}
    recipe = evaluation.resolve_recipe(architecture)
    return {"cycles": rung + 1} if recipe.schedule == "warm_restarts" and not recipe.cycles else {}


def _make_start(
    view: RunView, trial: int, evaluation: Evaluation, data: DataInfo | None, retraining: Retraining
) -> RunStarted:
    """The first event of the run. All models are kept."""
    searched, state = view.run.started, view.get_trial(trial)
    own_seed = derive_training_seed(searched.seed, trial)
    return RunStarted(
        space=view.run.space,
        space_source=searched.space_source,
        kind_sources=searched.kind_sources,
        kind_code=searched.kind_code,
        input_shape=searched.input_shape,
        input=searched.input,
        searcher=SEARCHER_KIND.to_json(Fixed.name, {"path": state.path, "run": view.name, "trial": trial}),
        evaluator=evaluation_to_json(evaluation),
        objective=evaluation.choose_retraining_objective(searched.objective),
        budget=retraining.budget or state.budget,
        seed=own_seed if retraining.seed is None else retraining.seed,
        trials=retraining.seeds,
        versions=collect_versions(),
        keep_models=retraining.seeds,
        data=images_to_json(data),
        reads_budget=evaluation.reads_budget is not False,
        can_continue=evaluation.can_continue,
    )
