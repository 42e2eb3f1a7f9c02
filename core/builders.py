"""Calls of builders: arguments that do not fit are named, with the nearest right names and all that the builder takes.

A builder makes a module, a range or an input; it is a function, or the class of a kind of module, also a person's own.
"""

import inspect
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from inspect import Parameter, Signature
from typing import Any, TypeVar

import attrs

from archwright.core.errors import ArchwrightError, show, suggest_names

Builder = TypeVar("Builder", bound=Callable[..., Any])
AttrsKind = TypeVar("AttrsKind", bound=type[Any])
Explain = Callable[[str, Any], str]  # of a name and its value, empty for nothing
INITIALIZER = "__init__"
_MODULES_OF_KINDS = "archwright.core.modules."  # of the built-in kinds of modules


class WrongArguments(ArchwrightError, TypeError):
    """Arguments that a builder does not take, or fewer than it needs."""


def _explain_nothing(name: str, value: Any) -> str:
    del name, value
    return ""


def name_wrong_arguments(build: Builder, explain: Explain = _explain_nothing) -> Builder:
    """`build`, but it raises WrongArguments where it is called with arguments that do not fit it.

    `explain` says what a name and its value belong to that it does not take; an example of a call is in its docstring.
    """

    @wraps(build)
    def call(*args: Any, **named: Any) -> Any:
        try:
            return build(*args, **named)
        except TypeError as error:
            # Nothing is asked beforehand, since building should cost no time: a call that fits begins a frame.
            began = error.__traceback__ is not None and error.__traceback__.tb_next is not None
            problem = "" if began else _find_problem(build, args, named, explain)
            if not problem:
                raise
            raise WrongArguments(problem) from None

    return call  # pyright: ignore[reportReturnType]  (which takes what `build` takes)


def name_wrong_fields(kind: AttrsKind, explain: Explain = _explain_nothing) -> AttrsKind:
    """The attrs class, which raises WrongArguments from now on where it is called with arguments that do not fit it."""
    initializer = name_wrong_arguments(kind.__init__, explain)
    setattr(kind, INITIALIZER, initializer)
    return kind


def refuse_argument(build: Callable[..., Any], name: str, value: object) -> WrongArguments:
    """The error for an argument `name` that a function takes for modules only, where its value is none."""
    parameters = _list_parameters(build)
    known = Signature([p for p in parameters if p.kind is not Parameter.VAR_KEYWORD])
    wrong, suggestion = _find_wrong_argument(known, (), {name: None}, _explain_nothing)
    remedy = suggestion or f"; under a name goes a module, such as relu(), and not {show(value)}"
    return WrongArguments(_format_problem(build.__name__, wrong, Signature(parameters), build.__doc__, remedy))


def _list_parameters(build: Callable[..., Any]) -> list[Parameter]:
    """Without their types."""
    return [p.replace(annotation=Parameter.empty) for p in inspect.signature(build).parameters.values()]


def _find_problem(build: Callable[..., Any], args: Iterable[Any], named: Mapping[str, Any], explain: Explain) -> str:
    """What is wrong with the arguments of a call, and how it is made; empty if they fit."""
    name = getattr(build, "__name__", repr(build))
    parameters = _list_parameters(build)
    if name == INITIALIZER:
        instance, *args = args
        cls = _find_called_class(instance.__class__, build)
        name = _name_builder(cls)
        parameters = [_show_default(cls, p) for p in parameters[1:]]
    signature = Signature(parameters)
    wrong, suggestion = _find_wrong_argument(signature, args, named, explain)
    return wrong and _format_problem(name, wrong, signature, build.__doc__, suggestion)


def _format_problem(name: str, wrong: str, signature: Signature, docstring: str | None, suggestion: str) -> str:
    signature = Signature([p for p in signature.parameters.values() if not _is_given_name(p)])
    written = re.search(rf"`({name}\([^`]+\))`", docstring or "")
    example = f", as in {written[1]}" if written else ""
    return f"{name} {wrong}; it is called as {name}{signature}{example}{suggestion}"


def _is_given_name(parameter: Parameter) -> bool:
    """Whether it takes the name of a module, which calls are shown without: every kind of module takes one."""
    return parameter.kind is Parameter.KEYWORD_ONLY and parameter.name in ("name", "given_name")


def _find_called_class(cls: type[Any], initializer: Callable[..., Any]) -> type[Any]:
    """The class that was called: `cls`, or the base of it that has this initializer, which that of `cls` has called."""
    owners = [owner for owner in cls.__mro__ if INITIALIZER in vars(owner)]
    called = [owner for owner in owners if getattr(vars(owner)[INITIALIZER], "__wrapped__", None) is initializer]
    return called[0] if called and called[0] is not owners[0] else cls


def _name_builder(cls: type[Any]) -> str:
    """What a person calls to make an instance: a built-in kind of module by its lower-case name, if it takes that."""
    is_built_in = cls.__module__.startswith(_MODULES_OF_KINDS)
    return cls.kind if is_built_in and not hasattr(sys.modules[cls.__module__], cls.kind) else cls.__name__


class _MadeLater:
    """Stands in a signature for a default that is made of the other fields."""

    def __repr__(self) -> str:
        return "..."


def _show_default(cls: type[Any], parameter: Parameter) -> Parameter:
    """The parameter of a field with the default that is made anew for each instance, where no other field is needed."""
    if parameter.default is not attrs.NOTHING:
        return parameter
    default: Any = next(field.default for field in attrs.fields(cls) if field.alias == parameter.name)
    return parameter.replace(default=_MadeLater() if default.takes_self else default.factory())


def _find_wrong_argument(
    signature: Signature, args: Iterable[Any], named: Mapping[str, Any], explain: Explain
) -> tuple[str, str]:
    """What is wrong with the first argument that does not fit, and names that are like its own; empty if all fit."""
    parameters = signature.parameters.values()
    known = [p.name for p in parameters if p.kind in (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)]
    unknown = [name for name in named if name not in known]
    if unknown and all(p.kind is not Parameter.VAR_KEYWORD for p in parameters):
        name = unknown[0]
        nearest = suggest_names(name, [p.name for p in parameters if p.name in known and not _is_given_name(p)])
        remedy = explain(name, named[name]) or (nearest if nearest.endswith("?") else "")
        return f"has no argument {name!r}", f"; {remedy}" if remedy else ""
    try:
        bound = signature.bind_partial(*args, **named).arguments
    except TypeError as error:
        return f"got {error}", ""
    missing = [p.name for p in parameters if p.name in known and p.default is Parameter.empty and p.name not in bound]
    return f"needs {' and '.join(missing)}" if missing else "", ""
