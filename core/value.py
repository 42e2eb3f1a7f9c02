"""The values of hyperparameters: plain JSON ones, whichever library's numbers a person wrote."""

import math
from collections.abc import Sequence
from numbers import Integral, Real
from operator import index
from typing import Any, cast

from archwright.core.errors import ArchwrightError

Value = bool | int | float | str

LARGEST = 10**300  # of integers, above and below 0: a float holds them, with room to reckon in
LONGEST = 1_000_000  # values of a list: more of them are a range


class InvalidDomain(ArchwrightError, ValueError):
    """A domain that holds nothing, or something that is not a plain JSON value."""


class IllegalValue(ArchwrightError, ValueError):
    """A value that a hyperparameter cannot take."""


def plain(value: Any) -> Value:
    """`value` as a plain JSON value: a number or text of another library becomes Python's where it is exactly that."""
    kind = cast(type[object], type(value))
    if kind is bool:
        return value
    if kind is int:
        return _bounded(value)
    if kind is float:
        if math.isfinite(value):
            return value
        raise InvalidDomain(f"a hyperparameter's value is {value}; values must be finite")
    if kind is str:
        return _encodable(value)
    return _converted(value)


def told(value: object) -> str:
    """A value as an error shows it: whatever it is, in a few words."""
    if isinstance(value, int) and abs(value) > LARGEST:
        return f"an integer of {value.bit_length()} bits"
    return str(value)


def _converted(value: Any) -> Value:
    """A value of another type than the plain ones, as one of them."""
    item = value.item() if getattr(value, "ndim", None) == 0 and hasattr(value, "item") else value
    if type(item) in (bool, int, float, str):
        return plain(item)
    if isinstance(item, str):
        return plain(str.__str__(item))
    if isinstance(item, Integral):
        return plain(int(item))
    if isinstance(item, Real) and (number := _as_float(item)) is not None:
        return plain(number)
    raise InvalidDomain(
        f"a hyperparameter's value is {value!r:.80} of type {type(value).__name__}; values are bool, int, float or str"
    )


def _as_float(number: Any) -> float | None:
    """A number as a float; None where there is none that equals it."""
    try:
        found = float(number)
    except (OverflowError, ValueError):
        return None
    return found if found == number else None


def _bounded(value: int) -> int:
    if abs(value) > LARGEST:
        raise InvalidDomain(f"a hyperparameter's value is {told(value)}; integers go from -10^300 to 10^300")
    return value


def _encodable(text: str) -> str:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise InvalidDomain(f"a hyperparameter's value is {text!r}, which no text file can hold: {error}") from None
    return text


def flag(given: Any) -> bool:
    """True or False, of whichever library. InvalidDomain for anything else."""
    value = plain(given)
    if not isinstance(value, bool):
        raise InvalidDomain(f"{given!r} stands where a domain takes True or False")
    return value


def whole(given: Any) -> Any:
    """An integer of any library as Python's; anything else, and True and False, as it is."""
    if isinstance(given, bool):
        return given
    try:
        return index(given)
    except TypeError:
        return given


def real(given: Any) -> float:
    """A number of any library as a float. InvalidDomain for anything else, also for one that no float equals."""
    if isinstance(given, float):
        return float(given)  # a subclass becomes Python's; what is not finite is for others to refuse
    value = whole(given)
    if type(value) is int:
        number = _as_float(value)
    else:
        value = plain(given)
        number = value if isinstance(value, float) else None
    if number is None:
        raise InvalidDomain(f"a bound of reals is {given!r:.80}; write a number, such as 1e-4, that a float can hold")
    return number


def listed(given: Any) -> Sequence[Any] | None:
    """What a list, a tuple, a range or an array with one axis holds, in its order; None of anything else."""
    if isinstance(given, range) and len(given) > LONGEST:
        raise InvalidDomain(f"{given} has more than {LONGEST:,} values; write integers(lo, hi) for so many")
    if isinstance(given, list | tuple | range):
        return cast(Sequence[Any], given)
    if getattr(given, "ndim", None) == 1 and hasattr(given, "tolist"):
        return given.tolist()
    return None
