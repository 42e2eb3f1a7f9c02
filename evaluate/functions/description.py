"""What a person's function says of itself once it is imported, and the evaluation completed with that."""

from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import evolve

from archwright.core.objective import read_objective
from archwright.evaluate.description import FunctionDescription
from archwright.evaluate.evaluation import is_evaluation_code
from archwright.evaluate.functions.evaluation import Function
from archwright.evaluate.functions.signature import SETTING_PARAMETERS, NotCallable, inspect_signature
from archwright.evaluate.settings import UnusedSetting
from archwright.store.origins import hash_source, read_source

FunctionKind = TypeVar("FunctionKind", bound=Function)


def describe_function(function: Function, target: Any) -> FunctionDescription:
    """The description of the callable `target`, which `function` names; or that it is an evaluation, and none.

    Raises NotCallable and WrongParameters.
    """
    if is_evaluation_code(target):
        return FunctionDescription((), is_evaluation=True)
    signature = inspect_signature(function.source, target, function.absent)
    return FunctionDescription(signature.arguments, read_objective(target), hash_source(read_source(target)))


def complete_function(
    function: FunctionKind,
    description: FunctionDescription,
    *,
    metric: str | None = None,
    words: Mapping[str, str] | None = None,
) -> FunctionKind:
    """The function with its description, the metric of a bare number, and its direction: as it says, or else `metric`.

    See `Evaluation.complete`. Raises NotCallable, too, where it is no function by now.
    """
    if description.is_evaluation:
        raise NotCallable(f"{function.source} is an evaluation by now, and this needs the function that it was before")
    words = {**{name: name for name in function.changed_settings}, **(words or {})}
    for name, parameters in SETTING_PARAMETERS.items():
        if name in words and not any(parameter in description for parameter in parameters):
            verb = "do" if words[name].endswith("s") else "does"
            raise UnusedSetting(
                f"{words[name]} {verb} nothing: {function.source} has no parameter {' or '.join(parameters)}"
            )
    function = evolve(function, said=description)
    objective = description.objective
    if objective is None:
        return evolve(function, metric=metric or function.metric)
    return evolve(function, metric=objective.metric, less_is_better=objective.direction == "minimize")
