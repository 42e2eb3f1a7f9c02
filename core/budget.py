"""What a trial may spend."""

import math
import re
from collections.abc import Mapping
from typing import Any, Literal, get_args

from attrs import field, frozen

from archwright.core.errors import ArchwrightError
from archwright.core.value import MAX_INTEGER, InvalidDomain, as_value, format_value

Unit = Literal["epochs", "seconds", "examples"]

UNITS: tuple[Unit, ...] = get_args(Unit)


class InvalidBudget(ArchwrightError, ValueError):
    """A budget that is not a positive number with a known unit."""


def _number(given: Any) -> Any:
    """A number of any library as Python's."""
    try:
        return as_value(given)
    except InvalidDomain:
        return given


def _positive(_: object, __: object, amount: Any) -> None:
    if isinstance(amount, bool) or not isinstance(amount, int | float):
        raise InvalidBudget(f"the amount of a budget is {amount!r:.80}; it must be a number, as in 5epochs or 30s")
    if not 0 < amount < (MAX_INTEGER if isinstance(amount, int) else math.inf):
        shown = f"{amount:g}" if isinstance(amount, float) else format_value(amount)
        raise InvalidBudget(f"a budget is {shown}; it must be more than 0, as in 5epochs or 30s, and finite")


def _known(_: object, __: object, unit: str) -> None:
    if unit not in UNITS:
        raise InvalidBudget(f"the unit of a budget is {unit!r}; it may be {', '.join(UNITS)}")


@frozen
class Budget:
    """How much one trial may spend: a positive amount of epochs, seconds of training, or training examples."""

    amount: float = field(converter=_number, validator=_positive)
    unit: Unit = field(validator=_known)

    def __str__(self) -> str:
        amount = int(self.amount) if self.amount == int(self.amount) else self.amount
        return f"{amount}{'s' if self.unit == 'seconds' else self.unit}"


_ABBREVIATIONS: Mapping[str, tuple[Unit, float]] = {
    "epoch": ("epochs", 1),
    "epochs": ("epochs", 1),
    "s": ("seconds", 1),
    "seconds": ("seconds", 1),
    "m": ("seconds", 60),
    "min": ("seconds", 60),
    "h": ("seconds", 3600),
    "examples": ("examples", 1),
}


def parse_budget(text: str) -> Budget:
    """The budget that a text such as `5epochs`, `30s`, `2min`, `1h` or `50000examples` names."""
    match = re.fullmatch(r"\s*([0-9]*\.?[0-9]+(?:e[+-]?[0-9]+)?)\s*([a-z]+)\s*", text)
    if match is None or match[2] not in _ABBREVIATIONS:
        raise InvalidBudget(f"the budget is {text!r}; write a number and a unit, as in 5epochs, 30s or 50000examples")
    unit, scale = _ABBREVIATIONS[match[2]]
    try:
        return Budget(float(match[1]) * scale, unit)
    except InvalidBudget as error:
        raise InvalidBudget(f"the budget {text!r} cannot be: {error}") from None
