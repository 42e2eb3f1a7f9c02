"""Budgets: what a trial may spend, of epochs, seconds or examples; and several of them, as a range or a list.

A search of several budgets has rungs, the budgets that its trials may have.
"""

import math
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Any, Literal, get_args, overload

from attrs import field, frozen

from archwright.core.builders import name_wrong_fields
from archwright.core.errors import ArchwrightError, show
from archwright.core.late_fields import Lasting
from archwright.core.readers import as_number
from archwright.core.value import MAX_INTEGER, InvalidDomain, as_sequence, as_value, format_value

Unit = Literal["epochs", "seconds", "examples"]

UNITS: tuple[Unit, ...] = get_args(Unit)


SECONDS_DIGITS = 12  # of a rung in seconds: what division adds to these is no time
SLACK = 1e-9  # by which a budget may be too large, as the powers of an eta that is no whole number are rounded


class InvalidBudget(ArchwrightError, ValueError):
    """A budget that is not a positive number with a known unit."""


class DifferentUnits(ArchwrightError, TypeError):
    """Two budgets in different units, such as epochs and seconds, of which neither is the larger."""


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
    """What one trial may spend: a positive amount of epochs, of seconds of training, or of training examples.

    Budgets of one unit are ordered, and can be added, subtracted, multiplied by a number, and divided by a number or by
    each other. Raises DifferentUnits for two units, and InvalidBudget where the result would not be positive.
    """

    amount: float = field(converter=_as_python, validator=_require_positive)
    unit: Unit = field(validator=_require_known)

    def __lt__(self, other: "Budget") -> bool:
        return self.amount < self._get_amount(other)

    def __le__(self, other: "Budget") -> bool:
        return self.amount <= self._get_amount(other)

    def __gt__(self, other: "Budget") -> bool:
        return self.amount > self._get_amount(other)

    def __ge__(self, other: "Budget") -> bool:
        return self.amount >= self._get_amount(other)

    def __add__(self, other: "Budget") -> "Budget":
        return Budget(self.amount + self._get_amount(other), self.unit)

    def __sub__(self, other: "Budget") -> "Budget":
        return Budget(self.amount - self._get_amount(other), self.unit)

    def __mul__(self, factor: float) -> "Budget":
        return Budget(self.amount * factor, self.unit)

    __rmul__ = __mul__

    @overload
    def __truediv__(self, other: "Budget") -> float: ...

    @overload
    def __truediv__(self, other: float) -> "Budget": ...

    def __truediv__(self, other: "Budget | float") -> "Budget | float":
        if isinstance(other, Budget):
            return self.amount / self._get_amount(other)
        return Budget(self.amount / other, self.unit)

    def _get_amount(self, other: "Budget") -> float:
        """The amount of another budget in the unit of this one; raises DifferentUnits."""
        if not isinstance(other, Budget):  # pyright: ignore[reportUnnecessaryIsInstance]  (what people give)
            raise InvalidBudget(f"{show(other)} is no budget, as {self} is; write Budget(5, {self.unit!r})")
        if other.unit != self.unit:
            raise DifferentUnits(
                f"the budgets {self} and {other} have different units, so that neither is the larger; use one unit"
            )
        return other.amount

    @property
    def level(self) -> tuple[str, float]:
        """What budgets are ordered by where their units may differ: the name of the unit, then the amount."""
        return self.unit, self.amount

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


def _as_budget(given: Any) -> Budget:
    """A budget that is given as such, or as a text; InvalidBudget of anything else."""
    if isinstance(given, str):
        return parse_budget(given)
    if not isinstance(given, Budget):
        raise InvalidBudget(f"the budget is {show(given)}; write one such as Budget(3, 'epochs'), or '3epochs'")
    return given


def _as_budgets(given: Any) -> tuple[Budget, ...]:
    sequence = as_sequence(given)
    if sequence is None:
        raise InvalidBudget(f"the budgets are {show(given)}; write a list of them, as in ['12epochs', '200epochs']")
    return tuple(map(_as_budget, sequence))


