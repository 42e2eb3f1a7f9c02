"""The evaluation of a search, as its options say."""

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import evolve

from archwright.cli.runs.stopping import parse_stopping_rule
from archwright.cli.user_code import trust_named_data, trust_named_source
from archwright.cli.values import BadOption, parse_settings, require_plain_text
from archwright.core.budget import Budget, parse_budget
from archwright.core.json import JSON
from archwright.core.objective import Objective
from archwright.core.term import Term
from archwright.display.console import say
from archwright.evaluate.evaluation import Evaluation, evaluation_from_json
from archwright.evaluate.functions.evaluation import Function
from archwright.evaluate.training.evaluation import Training
from archwright.evaluate.training.recipe import make_recipe
from archwright.store.user_code import BadSourceName, is_source

TABLE_KINDS = ("nasbench201", "fcnet")


def configure_evaluator(
    source: str | None, data: str | None, metric: str | None, train: Sequence[str], options: Mapping[str, Any]
) -> Evaluation:
    """The evaluation that the options name: a table, a user's function, or, without a source, training."""
    trust_named_data(data)
    if source is None:
        return configure_training(data, train, options)
    kind, _, rest = source.partition(":")
    if kind in TABLE_KINDS:
        _refuse_training_options(["keep", "validation", "image_size", "reader", "device", "train"], train, options)
        path, *settings = rest.split(",")
        return evaluation_from_json({"kind": kind, "table": path, **parse_settings("--evaluator", settings)})
    _refuse_training_options(["keep"], train, options)
    return configure_function(source, data, metric, train, options)


def choose_budget(evaluation: Evaluation, text: str | None) -> Budget:
    """The budget of a trial that `text` names, or the usual one; NotInTable where a table has no results for it."""
    if text and evaluation.reads_budget is False:
        say(f"--budget does nothing: {evaluation.description} has no parameter budget", err=True)
    budget = parse_budget(text) if text else evaluation.usual_budget
    evaluation.require_budget(budget)
    return budget


def choose_models_to_keep(evaluation: Evaluation, keep_models: int | None) -> int:
    """The number of best trials whose models are kept; by default 1 where there may be models, else 0."""
    return int(evaluation.leaves_models) if keep_models is None else keep_models


def say_overruled_settings(evaluation: Evaluation, space: Term) -> None:
    """Print on stderr which --train settings do nothing, since every model of the space sets them itself."""
    for sentence in evaluation.list_overruled_settings(space):
        say(f"--train {sentence}", err=True)


def choose_objective(evaluation: Evaluation, metric: str | None, minimize: bool | None) -> Objective:
    """The objective that the options name, or the usual one; WrongMetric for one that no search may have."""
    return evaluation.choose_objective(require_plain_text("--metric", metric) if metric else None, minimize)


def choose_goal(
    evaluation: Evaluation, *, metric: str | None, minimize: bool | None, stopping: str | None, budget: str | None
) -> tuple[Objective, JSON, Budget]:
    """The objective, the rule that stops trials early, and the budget of a trial; raises what is wrong with each."""
    objective = choose_objective(evaluation, metric, minimize)
    return objective, parse_stopping_rule(stopping, evaluation, objective), choose_budget(evaluation, budget)


def configure_training(data: str | None, train: Sequence[str], options: Mapping[str, Any]) -> Training:
    """Training on `data`, with these `options`; those that are None have their defaults."""
    settings = parse_settings("--train", train)
    make_recipe(settings)  # raises what is wrong with them
    training = Training(data or "digits", settings=settings)
    return evolve(training, **_select_given(options))


def configure_function(
    source: str, data: str | None, metric: str | None, train: Sequence[str], options: Mapping[str, Any]
) -> Function:
    """A user's function as the evaluation, with these `options`; a bare number is `metric` unless it says otherwise."""
    if not is_source(source):
        raise BadSourceName(f"the evaluator is {source!r}; write file.py:function or module:function")
    function = Function(trust_named_source(source), data=data, settings=parse_settings("--train", train))
    return evolve(function, metric=metric or function.metric, **_select_given(options))


def name_given_options(train: Sequence[str], options: Mapping[str, Any]) -> Mapping[str, str]:
    """The names of the evaluation's settings that the options give, with the options as the user writes them."""
    names = {name: f"--{name.replace('_', '-')}" for name in _select_given(options)}
    return {**names, **({"settings": "--train"} if train else {})}


def _select_given(options: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _refuse_training_options(names: Sequence[str], train: Sequence[str], options: Mapping[str, Any]) -> None:
    """BadOption where one of the named options, which are for training alone, was given."""
    for name in names:
        if (train or None if name == "train" else options.get(name)) is not None:
            raise BadOption(f"--{name.replace('_', '-')} is for training; it does not go with --evaluator")
