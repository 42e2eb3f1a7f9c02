"""What a person's function says of itself once it is imported, and the evaluation completed with that."""

from collections.abc import Mapping
from typing import Any

from attrs import evolve, frozen

from archwright.core.errors import ArchwrightError
from archwright.core.objective import Objective, read_objective
from archwright.evaluate.config import Function
from archwright.evaluate.functions.callables import hash_source, read_source
from archwright.evaluate.functions.signature import TORCH_ARGUMENTS, inspect_signature

# Settings of a function's evaluation, and the parameters of the function that read them.
SETTING_PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "settings": ("settings",),
    "validation": ("data",),
    "split_seed": ("data",),
    "image_size": ("data",),
    "reader": ("data",),
    "device": TORCH_ARGUMENTS,
}


class UnusedSetting(ArchwrightError, ValueError):
    """A setting of a function's evaluation that the function has no parameter for."""


@frozen
class FunctionDescription:
    """What a worker says of a person's function when it is ready; made in the process where the function is known."""

    arguments: tuple[str, ...]  # the names of those that it gets, in the order of signature.ARGUMENTS
    objective: Objective | None = None  # that `aw.score` has set; None: it says none
    source_hash: str | None = None  # SHA-256 of its source text in hexadecimal digits; None where there is no text

    def __contains__(self, argument: str) -> bool:
        return argument in self.arguments


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
