"""Calls of builders: arguments that do not fit are named, with the nearest right names and all that the builder takes.

A builder makes a module, a range or an input; it is a function, or the class of a kind of module, also a person's own.
"""

import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from inspect import Parameter, Signature
from typing import Any, TypeVar

from archwright.core.errors import ArchwrightError, suggest_names

Builder = TypeVar("Builder", bound=Callable[..., Any])
INITIALIZER = "__init__"


class WrongArguments(ArchwrightError, TypeError):
    """Arguments that a builder does not take, or fewer than it needs."""


def name_wrong_arguments(build: Builder) -> Builder:
    """`build`, but it raises WrongArguments where it is called with arguments that do not fit it."""

    @wraps(build)
    def call(*args: Any, **named: Any) -> Any:
        try:
            return build(*args, **named)
        except TypeError as error:
            # Nothing is asked beforehand, since building should cost no time: a call that fits begins a frame.
            began = error.__traceback__ is not None and error.__traceback__.tb_next is not None
            problem = "" if began else _find_problem(build, args, named)
            if not problem:
                raise
            raise WrongArguments(problem) from None

    return call  # pyright: ignore[reportReturnType]  (which takes what `build` takes)


def name_wrong_fields(kind: type) -> None:
    """Have the class of a kind of module raise WrongArguments where it is called with arguments that do not fit it."""
    initializer = name_wrong_arguments(kind.__init__)
    setattr(kind, INITIALIZER, initializer)


def _find_problem(build: Callable[..., Any], args: Iterable[Any], named: Mapping[str, Any]) -> str:
    """What is wrong with the arguments of a call, and how it is made; empty if they fit."""
    name = how = getattr(build, "__name__", repr(build))
    parameters = [p.replace(annotation=Parameter.empty) for p in inspect.signature(build).parameters.values()]
    if name == INITIALIZER:
        term, *args = args
        name, how, parameters = term.kind, type(term).__name__, parameters[1:]
    signature = Signature(parameters)
    wrong, suggestion = _find_wrong_argument(signature, args, named)
    return wrong and f"{name} {wrong}; it is called as {how}{signature}{suggestion}"


def _find_wrong_argument(signature: Signature, args: Iterable[Any], named: Mapping[str, Any]) -> tuple[str, str]:
    """What is wrong with the first argument that does not fit, and names that are like its own; empty if all fit."""
    parameters = signature.parameters.values()
    known = [p.name for p in parameters if p.kind in (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)]
    unknown = [name for name in named if name not in known]
    if unknown and all(p.kind is not Parameter.VAR_KEYWORD for p in parameters):
        suggestion = suggest_names(unknown[0], known)
        return f"has no argument {unknown[0]!r}", f"; {suggestion}" if suggestion.endswith("?") else ""
    try:
        bound = signature.bind_partial(*args, **named).arguments
    except TypeError as error:
        return f"got {error}", ""
    missing = [p.name for p in parameters if p.name in known and p.default is Parameter.empty and p.name not in bound]
    return f"needs {' and '.join(missing)}" if missing else "", ""
