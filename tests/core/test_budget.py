"""Budgets of trials: numbers with a unit, and their text."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archwright.core.budget import UNITS, Budget, InvalidBudget, parse_budget

amounts = st.floats(min_value=0, exclude_min=True, allow_infinity=False) | st.integers(1, 10**12)


@given(amounts, st.sampled_from(UNITS))
def test_a_budget_is_parsed_from_its_text(amount, unit):
    """However large or small."""
    budget = Budget(amount, unit)
    assert parse_budget(str(budget)) == budget


@pytest.mark.parametrize(
    ("text", "budget"),
    [
        ("5epochs", Budget(5, "epochs")),
        ("1epoch", Budget(1, "epochs")),
        (" 0.5 epochs ", Budget(0.5, "epochs")),
        ("30s", Budget(30, "seconds")),
        (".5s", Budget(0.5, "seconds")),
        ("2min", Budget(120, "seconds")),
        ("2m", Budget(120, "seconds")),
        ("1.5h", Budget(5400, "seconds")),
        ("50000examples", Budget(50_000, "examples")),
        ("5e4examples", Budget(50_000, "examples")),
    ],
)
def test_budgets_are_parsed(text, budget):
    """A number and a unit, with or without space."""
    assert parse_budget(text) == budget


@pytest.mark.parametrize(
    "text", ["", "5", "epochs", "5 days", ".epochs", "1.2.3s", "e5s", "-5s", "5epochs later", "nans"]
)
def test_texts_that_are_no_budget(text):
    """The error has the text and examples of budgets."""
    with pytest.raises(InvalidBudget) as caught:
        parse_budget(text)
    assert str(caught.value) == (
        f"the budget is {text!r}; write a number and a unit, as in 5epochs, 30s or 50000examples"
    )


@pytest.mark.parametrize("amount", [0, -1, math.inf, math.nan])
def test_budgets_are_positive_and_finite(amount):
    """With a known unit."""
    with pytest.raises(InvalidBudget, match=rf"a budget is {amount:g}; it must be more than 0, as in 5epochs or 30s"):
        Budget(amount, "epochs")
    with pytest.raises(InvalidBudget, match="the unit of a budget is 'days'; it may be epochs, seconds, examples"):
        Budget(1, "days")  # pyright: ignore[reportArgumentType]


def test_amounts_are_pythons_numbers():
    """Also of another library; anything but a number is refused."""
    assert type(Budget(np.int64(5), "epochs").amount) is int
    assert str(Budget(np.float64(2.0), "epochs")) == "2epochs"
    for amount in ("5", None, True, [5]):
        with pytest.raises(InvalidBudget, match=r"the amount of a budget is .*; it must be a number"):
            Budget(amount, "epochs")
    with pytest.raises(InvalidBudget, match="a budget is an integer of 33220 bits; it must be more than 0"):
        Budget(10**10000, "epochs")


@pytest.mark.parametrize("text", ["0s", "1e999s", "1e-999epochs", "1e307h"])
def test_parsed_amounts_are_positive_and_finite(text):
    with pytest.raises(InvalidBudget, match=rf"the budget {text!r} cannot be: a budget is .*; it must be more than 0"):
        parse_budget(text)
