"""What a person's function says of itself once it is imported, and the evaluation completed with that."""

from collections.abc import Mapping
from typing import Any

from attrs import evolve

from archwright.core.objective import read_objective
from archwright.evaluate.description import FunctionDescription
from archwright.evaluate.functions.evaluation import Function
from archwright.evaluate.functions.signature import SETTING_PARAMETERS, inspect_signature
from archwright.evaluate.settings import UnusedSetting
from archwright.store.origins import hash_source, read_source


def describe_function(function: Function, target: Any) -> FunctionDescription:
    """The description of the callable `target`, which `function` names.

    Raises NotCallable and WrongParameters.
    """
    signature = inspect_signature(function.source, target, function.absent)
    return FunctionDescription(signature.arguments, read_objective(target), hash_source(read_source(target)))


def complete_function(
    function: Function,
    description: FunctionDescription,
    *,
    metric: str | None = None,
    given: Mapping[str, str] | None = None,
) -> Function:
    """The function with the metric of a bare number, and its direction: what it says itself, or else `metric`.

    `given` are the settings that a person gave, with the words in which they are to be told of each, as in
    {"settings": "--train"}. Raises UnusedSetting where the function reads one of them with no parameter.
    """
    for name, words in (given or {}).items():
        parameters = SETTING_PARAMETERS.get(name, ())
        if parameters and not any(parameter in description for parameter in parameters):
            raise UnusedSetting(f"{words} does nothing: {function.source} has no parameter {' or '.join(parameters)}")
    objective = description.objective
    if objective is None:
        return evolve(function, metric=metric or function.metric)
    return evolve(function, metric=objective.metric, less_is_better=objective.direction == "minimize")
