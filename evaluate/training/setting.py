"""The kinds of training settings: what each one may be, and what is said about it to people."""

from collections.abc import Callable
from typing import Any

import attrs
from attrs import field, frozen

from archwright.core.errors import ArchwrightError
from archwright.core.json import JSON


class BadTrainingSetting(ArchwrightError, ValueError):
    """A setting of an architecture with a value that it cannot have."""


@frozen
class About:
    """What documentation says of a setting."""

    meaning: str
    may_be: str
    source: str  # the literature; empty where there is none


def about(attribute: "attrs.Attribute[Any]") -> About:
    """What is said of a field that one of the functions below has made."""
    return attribute.metadata["about"]


def choice(*options: str, meaning: str, source: str = "") -> Any:
    """One of these texts, by default the first."""
    return _setting(options[0], f"one of {', '.join(options)}", options.__contains__, meaning, source)


def number(default: float, *, meaning: str, high: float = float("inf"), source: str = "") -> Any:
    """A number from 0 to `high`."""
    may_be = "a number of 0 or more" if high == float("inf") else f"a number from 0 to {high:g}"
    return _setting(
        default, may_be, lambda value: isinstance(value, int | float) and 0 <= value <= high, meaning, source
    )


def count(default: int, of: str, *, meaning: str, low: int = 0, source: str = "") -> Any:
    """A whole number of things."""
    return _setting(
        default, f"{low} or more {of}", lambda value: isinstance(value, int) and value >= low, meaning, source
    )


def flag(*, meaning: str, source: str = "") -> Any:
    """True or false, by default false."""
    return _setting(False, "true or false", lambda _: True, meaning, source)


def _setting(default: JSON, may_be: str, holds: Callable[[Any], bool], meaning: str, source: str) -> Any:
    def check(_: object, attribute: "attrs.Attribute[Any]", value: Any) -> None:
        if isinstance(value, bool) != isinstance(default, bool) or not holds(value):
            raise BadTrainingSetting(f"the setting {attribute.name} is {value!r}; it must be {may_be}")

    return field(default=default, validator=check, metadata={"about": About(meaning, may_be, source)})
