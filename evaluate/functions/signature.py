"""The arguments that a user's function asks for by the names of its parameters."""

import difflib
import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from inspect import Parameter
from typing import Any

from attrs import field, frozen

from archwright.core.errors import ArchwrightError, show
from archwright.core.protocols import Job
from archwright.core.taken_input import SpaceWithInput
from archwright.core.term import Term
from archwright.evaluate.verdict import Verdict

LEADING_ARGUMENTS = ("architecture", "budget")  # for the first two parameters, if they have other names
TORCH_ARGUMENTS = ("model", "device", "data")  # for which a worker imports torch
NAMED_ARGUMENTS = ("horizon", "checkpoint")  # that a function gets only if it names them
# All there are.
ARGUMENTS = (
    *LEADING_ARGUMENTS,
    "settings",
    "seed",
    "report",
    "input",
    "input_shape",
    *NAMED_ARGUMENTS,
    *TORCH_ARGUMENTS,
)
# Settings of a function's evaluation, and the parameters of the function that read them.
SETTING_PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "settings": ("settings",),
    "validation": ("data",),
    "split_seed": ("data",),
    "image_size": ("data",),
    "reader": ("data",),
    "device": TORCH_ARGUMENTS,
}
MISSPELLING_SIMILARITY = 0.75  # from which on a name is taken for a misspelling of one of ARGUMENTS, in [0, 1]
_NO_INPUT = (
    "nothing says the input of the models: give it, as in --input 64, --input 3,32,32 or --input tokens:50,20 "
    "(input=aw.features(64), aw.image(3, 32, 32) or aw.tokens(50, 20) in Python), or give data, as in --data digits "
    "(aw.function(..., data='digits') in Python)"
)
ABSENCES: Mapping[str, str] = {  # why there are no arguments that do not exist in every search, and what to do
    "data": "nothing says which data set: give one, as in --data digits (aw.function(..., data='digits') in Python)",
    "model": _NO_INPUT,
    "input": _NO_INPUT,
    "input_shape": _NO_INPUT,
}


class NotCallable(ArchwrightError, TypeError):
    """Something other than a function where one is to evaluate architectures."""


class WrongParameters(ArchwrightError, TypeError):
    """A function with a required parameter for which there is no argument."""


@frozen
class Signature:
    """The arguments that a function is called with, by their names in ARGUMENTS."""

    by_position: tuple[str, ...]
    by_name: tuple[str, ...]

    def __contains__(self, name: str) -> bool:
        return name in self.by_position or name in self.by_name

    @property
    def arguments(self) -> tuple[str, ...]:
        """The names of all, in the order of ARGUMENTS."""
        return tuple(name for name in ARGUMENTS if name in self)

    @property
    def needs_torch(self) -> bool:
        """Whether some of its arguments are made with torch."""
        return any(name in self for name in TORCH_ARGUMENTS)

    def bind(self, values: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """The positional and the keyword arguments to call the function with, taken from the `values` of all."""
        return [values[name] for name in self.by_position], {name: values[name] for name in self.by_name}


def _return_verdict(verdict: Verdict, job: Job) -> Verdict:
    del job
    return verdict


@frozen
class JobArguments:
    """The arguments that are made with torch for one job."""

    values: Mapping[str, Any] = field(factory=dict[str, Any])  # by their names in TORCH_ARGUMENTS
    # Called with the verdict of a job that ended well: leaves the model's artifacts, and adds the costs to the metrics.
    finish: Callable[[Verdict, Job], Verdict] = _return_verdict


MakeArguments = Callable[[Term, int], JobArguments]  # from the architecture and the seed of the job


def require_callable(source: str, given: object) -> None:
    """NotCallable for what cannot be called, and for a search space, which some take for the first argument."""
    if isinstance(given, Term | SpaceWithInput):
        raise NotCallable(
            f"{source} is a search space; the space comes first and the evaluation second, as in "
            "aw.search(space, evaluation)"
        )
    if not callable(given):
        raise NotCallable(
            f"{source} is {show(given)}; it must be a function that returns the score: give evaluate itself, not "
            f"evaluate(...); it may ask for {', '.join(ARGUMENTS)}"
        )


def inspect_signature(source: str, function: Any, absent: Collection[str] = ()) -> Signature:
    """The arguments that the callable `function` asks for, see `parse_signature`.

    Raises NotCallable and WrongParameters.
    """
    require_callable(source, function)
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except ValueError:  # of some functions that are written in C
        raise NotCallable(f"{source} does not say what its parameters are; wrap it in a function that does") from None
    return parse_signature(source, parameters, absent)


def parse_signature(source: str, parameters: Sequence[Parameter], absent: Collection[str] = ()) -> Signature:
    """The arguments that the function `source` asks for with its parameters, where `absent` ones do not exist.

    Each parameter gets the argument of its name; but the first two, if they have other names, get the architecture and
    the budget. A parameter with a default keeps it where there is no argument of its name, and `**rest` gets every
    argument that needs no torch, but for NAMED_ARGUMENTS. Raises WrongParameters.
    """
    leading = _find_leading(parameters)
    others = [p for p in parameters if p not in leading]
    known = [name for name in ARGUMENTS if name not in absent]
    matched = {p.name for p in others if p.name in known and p.kind is not p.POSITIONAL_ONLY}
    _require_none(source, [p.name for p in others if p.name not in matched and _is_required(p)], absent)
    by_position = LEADING_ARGUMENTS if leading else ()
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        matched |= set(known) - {*TORCH_ARGUMENTS, *NAMED_ARGUMENTS, *by_position}
    return Signature(by_position, tuple(name for name in ARGUMENTS if name in matched))


def _find_leading(parameters: Sequence[Parameter]) -> Sequence[Parameter]:
    """The parameters that get LEADING_ARGUMENTS by position: two that have no other argument's name, or `*args`."""
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if not positional:
        return [p for p in parameters if p.kind is p.VAR_POSITIONAL]
    is_pair = len(positional) > 1 and all(map(_may_stand_for, positional, LEADING_ARGUMENTS))
    return positional[:2] if is_pair else []


def _may_stand_for(parameter: Parameter, argument: str) -> bool:
    """Whether a leading parameter is named after the argument, or resembles the name of none."""
    similar = difflib.get_close_matches(parameter.name, ARGUMENTS, n=1, cutoff=MISSPELLING_SIMILARITY)
    return parameter.name == argument or not similar


def _is_required(parameter: Parameter) -> bool:
    variable = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
    return parameter.default is Parameter.empty and parameter.kind not in variable


def _require_none(source: str, names: Sequence[str], absent: Collection[str]) -> None:
    """Nothing, if there are no `names` of required parameters without an argument; else WrongParameters."""
    for name in names:
        if name in absent:
            raise WrongParameters(f"{source} reads {name}, and {ABSENCES[name]}")
    if names:
        raise WrongParameters(
            f"{source} has the parameter{'s' * (len(names) > 1)} {', '.join(names)}, for which there is nothing; "
            f"a function may ask for {', '.join(ARGUMENTS)}, and have others with a default"
        )
