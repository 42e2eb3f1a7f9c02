"""Budgets of trials: numbers with a unit, and their text."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archwright.core.budget import (
    UNITS,
    Budget,
    BudgetList,
    BudgetRange,
    DifferentUnits,
    InvalidBudget,
    parse_budget,
    parse_budgets,
)

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


budgets = st.builds(Budget, st.floats(1e-3, 1e6), st.just("seconds"))


@given(budgets, budgets)
def test_budgets_of_one_unit_are_numbers(one, other):
    """Their order and arithmetic are those of their amounts."""
    assert (one < other, one <= other, one > other, one >= other) == (
        one.amount < other.amount,
        one.amount <= other.amount,
        one.amount > other.amount,
        one.amount >= other.amount,
    )
    assert max(one, other).amount == max(one.amount, other.amount)
    assert (one + other).amount == one.amount + other.amount
    assert one / other == one.amount / other.amount
    assert (3 * one, one * 3, one / 4) == (
        Budget(3 * one.amount, "seconds"),
        Budget(3 * one.amount, "seconds"),
        Budget(one.amount / 4, "seconds"),
    )
    assert (one + other - other).amount == pytest.approx(one.amount)


def test_what_cannot_be_compared_or_subtracted():
    """Budgets of two units, what is no budget, and a result that is none."""
    with pytest.raises(DifferentUnits, match="the budgets 1epochs and 2s have different units"):
        _ = Budget(1, "epochs") < Budget(2, "seconds")
    with pytest.raises(InvalidBudget, match=r"3 is no budget, as 1epochs is; write Budget\(5, 'epochs'\)"):
        _ = Budget(1, "epochs") < 3
    with pytest.raises(InvalidBudget, match="a budget is 0; it must be more than 0"):
        _ = Budget(1, "epochs") - Budget(1, "epochs")


@pytest.mark.parametrize("exponent", range(1, 13))
def test_powers_of_three_have_all_their_rungs(exponent):
    """As many as the loop of Algorithm 1 has brackets; logarithms give one too few for 3^5 and 3^10."""
    rungs = parse_budgets(f"1epochs..{3**exponent}epochs").list_rungs(3)
    assert [rung.amount for rung in rungs] == [3**j for j in range(exponent + 1)]


@pytest.mark.parametrize(
    ("text", "eta", "amounts"),
    [
        ("400s..10800s", 3, [400, 1200, 3600, 10800]),
        ("0.01s..1s", 3, [1 / 81, 1 / 27, 1 / 9, 1 / 3, 1]),
        ("1epochs..100epochs", 3, [1, 4, 11, 33, 100]),
        ("1epochs..51epochs", 3, [2, 6, 17, 51]),
        ("1epochs..9epochs", 2, [1, 2, 5, 9]),
        ("1epochs..3epochs", 1.25, [1, 2, 3]),
        ("100examples..1000examples", 10, [100, 1000]),
        ("1epochs..2epochs", 3, [2]),
        ("0.5epochs..4.5epochs", 3, [1, 2, 4.5]),
        ("12epochs,200epochs", 3, [12, 200]),
    ],
)
def test_rungs_are_counted_down_from_the_largest_budget(text, eta, amounts):
    """Rounded to whole epochs, a half up; the check values of methods.md."""
    rungs = parse_budgets(text).list_rungs(eta)
    assert [rung.amount for rung in rungs] == pytest.approx(amounts)


@pytest.mark.parametrize("eta", [1.0000000000000002, 1.0000001, 1.001])
def test_rungs_are_no_more_than_anybody_climbs(eta):
    """An eta next to 1 is refused at once, rather than counted for hours."""
    with pytest.raises(InvalidBudget, match=r"1epochs\.\.9epochs, of which eta=1\.0+\d+ makes more than 300 rungs"):
        parse_budgets("1epochs..9epochs").list_rungs(eta)


whole = st.integers(1, 10**6)


@given(whole, whole, st.floats(1.1, 10) | st.integers(2, 10))
def test_rungs_are_within_their_range(low, high, eta):
    """They ascend to the largest budget, each once, none below the smallest but for rounding."""
    if low == high:
        high += 1
    range_ = BudgetRange(Budget(min(low, high), "epochs"), Budget(max(low, high), "epochs"))
    assert parse_budgets(str(range_)) == range_
    rungs = range_.list_rungs(eta)
    assert rungs[-1] == range_.largest
    assert list(rungs) == sorted(set(rungs))
    assert rungs[0] >= range_.smallest or rungs[0].amount == math.floor(range_.smallest.amount)
    assert all(rung.amount == int(rung.amount) for rung in rungs)


@given(st.lists(whole, min_size=2, unique=True))
def test_lists_are_parsed_from_their_text(amounts):
    budgets = BudgetList([Budget(amount, "epochs") for amount in sorted(amounts)])
    assert parse_budgets(str(budgets)) == budgets
    assert (budgets.smallest, budgets.largest) == (budgets.budgets[0], budgets.budgets[-1])
    assert budgets.list_rungs(3) == budgets.budgets


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        (
            "3epochs..1epochs",
            InvalidBudget,
            r"the budgets 3epochs\.\.1epochs are no range; write the smaller one first",
        ),
        ("3epochs..3epochs", InvalidBudget, r"the budgets 3epochs\.\.3epochs are no range"),
        ("1epochs..3s", DifferentUnits, "the budgets 1epochs and 3s have different units"),
        ("1epochs..3epochs..9epochs", InvalidBudget, "write a range with two ends, as in 1epochs..27epochs"),
        ("200epochs,12epochs", InvalidBudget, "the budgets are 200epochs,12epochs; write two or more, the smallest"),
        ("12epochs,12epochs", InvalidBudget, "each once, as in 12epochs,200epochs"),
        ("12epochs,", InvalidBudget, "of the budgets .12epochs,.: the budget is ''; write a number and a unit"),
        ("1..27epochs", InvalidBudget, r"of the budgets .1\.\.27epochs.: the budget is .1.; write a number and a unit"),
    ],
)
def test_texts_that_are_no_budgets(text, error, message):
    with pytest.raises(error, match=message):
        parse_budgets(text)


@given(st.lists(st.builds(Budget, st.integers(1, 99), st.sampled_from(UNITS)), max_size=9))
def test_levels_order_budgets_of_one_unit_as_they_are_ordered(budgets):
    for unit in UNITS:
        of_unit = [budget for budget in budgets if budget.unit == unit]
        assert sorted(of_unit, key=lambda budget: budget.level) == sorted(of_unit)


def test_ends_of_a_range_are_budgets_or_their_texts():
    assert BudgetRange("1epochs", Budget(27, "epochs")) == parse_budgets("1epochs..27epochs")
    assert BudgetList(["12epochs", "200epochs"]) == parse_budgets("12epochs,200epochs")
    for make in (lambda: BudgetRange(1, 9), lambda: BudgetList([1, 9])):
        with pytest.raises(
            InvalidBudget, match=r"the budget is 1; write one such as Budget\(3, 'epochs'\), or '3epochs'"
        ):
            make()
    with pytest.raises(InvalidBudget, match="the budgets are '1epochs,9epochs'; write a list of them"):
        BudgetList("1epochs,9epochs")


def test_a_rung_in_seconds_is_a_number_that_can_be_written():
    assert list(map(str, parse_budgets("0.3s..2.7s").list_rungs(3))) == ["0.3s", "0.9s", "2.7s"]
    assert str(parse_budgets("60s..600s").list_rungs(3)[0]) == "66.6666666667s"


def test_a_rung_is_not_rounded_to_below_the_range():
    assert [rung.amount for rung in parse_budgets("1.4epochs..4.2epochs").list_rungs(3)] == [2, 4.2]


@given(st.floats(0.1, 9), st.floats(1.1, 100), st.floats(1.05, 9), st.sampled_from(UNITS))
def test_the_largest_rung_is_the_largest_budget_as_it_was_given(smallest, ratio, eta, unit):
    """Also where that is no whole number of epochs."""
    given_range = BudgetRange(Budget(smallest, unit), Budget(smallest * ratio, unit))
    rungs = given_range.list_rungs(eta)
    assert rungs[-1] == given_range.largest
    assert list(rungs) == sorted(set(rungs))
    assert unit == "seconds" or all(rung.amount == int(rung.amount) for rung in rungs[:-1])