@name_wrong_fields
@frozen
class BudgetRange:
    """Budgets from a smallest to a largest one, between which a ladder of budgets has its rungs."""

    smallest: Budget = field(converter=_as_budget)
    largest: Budget = field(converter=_as_budget)

    def __attrs_post_init__(self) -> None:
        if not self.smallest < self.largest:
            raise InvalidBudget(
                f"the budgets {self} are no range; write the smaller one first, as in 1epochs..27epochs, or one budget"
            )

    def __str__(self) -> str:
        return f"{self.smallest}{RANGE_SEPARATOR}{self.largest}"

    def list_rungs(self, eta: float) -> tuple[Budget, ...]:
        """The budgets R * eta^-j, ascending, from the smallest that is not below the range to its largest one, R.

        Epochs and examples below R are rounded to whole ones (a half up, and up where that would leave the range), and
        equal ones come once. The number of rungs is counted by a loop: logarithms give one too few for 1..243 and an
        eta of 3 (Li et al. 2018, Algorithm 1). Raises InvalidBudget where they are more than anybody climbs.
        """
        count, power = 1, eta
        while self.smallest.amount * power <= self.largest.amount * (1 + SLACK):
            count, power = count + 1, power * eta
            if count > MAX_RUNGS:
                raise InvalidBudget(
                    f"the budget is {self}, of which eta={eta!r} makes more than {MAX_RUNGS} rungs; take a larger "
                    "eta, as in eta=3"
                )
        largest = Budget(float(self.largest.amount), self.largest.unit)
        lower = [min(largest, self._round(largest.amount / eta**j)) for j in range(1, count)]
        return tuple(sorted({largest, *lower}))

    def _round(self, amount: float) -> Budget:
        if self.largest.unit == "seconds":
            return Budget(float(f"{amount:.{SECONDS_DIGITS}g}"), "seconds")  # 2.7 / 9 is 0.3
        nearest = max(1.0, math.floor(amount + 0.5))
        return Budget(nearest if nearest >= self.smallest.amount else math.ceil(amount), self.largest.unit)


@name_wrong_fields
@frozen
class BudgetList:
    """Two or more budgets, ascending, which are the rungs of a ladder of budgets, whatever its eta."""

    budgets: tuple[Budget, ...] = field(converter=_as_budgets)

    def __attrs_post_init__(self) -> None:
        if len(self.budgets) < 2 or not all(low < high for low, high in pairwise(self.budgets)):
            raise InvalidBudget(
                f"the budgets are {str(self) or 'none'}; write two or more, the smallest first, each once, as in "
                "12epochs,200epochs"
            )

    @property
    def smallest(self) -> Budget:
        """The first of them."""
        return self.budgets[0]

    @property
    def largest(self) -> Budget:
        """The last of them."""
        return self.budgets[-1]

    def __str__(self) -> str:
        return LIST_SEPARATOR.join(map(str, self.budgets))

    def list_rungs(self, eta: float) -> tuple[Budget, ...]:
        """The budgets themselves."""
        del eta
        return self.budgets


Budgets = BudgetRange | BudgetList
GivenBudgets = Budget | Budgets | Sequence[Budget | str] | str  # what a person may give for one or several
RANGE_SEPARATOR, LIST_SEPARATOR = "..", ","
MAX_RUNGS = 300  # an eta next to 1 would make billions


def parse_budgets(text: str) -> Budget | Budgets:
    """The budgets of a text: one, a range as in `1epochs..27epochs`, or a list as in `12epochs,200epochs`.

    Raises InvalidBudget, and DifferentUnits.
    """
    if RANGE_SEPARATOR in text:
        ends = text.split(RANGE_SEPARATOR)
        if len(ends) != 2:
            raise InvalidBudget(f"the budget is {show(text)}; write a range with two ends, as in 1epochs..27epochs")
        return BudgetRange(*(_parse_part(end, text) for end in ends))
    if LIST_SEPARATOR in text:
        return BudgetList([_parse_part(part, text) for part in text.split(LIST_SEPARATOR)])
    return parse_budget(text)


def _parse_part(part: str, text: str) -> Budget:
    """One of the several budgets of a text, which is named where the part is wrong."""
    try:
        return parse_budget(part)
    except InvalidBudget as error:
        raise InvalidBudget(f"of the budgets {show(text)}: {error}") from error


def read_seconds(given: Any) -> float | None:
    """The seconds of a time of more than 0, as a number or a text such as 90s, 10min or 2h; None of anything else."""
    if not isinstance(given, str):
        seconds = as_number(given)
        return seconds if seconds is not None and 0 < seconds < math.inf else None
    with suppress(InvalidBudget):
        budget = parse_budget(given)
        return budget.amount if budget.unit == "seconds" else None
    return None
