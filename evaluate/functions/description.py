"""What a person's function says of itself once it is imported, and the evaluation completed with that."""

from typing import Any, TypeVar

from attrs import evolve

from archwright.core.objective import describe_table, read_objective
from archwright.evaluate.building import EVALUATION_KIND
from archwright.evaluate.description import FunctionDescription
from archwright.evaluate.functions.evaluation import Function
from archwright.evaluate.functions.signature import SETTING_PARAMETERS, NotCallable, inspect_signature
from archwright.evaluate.settings import UnusedHyperparameter, UnusedSetting
from archwright.store.origins import hash_source, read_source

FunctionKind = TypeVar("FunctionKind", bound=Function)


def describe_function(function: Function, target: Any) -> FunctionDescription:
    """The description of the callable `target`, which `function` names; or that it is an evaluation, and none.

    Raises NotCallable and WrongParameters.
    """
    if EVALUATION_KIND.has_members(target):
        return FunctionDescription((), is_evaluation=True)
    signature = inspect_signature(function.source, target, function.absent)
    objective, text_hash = read_objective(target), hash_source(read_source(target))
    return FunctionDescription(signature.arguments, objective, text_hash, table=describe_table(target))


def complete_function(
    function: FunctionKind,
    description: FunctionDescription,
    *,
    metric: str | None = None,
) -> FunctionKind:
    """The function with its description, the metric of a bare number, and its direction: as it says, or else `metric`.

    See `Evaluation.complete`. Raises NotCallable, too, where it is no function by now.
    """
    if description.is_evaluation:
        raise NotCallable(f"{function.source} is an evaluation by now, and this needs the function that it was before")
    for name in function.changed_settings:
        if not any(parameter in description for parameter in SETTING_PARAMETERS[name]):
            raise _describe_unused(function, name)
    goes_on = function.can_continue or "checkpoint" in description
    function = evolve(function, said=description, ignores_budget="budget" not in description, can_continue=goes_on)
    objective = description.objective
    if objective is None:
        return evolve(function, metric=metric or function.metric)
    return evolve(function, metric=objective.metric, less_is_better=objective.direction == "minimize")


def _describe_unused(function: Function, name: str) -> UnusedSetting:
    """The error of a setting that the function has no parameter for.

    Settings that came with the function's text are told by their own names.
    """
    parameters = f"{function.source} has no parameter {' or '.join(SETTING_PARAMETERS[name])}"
    if name == "settings" and function.text_settings:
        named = ", ".join(function.text_settings)
        return UnusedHyperparameter(
            f"{named} {'do' if len(function.text_settings) > 1 else 'does'} nothing: {parameters}"
        )
    return UnusedSetting(f"{name} {'do' if name.endswith('s') else 'does'} nothing: {parameters}")
