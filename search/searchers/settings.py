"""What the settings of searchers may be, strictly: nothing is made to fit."""

import sys
from collections.abc import Callable, Mapping
from typing import Any, final

from attrs import Attribute, frozen

from archwright.core.errors import ArchwrightError

LARGEST = sys.float_info.max  # of the numbers that are neither infinite nor none at all


class BadSearcherSetting(ArchwrightError, ValueError):
    """A setting that a searcher does not have, or a value that it cannot take."""


@final
@frozen
class Allowed:
    """What a setting may be: for people, and as the validator of a field."""

    words: str  # as in "a whole number of 1 or more"
    holds: Callable[[Any], bool]

    def __call__(self, instance: Any, attribute: "Attribute[Any]", value: Any) -> None:
        """BadSearcherSetting if a searcher is made with anything else."""
        self.require(instance.name, attribute.name, value)

    def require(self, searcher: str, setting: str, value: Any) -> None:
        """BadSearcherSetting if `value` is anything else."""
        if not self.holds(value):
            raise BadSearcherSetting(f"{setting} of the searcher {searcher} is {value!r:.80}; it may be {self.words}")


def flag() -> Allowed:
    """Either of two."""
    return Allowed("true or false", lambda value: type(value) is bool)


def whole(least: int) -> Allowed:
    """Whole numbers from `least` on."""
    return Allowed(f"a whole number of {least} or more", lambda value: type(value) is int and value >= least)


def number(least: float, most: float = LARGEST) -> Allowed:
    """Numbers from `least` to `most`, whole ones among them."""
    words = f"a number of {least:g} or more" if most == LARGEST else f"a number from {least:g} to {most:g}"
    return Allowed(words, lambda value: type(value) in (int, float) and least <= value <= most)


def positive() -> Allowed:
    """Numbers above 0."""
    return Allowed("a number above 0", lambda value: type(value) in (int, float) and 0 < value <= LARGEST)


def one_of(*options: str) -> Allowed:
    """Some words."""
    return Allowed(" or ".join(options), lambda value: value in options)


def as_float(value: float) -> float:
    """A whole number as one that need not be; anything else as it is, for a validator to refuse."""
    return float(value) if type(value) is int and abs(value) <= LARGEST else value


# What a setting may be whose searcher says no more than its type.
BY_TYPE: Mapping[Any, Allowed] = {
    bool: flag(),
    int: Allowed("a whole number", lambda value: type(value) is int),
    float: Allowed("a number", lambda value: type(value) in (int, float) and abs(value) <= LARGEST),
    str: Allowed("a text", lambda value: type(value) is str),
}
