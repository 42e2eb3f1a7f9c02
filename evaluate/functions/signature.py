"""What a person's own function asks for: everything that it has a parameter of the right name for."""

import difflib
from collections.abc import Callable, Collection, Mapping, Sequence
from inspect import Parameter
from typing import Any

from attrs import field, frozen

from archwright.core.errors import ArchwrightError
from archwright.core.protocols import Job
from archwright.core.term import Term
from archwright.evaluate.verdict import Verdict

LEADING_ARGUMENTS = (
    "architecture",
    "budget",
)  # what a function gets whose first two parameters have names of their own
TORCH_ARGUMENTS = ("model", "device", "data")  # for which a worker imports torch
ARGUMENTS = (*LEADING_ARGUMENTS, "settings", "seed", "report", "input_shape", *TORCH_ARGUMENTS)
ALIKE = 0.75  # how similar to one of these a name is that is taken for a misspelling of it
REMEDIES: Mapping[str, str] = {  # for what is not always there
    "data": "say which data set it is to get, as in --data digits",
    "model": "for the shape of its inputs, give --data, or --input-shape as in 3,32,32 or 16",
    "input_shape": "give --data, or --input-shape as in 3,32,32 or 16",
}


class WrongParameters(ArchwrightError, TypeError):
    """A function with a parameter that there is nothing for."""


@frozen
class Signature:
    """What the parameters of a function get, by names of OFFERED."""

    by_position: tuple[str, ...]
    by_name: tuple[str, ...]

    def __contains__(self, name: str) -> bool:
        return name in self.by_position or name in self.by_name

    @property
    def needs_torch(self) -> bool:
        """Whether some of it is made with torch."""
        return any(name in self for name in TORCH_ARGUMENTS)

    def arguments(self, values: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """Those to call the function with, positional and by name."""
        return [values[name] for name in self.by_position], {name: values[name] for name in self.by_name}


def parse_signature(source: str, parameters: Sequence[Parameter], absent: Collection[str] = ()) -> Signature:
    """What the function `source` asks for with its parameters, where those of OFFERED that are `absent` are not there.

    Each parameter gets what it is named after; but two first ones of other names get the architecture and the budget.
    A parameter with a default keeps it where there is nothing of its name, and `**rest` gets whatever needs no torch.
    Raises WrongParameters.
    """
    leading = _leading(parameters)
    rest = [p for p in parameters if p not in leading]
    got = {p.name for p in rest if p.name in ARGUMENTS and p.name not in absent and p.kind is not p.POSITIONAL_ONLY}
    _refuse(source, [p.name for p in rest if p.name not in got and _is_required(p)], absent)
    first = LEADING_ARGUMENTS if leading else ()
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        got |= set(ARGUMENTS) - {*TORCH_ARGUMENTS, *first, *absent}
    return Signature(first, tuple(name for name in ARGUMENTS if name in got))


def _leading(parameters: Sequence[Parameter]) -> Sequence[Parameter]:
    """The parameters that get FIRST_TWO by position: two that are not named after something else, or `*arguments`."""
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if not positional:
        return [p for p in parameters if p.kind is p.VAR_POSITIONAL]
    fits = len(positional) > 1 and all(map(_stands_for, positional, LEADING_ARGUMENTS))
    return positional[:2] if fits else []


def _stands_for(parameter: Parameter, offered: str) -> bool:
    alike = difflib.get_close_matches(parameter.name, ARGUMENTS, n=1, cutoff=ALIKE)
    return parameter.name == offered or not alike


def _is_required(parameter: Parameter) -> bool:
    variable = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
    return parameter.default is Parameter.empty and parameter.kind not in variable


def _refuse(source: str, names: Sequence[str], absent: Collection[str]) -> None:
    """WrongParameters where there are names of required parameters that get nothing."""
    for name in names:
        if name in absent:
            raise WrongParameters(f"{source} has a parameter {name}, and there is none; {REMEDIES[name]}")
    if names:
        raise WrongParameters(
            f"{source} has the parameter{'s' * (len(names) > 1)} {', '.join(names)}, for which there is nothing; "
            f"a function may ask for {', '.join(ARGUMENTS)}, and have others with a default"
        )


def _as_it_is(verdict: Verdict, job: Job) -> Verdict:
    del job
    return verdict


@frozen
class JobArguments:
    """What a function gets for a job beside what every one gets, by names of asking.OFFERED."""

    given: Mapping[str, Any] = field(factory=dict[str, Any])
    finished: Callable[[Verdict, Job], Verdict] = _as_it_is  # of a job that ended well: keeps and adds what is due


MakeArguments = Callable[[Term, int], JobArguments]  # from the architecture and the seed of the job
