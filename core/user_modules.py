"""User-defined kinds of module, whose methods are checked to return what the language needs.

The methods of built-in kinds are not checked at run time, but by their tests.
"""

from collections.abc import Callable
from functools import wraps
from inspect import isfunction
from operator import index
from typing import Any, cast

from attrs import fields

from archwright.core.errors import ArchwrightError, show
from archwright.core.shape import Shape, TupleShape
from archwright.core.wiring import Wiring

_ONE_SHAPE = "a tuple of integers, such as (8, 32, 32)"
_SEVERAL_SHAPES = "; of outputs side by side, an aw.TupleShape of such tuples"
_BUILT_IN = "archwright.core."  # how the names of the modules of built-in kinds begin


class InvalidResult(ArchwrightError, TypeError):
    """A method of a user-defined kind returned something impossible; the message has the method and the result."""


def is_user_defined(kind: type) -> bool:
    """Whether a kind of module is user-defined rather than built in."""
    return not kind.__module__.startswith(_BUILT_IN)


def overrides(kind: type, name: str) -> bool:
    """Whether a user-defined kind has a method `name` that is not inherited from a built-in base."""
    method = getattr(kind, name, None)
    return method is not None and not method.__module__.startswith(_BUILT_IN)


def check_results(kind: type) -> None:
    """Wrap the methods of a user-defined kind so that they raise InvalidResult for an invalid result.

    InvalidResult, too, if a field stands in the place of a method, which would be called.
    """
    for base in kind.__mro__[1:]:
        hidden = [a.name for a in fields(kind) if isfunction(vars(base).get(a.name))]
        if hidden:
            raise InvalidResult(f"the field {hidden[0]} of {kind.__name__} hides a method; give it another name")
    for name, wrap in _CHECKS.items():
        if overrides(kind, name):
            setattr(kind, name, wrap(getattr(kind, name)))


def _check_shape(method: Callable[..., Any]) -> Callable[..., Shape]:
    @wraps(method)
    def call(self: Any, *args: Any) -> Shape:
        result = method(self, *args)
        try:
            return _as_tuple_shape(result) if type(result) is TupleShape else _as_axes(result)
        except TypeError:
            required = f"{_ONE_SHAPE}{_SEVERAL_SHAPES}" if _is_of_several(result) else _ONE_SHAPE
            raise _invalid(self, method, result, required) from None

    return call


def _is_of_several(result: Any) -> bool:
    """Whether it is, or was meant as, the shapes of several outputs."""
    return isinstance(result, TupleShape) or (
        isinstance(result, tuple | list) and any(map(_has_items, cast(Any, result)))
    )


def _has_items(item: Any) -> bool:
    return isinstance(item, tuple | list)


def _as_axes(result: Any) -> Shape:
    return tuple(index(axis) for axis in result)  # also of a list or of numpy's integers


def _as_tuple_shape(result: TupleShape) -> TupleShape:
    """TypeError for no shapes at all, and for what is none, such as another TupleShape."""
    if not result:
        raise TypeError
    return TupleShape(map(_as_axes, result.shapes))  # pyright: ignore[reportArgumentType]  (its items are shapes)


def _check_parameters(method: Callable[..., Any]) -> Callable[..., int]:
    @wraps(method)
    def call(self: Any, *args: Any) -> int:
        result = method(self, *args)
        try:
            count = index(result)
        except TypeError:
            count = -1
        if count < 0:
            raise _invalid(self, method, result, "a number of parameters, an integer of 0 or more")
        return count

    return call


def _check_expansion(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def call(self: Any) -> Any:
        expansion, second = method(self), method(self)
        if not hasattr(expansion, "subterms"):
            raise _invalid(self, method, expansion, "a module, such as aw.sequential(...)")
        if expansion != second:
            required = f"the same whenever it is asked, and next it gave {show(second)}"
            raise _invalid(self, method, expansion, required)
        return expansion

    return call


def _check_wiring(method: Callable[..., Any]) -> Callable[..., Wiring]:
    @wraps(method)
    def call(self: Any) -> Wiring:
        wiring, second = method(self), method(self)
        if not isinstance(wiring, Wiring):
            raise _invalid(self, method, wiring, "what flows into each child and out, such as aw.Wiring([0, 1], 2)")
        if wiring != second:
            raise _invalid(self, method, wiring, f"the same whenever it is asked, and next it gave {show(second)}")
        return wiring

    return call


def _invalid(module: Any, method: Callable[..., Any], result: Any, required: str) -> InvalidResult:
    return InvalidResult(f"{method.__name__} of {module.kind} gave {show(result)}; it must give {required}")


_CHECKS: dict[str, Callable[[Callable[..., Any]], Callable[..., Any]]] = {
    "out_shape": _check_shape,
    "child_in_shape": _check_shape,
    "merge": _check_shape,
    "parameters": _check_parameters,
    "expand": _check_expansion,
    "wiring": _check_wiring,
}
