"""The budget of a trial: an amount of epochs, seconds or examples."""

import math
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Literal, get_args

from attrs import field, frozen

from archwright.core.builders import name_wrong_fields
from archwright.core.errors import ArchwrightError, show
from archwright.core.late_fields import Lasting
from archwright.core.readers import as_number
from archwright.core.value import MAX_INTEGER, InvalidDomain, as_value, format_value

Unit = Literal["epochs", "seconds", "examples"]

UNITS: tuple[Unit, ...] = get_args(Unit)


class InvalidBudget(ArchwrightError, ValueError):
    """A budget that is not a positive number with a known unit."""


def _as_python(amount: Any) -> Any:
    """A number of another library as Python's; anything else unchanged."""
    try:
        return as_value(amount)
    except InvalidDomain:
        return amount


def _require_positive(_: object, __: object, amount: Any) -> None:
    if isinstance(amount, bool) or not isinstance(amount, int | float):
        raise InvalidBudget(f"the amount of a budget is {show(amount)}; it must be a number, as in 5epochs or 30s")
    if not 0 < amount < (MAX_INTEGER if isinstance(amount, int) else math.inf):
        text = f"{amount:g}" if isinstance(amount, float) else format_value(amount)
        raise InvalidBudget(f"a budget is {text}; it must be more than 0, as in 5epochs or 30s, and finite")


def _require_known(_: object, __: object, unit: str) -> None:
    if unit not in UNITS:
        raise InvalidBudget(f"the unit of a budget is {unit!r}; it may be {', '.join(UNITS)}")


@name_wrong_fields
@frozen
class Budget(Lasting):
    """What one trial may spend: a positive amount of epochs, of seconds of training, or of training examples."""

    amount: float = field(converter=_as_python, validator=_require_positive)
    unit: Unit = field(validator=_require_known)

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
    """The budget of a text such as `5epochs`, `30s`, `2min`, `1h` or `50000examples`. Else InvalidBudget."""
    match = re.fullmatch(r"\s*([0-9]*\.?[0-9]+(?:e[+-]?[0-9]+)?)\s*([a-z]+)\s*", text)
    if match is None or match[2] not in _ABBREVIATIONS:
        raise InvalidBudget(f"the budget is {text!r}; write a number and a unit, as in 5epochs, 30s or 50000examples")
    unit, scale = _ABBREVIATIONS[match[2]]
    try:
        return Budget(float(match[1]) * scale, unit)
    except InvalidBudget as error:
        raise InvalidBudget(f"the budget {text!r} cannot be: {error}") from None


def read_seconds(given: Any) -> float | None:
    """The seconds of a time of more than 0, as a number or a text such as 90s, 10min or 2h; None of anything else."""
    if not isinstance(given, str):
        seconds = as_number(given)
        return seconds if seconds is not None and 0 < seconds < math.inf else None
    with suppress(InvalidBudget):
        budget = parse_budget(given)
        return budget.amount if budget.unit == "seconds" else None
    return None
