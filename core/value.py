"""The values of hyperparameters: plain JSON values, also made of the numbers and texts of other libraries."""

import math
from collections.abc import Sequence
from numbers import Integral, Real
from operator import index
from typing import Any, cast

from archwright.core.errors import ArchwrightError, show

Value = bool | int | float | str
Path = tuple[tuple[str, Value], ...]  # the name and value of each choice, in order

MAX_INTEGER = 10**300  # of the absolute value: a float holds it, with room for arithmetic
MAX_VALUES = 1_000_000  # of a range; a longer one is written as integers(lo, hi)


class InvalidDomain(ArchwrightError, ValueError):
    """A domain that holds nothing, or no plain JSON values, or whose weights or prior say nothing of its values."""


class IllegalValue(ArchwrightError, ValueError):
    """A value that a hyperparameter cannot take."""


def as_value(value: Any) -> Value:
    """`value` as a plain JSON value; a number or text of another library becomes Python's if it converts exactly.

    InvalidDomain for any other type, for a number that is not finite or too large, and for text that UTF-8 cannot
    encode.
    """
    kind = cast(type[object], type(value))
    if kind is bool:
        return value
    if kind is int:
        if abs(value) > MAX_INTEGER:
            raise InvalidDomain(
                f"a hyperparameter's value is {format_value(value)}; integers go from -10^300 to 10^300"
            )
        return value
    if kind is float:
        if math.isfinite(value):
            return value
        raise InvalidDomain(f"a hyperparameter's value is {value}; values must be finite")
    if kind is str:
        return _require_encodable(value)
    return _convert(value)


def _require_encodable(text: str) -> str:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise InvalidDomain(f"a hyperparameter's value is {text!r}, which no text file can hold: {error}") from None
    return text


def _convert(value: Any) -> Value:
    """A scalar of another library, a number or a text as a plain value."""
    scalar = value.item() if getattr(value, "ndim", None) == 0 and hasattr(value, "item") else value
    if type(scalar) in (bool, int, float, str):
        return as_value(scalar)
    if isinstance(scalar, str):
        return as_value(str.__str__(scalar))
    if isinstance(scalar, Integral):
        return as_value(int(scalar))
    if isinstance(scalar, Real) and (number := _to_equal_float(scalar)) is not None:
        return as_value(number)
    kind = cast(type[object], type(value))
    several = "; several stand side by side, as in [16, 32] or values(16, 32)" if kind in (list, tuple) else ""
    raise InvalidDomain(
        f"a hyperparameter's value is {show(value)} of type {kind.__name__}; values are bool, int, float or "
        f"str{several}"
    )


def _to_equal_float(number: Any) -> float | None:
    """The float that equals `number`; None if no float does."""
    try:
        converted = float(number)
    except (OverflowError, ValueError):
        return None
    return converted if converted == number else None


def as_bool(value: Any) -> bool:
    """True or False, also of another library. InvalidDomain for anything else."""
    converted = as_value(value)
    if not isinstance(converted, bool):
        raise InvalidDomain(f"{show(value)} stands where a domain takes True or False")
    return converted


def as_integer(value: Any) -> Any:
    """An integer of another library as Python's; anything else, also True and False, unchanged."""
    if isinstance(value, bool):
        return value
    try:
        return index(value)
    except TypeError:
        return value


def as_float(value: Any) -> float:
    """A number, also of another library, as the float that equals it. InvalidDomain for anything else."""
    if isinstance(value, float):
        return float(value)  # of a subclass, too; infinity and NaN are refused by the domain
    integer = as_integer(value)
    if type(integer) is int:
        number = _to_equal_float(integer)
    else:
        converted = as_value(value)
        number = converted if isinstance(converted, float) else None
    if number is None:
        raise InvalidDomain(f"a bound of reals is {show(value)}; write a number, such as 1e-4, that a float can hold")
    return number


def as_sequence(values: Any) -> Sequence[Any] | None:
    """The items of a list, a tuple, a range or an array with one axis, in order; None for anything else.

    InvalidDomain for a range of more than `MAX_VALUES`.
    """
    if isinstance(values, range) and len(values) > MAX_VALUES:
        raise InvalidDomain(f"{values} has more than {MAX_VALUES:,} values; write integers(lo, hi) for so many")
    if isinstance(values, list | tuple | range):
        return cast(Sequence[Any], values)
    if getattr(values, "ndim", None) == 1 and hasattr(values, "tolist"):
        return values.tolist()
    return None


def format_value(value: object) -> str:
    """A value as text for an error: in quotes what reads otherwise; of a very large integer its number of bits."""
    if isinstance(value, int) and abs(value) > MAX_INTEGER:
        return f"an integer of {value.bit_length()} bits"
    return repr(value) if isinstance(value, str) and _reads_otherwise(value) else str(value)


def _reads_otherwise(text: str) -> bool:
    """Whether a text without quotes would be taken for a number, True, False or nothing."""
    if text.strip() in ("", "True", "False", "None"):
        return True
    try:
        float(text)
    except ValueError:
        return False
    return True


def format_briefly(number: float) -> str:
    """A number for people: a whole one below a million as it is, and any other in four digits."""
    return f"{number:.0f}" if abs(number) < 1e6 and number == int(number) else f"{number:.4g}"


def format_exactly(number: float) -> str:
    """A number in six digits if they are exact, else in as many as it needs."""
    short = f"{number:g}"
    return short if float(short) == number else repr(number)
