"""What a person's kind of module says of itself, held to what the language needs wherever it says it.

The built-in kinds are not held to it: their tests do that.
"""

from collections.abc import Callable
from functools import wraps
from operator import index
from typing import Any

from archwright.core.errors import ArchwrightError
from archwright.core.shape import Shape

_OURS = "archwright.core."


class WrongClaim(ArchwrightError, TypeError):
    """A kind of module that says of itself what cannot be so; the message says which method, and what it gave."""


def is_own(kind: type) -> bool:
    """Whether a kind of module is a person's own rather than built in."""
    return not kind.__module__.startswith(_OURS)


def says(kind: type, name: str) -> bool:
    """Whether a person's kind has a method of its own for `name`, rather than that of its base here."""
    method = getattr(kind, name, None)
    return method is not None and not method.__module__.startswith(_OURS)


def hold(kind: type) -> None:
    """Make the methods of a person's kind raise WrongClaim where what they give is not what they must."""
    for name, check in _CHECKS.items():
        if says(kind, name):
            setattr(kind, name, check(getattr(kind, name)))


def _shape(method: Callable[..., Any]) -> Callable[..., Shape]:
    @wraps(method)
    def checked(self: Any, *args: Any) -> Shape:
        given = method(self, *args)
        try:
            return tuple(index(axis) for axis in given)  # of a list or of numpy's integers, too
        except TypeError:
            raise _wrong(self, method, given, "a tuple of integers, such as (8, 32, 32)") from None

    return checked


def _parameters(method: Callable[..., Any]) -> Callable[..., int]:
    @wraps(method)
    def checked(self: Any, *args: Any) -> int:
        given = method(self, *args)
        try:
            number = index(given)
        except TypeError:
            number = -1
        if number < 0:
            raise _wrong(self, method, given, "a number of parameters, an integer of 0 or more")
        return number

    return checked


def _expansion(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def checked(self: Any) -> Any:
        given, again = method(self), method(self)
        if not hasattr(given, "subterms"):
            raise _wrong(self, method, given, "a module, such as aw.sequential(...)")
        if given != again:
            raise _wrong(self, method, given, f"the same whenever it is asked, and next it gave {again!r:.80}")
        return given

    return checked


def _wrong(module: Any, method: Callable[..., Any], given: Any, wanted: str) -> WrongClaim:
    return WrongClaim(f"{method.__name__} of {module.kind} gave {given!r:.80}; it must give {wanted}")


_CHECKS: dict[str, Callable[[Callable[..., Any]], Callable[..., Any]]] = {
    "out_shape": _shape,
    "child_in_shape": _shape,
    "merge": _shape,
    "parameters": _parameters,
    "expand": _expansion,
}
