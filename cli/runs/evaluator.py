"""The evaluator of a search, as its options say, checked as far as possible before anything is logged."""

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import evolve

from archwright.cli.runs import user_function
from archwright.cli.user_code import trust_named_source
from archwright.cli.values import BadOption, parse_settings, require_plain_text
from archwright.core.budget import Budget, parse_budget
from archwright.core.errors import suggest_names
from archwright.core.modules.basic import Settings
from archwright.core.modules.choices import Either
from archwright.core.objective import Objective
from archwright.core.term import Composite, Term
from archwright.display.console import say
from archwright.evaluate.config import Config, Function, Training, evaluation_from_json
from archwright.evaluate.tables.fcnet import Fcnet
from archwright.evaluate.tables.nasbench201 import Nasbench201
from archwright.evaluate.training.recipe import ALIASES, make_recipe
from archwright.evaluate.verdict import COST_METRICS, TRAINING_METRICS
from archwright.store.events import RunStarted

TABLE_KINDS = ("nasbench201", "fcnet")


def configure_evaluator(
    source: str | None, data: str | None, metric: str | None, train: Sequence[str], options: Mapping[str, Any]
) -> Config:
    """The evaluator that the options name: a table, a user's function, or, without a source, training."""
    if source is None:
        return configure_training(data, train, options)
    kind, _, rest = source.partition(":")
    if kind in TABLE_KINDS:
        _refuse_training_options(["keep", "validation", "image_size", "reader", "device", "train"], train, options)
        path, *settings = rest.split(",")
        return evaluation_from_json({"kind": kind, "table": path, **parse_settings("--evaluator", settings)})
    _refuse_training_options(["keep"], train, options)
    return configure_function(source, data, metric, train, options)


def choose_budget(config: Config, text: str | None) -> Budget:
    """The budget of a trial that `text` names; by default five epochs, or that of a table's results.

    NotInTable where a table has no results for that budget.
    """
    if text and isinstance(config, Function) and user_function.reads_budget(config) is False:
        say(f"--budget does nothing: {config.source} has no parameter budget", err=True)
    if not isinstance(config, Nasbench201 | Fcnet):
        return parse_budget(text or "5epochs")
    trial_budget = parse_budget(text or config.budget)
    config.require_budget(trial_budget)
    return trial_budget


def choose_models_to_keep(config: Config, keep_models: int | None) -> int:
    """The number of best trials whose models are kept; by default 1 where there are models, and 0 for a table.

    A function has a model only if it has a parameter for it, which may show only when it is imported; without one,
    nothing is written.
    """
    return (1 if isinstance(config, Training | Function) else 0) if keep_models is None else keep_models


def say_overruled_settings(config: Config, space: Term) -> None:
    """Print on stderr which --train settings do nothing, since every model of the space sets them itself."""
    if not isinstance(config, Training | Function):
        return
    aliases = ALIASES if isinstance(config, Training) else {}
    fixed_settings = {aliases.get(name, name): name for name in _find_fixed_settings(space)}
    for name in config.settings:
        if (space_setting := fixed_settings.get(aliases.get(name, name))) is not None:
            say(f"--train {name} does nothing: the space sets {space_setting} in every model", err=True)


def _find_fixed_settings(space: Term) -> frozenset[str]:
    """The names of the settings that every model of a space sets, as far as the term shows without sampling."""
    match space:
        case Settings():
            return frozenset(name for name, _ in space.entries)
        case Either():
            return frozenset.intersection(*map(_find_fixed_settings, space.terms))
        case Composite():
            return frozenset[str]().union(*map(_find_fixed_settings, space.subterms))
        case _:
            return frozenset()


def choose_objective(config: Config, metric: str | None, minimize: bool | None) -> Objective:
    """The objective of a search; by default accuracy, a regression table's loss, or the score that a function names.

    Costs and losses of our own measuring are minimized unless the user says otherwise. Raises BadOption for a metric
    that no search may have as its objective.
    """
    function = config if isinstance(config, Function) else None
    name = (
        require_plain_text("--metric", metric)
        if metric
        else (function.metric if function else "loss" if isinstance(config, Fcnet) else "accuracy")
    )
    if name.startswith("test_"):
        origin = f"the score of {function.source}" if function and not metric else "--metric"
        raise BadOption(f"{origin} is {name!r}; what test images say is for reports, not for a search to look at")
    metrics = TRAINING_METRICS if isinstance(config, Training) else {}
    if metrics and name not in metrics:
        candidates = [known for known in metrics if not known.startswith("test_")]
        raise BadOption(f"--metric is {name!r}; of what is known of a training, {suggest_names(name, candidates)}")
    if metrics:
        less_is_better = metrics[name].less_is_better
    elif function:
        less_is_better = name in COST_METRICS or (function.less_is_better and name == function.metric)
    else:
        less_is_better = isinstance(config, Fcnet) and name == "loss"
    return Objective(name, "minimize" if (less_is_better if minimize is None else minimize) else "maximize")


def configure_training(data: str | None, train: Sequence[str], options: Mapping[str, Any]) -> Training:
    """Training on `data`, with these `options`; those that are None have their defaults."""
    settings = parse_settings("--train", train)
    make_recipe(settings)  # raises what is wrong with them
    config = Training(data or "digits", settings=settings)
    return evolve(config, **{name: value for name, value in options.items() if value is not None})


def configure_function(
    source: str, data: str | None, metric: str | None, train: Sequence[str], options: Mapping[str, Any]
) -> Function:
    """A user's function as the evaluator, with these `options`; its score is the one it names, or else `metric`."""
    given_options = {name: value for name, value in options.items() if value is not None}
    config = evolve(Function(source, data=data, settings=parse_settings("--train", train)), **given_options)
    option_names = [*given_options, *(["train"] if train else [])]
    user_function.check_function(config, option_names, undetermined=("input_shape", "model"))
    score = user_function.read_score(trust_named_source(source))
    if score is None:
        return evolve(config, metric=metric or config.metric)
    return evolve(config, metric=score.metric, less_is_better=score.direction == "minimize")


def _refuse_training_options(names: Sequence[str], train: Sequence[str], options: Mapping[str, Any]) -> None:
    """BadOption where one of the named options, which are for training alone, was given."""
    for name in names:
        if (train or None if name == "train" else options.get(name)) is not None:
            raise BadOption(f"--{name.replace('_', '-')} is for training; it does not go with --evaluator")


def read_config(started: RunStarted) -> Config:
    """The evaluator that a run was begun with, as its log has it; older logs leave out a function's input shape."""
    config = evaluation_from_json(started.evaluator)
    if isinstance(config, Function) and "input_shape" not in started.evaluator:
        return config.with_input(started.model_input)
    return config


def adapt_to_machine(config: Config, device: str | None, data_dir: str | None) -> Config:
    """A logged evaluator with another device, or with its data elsewhere."""
    if not isinstance(config, Training | Function):
        if device is not None:
            raise BadOption("--device is for training; the run has a table of results")
        return config
    if isinstance(config, Function) and device is not None:
        user_function.check_function(config, ["device"], undetermined=("input_shape", "model"))
    return evolve(config, device=device or config.device, data_dir=data_dir or config.data_dir)
