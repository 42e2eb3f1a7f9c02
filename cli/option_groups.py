"""Options that go together as one parameter: a class whose fields are options stands for all of them."""

import inspect
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

from attrs import fields, has


def spread_options(command: Callable[..., None]) -> Callable[..., None]:
    """`command` with an option for each field of the classes of options that its parameters are of."""
    signature = inspect.signature(command)
    groups = {name: each.annotation for name, each in signature.parameters.items() if has(each.annotation)}

    @wraps(command)
    def run(**values: Any) -> None:
        for name, group in groups.items():
            values[name] = group(**{option.name: values.pop(option.name) for option in fields(group)})
        command(**values)

    parameters = [option for each in signature.parameters.values() for option in _spread(each)]
    run.__dict__["__signature__"] = signature.replace(parameters=parameters)
    run.__annotations__ = {option.name: option.annotation for option in parameters}
    return run


def _spread(parameter: inspect.Parameter) -> Iterator[inspect.Parameter]:
    """The fields of its class of options; itself, if it is an option."""
    if not has(parameter.annotation):
        yield parameter
        return
    for option in fields(parameter.annotation):
        yield parameter.replace(name=option.name, annotation=option.type, default=option.default)
