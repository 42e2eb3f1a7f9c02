"""Hyperparameters as axes: where their values lie, as far as the trials of a log tell it."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cached_property

from attrs import frozen

from archwright.core.errors import ArchwrightError, suggest_names
from archwright.core.json import JSON
from archwright.core.readers import as_number
from archwright.display.text import humanize_value
from archwright.plots.axes import MIN_LOG_RATIO
from archwright.plots.trial_histories import NothingToShow

MAX_LABEL_LETTERS = 18


class UnknownHyperparameter(ArchwrightError, LookupError):
    """A name or a pattern that no choice of the trials has."""


@frozen
class Coordinate:
    """A hyperparameter with the values that trials chose for it, of which there are two or more."""

    name: str
    values: Sequence[JSON]  # each once

    @cached_property
    def numbers(self) -> Sequence[float] | None:
        """The values as numbers, from the smallest on; None where they are options."""
        numbers = [as_number(value) if isinstance(value, int | float) else None for value in self.values]
        finite = [number for number in numbers if number is not None and math.isfinite(number)]
        return sorted(finite) if len(finite) == len(numbers) else None

    @property
    def is_logarithmic(self) -> bool:
        """Whether the numbers range over two decades or more: an axis where equal factors are equal steps."""
        return self.numbers is not None and self.numbers[0] > 0 and self.numbers[-1] / self.numbers[0] >= MIN_LOG_RATIO

    @cached_property
    def options(self) -> Sequence[str]:
        """The values as JSON, in the order of an axis of options: numbers first, by their size."""
        return [text for _, _, text in sorted({_rank_option(value) for value in self.values})]

    def place(self, value: JSON) -> float:
        """Where a value lies on the axis, from 0 to 1."""
        if self.numbers is None:
            return self.options.index(json.dumps(value)) / (len(self.options) - 1)
        low, high = self._scale(self.numbers[0]), self._scale(self.numbers[-1])
        number = as_number(value)
        assert number is not None  # it is one of the values
        return (self._scale(number) - low) / (high - low)

    def _scale(self, number: float) -> float:
        return math.log(number) if self.is_logarithmic else number / 2  # no float may hold the whole range

    @property
    def ticks(self) -> Sequence[tuple[float, str]]:
        """Where labels stand, and their texts: at each option, or at the ends; whole numbers have no point."""
        if self.numbers is None:
            shown = {json.dumps(value): humanize_value(value) for value in self.values}
            return [
                (i / (len(self.options) - 1), cut_label(shown[text], MAX_LABEL_LETTERS))
                for i, text in enumerate(self.options)
            ]
        ends = (self.numbers[0], self.numbers[-1])
        return [(place, _format_number(number)) for place, number in zip((0.0, 1.0), ends, strict=True)]


def _rank_option(value: JSON) -> tuple[bool, float, str]:
    """What sorts the options of an axis, and the option as JSON at its end."""
    number = as_number(value) if isinstance(value, int | float) else None
    is_number = number is not None and math.isfinite(number)
    return not is_number, number if number is not None and is_number else 0.0, json.dumps(value)


def _format_number(number: float) -> str:
    return f"{int(number):,}" if number.is_integer() and abs(number) < 1e6 else f"{number:.3g}"


def cut_label(text: str, letters: int) -> str:
    """A label of at most so many letters, 3 or more; what has more loses its middle, as names differ at the end."""
    if len(text) <= letters:
        return text
    end = (letters - 1) // 2
    return f"{text[: letters - 1 - end]}…{text[-end:]}"


def find_coordinates(paths: Iterable[Mapping[str, JSON]], pattern: str | None, subject: str) -> list[Coordinate]:
    """The hyperparameters of these trials that vary, in the order of choosing; those of a pattern, if one is given.

    Raises UnknownHyperparameter where the pattern matches none, and NothingToShow where all that it matches are alike.
    """
    values: dict[str, dict[str, JSON]] = {}
    for path in paths:
        for name, value in path.items():
            values.setdefault(name, {})[json.dumps(value)] = value
    names = [name for name in values if pattern is None or name == pattern or fnmatchcase(name, pattern)]
    if not names and pattern is not None:
        raise UnknownHyperparameter(f"no choice of {subject} is called {pattern!r}; {suggest_names(pattern, values)}")
    varying = [Coordinate(name, list(values[name].values())) for name in names if len(values[name]) > 1]
    if not varying:
        what = (
            "all choices" if pattern is None else "what matches " + repr(pattern) if len(names) > 1 else repr(names[0])
        )
        raise NothingToShow(
            f"the trials of {subject} that have a score agree in {what}: there is nothing to hold apart"
        )
    return varying
