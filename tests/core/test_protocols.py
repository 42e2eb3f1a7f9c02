"""What searchers, the run loop and evaluators say to each other."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import archwright as aw
from archwright.core.budget import UNITS, Budget, InvalidBudget, parse_budget
from archwright.core.objective import Objective
from archwright.core.protocols import Proposal
from tests.strategies import leaves

amounts = st.floats(min_value=0, exclude_min=True, allow_infinity=False) | st.integers(1, 10**12)


@given(amounts, st.sampled_from(UNITS))
def test_a_budget_reads_from_its_text(amount, unit):
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
def test_budgets_as_a_person_types_them(text, budget):
    """A number and a unit, with or without space."""
    assert parse_budget(text) == budget


@pytest.mark.parametrize(
    "text", ["", "5", "epochs", "5 days", ".epochs", "1.2.3s", "e5s", "-5s", "5epochs later", "nans"]
)
def test_texts_that_are_no_budget(text):
    """The error shows the text, and what a budget looks like."""
    with pytest.raises(InvalidBudget) as caught:
        parse_budget(text)
    assert str(caught.value) == (
        f"the budget is {text!r}; write a number and a unit, as in 5epochs, 30s or 50000examples"
    )


@pytest.mark.parametrize("amount", [0, -1, math.inf, math.nan])
def test_budgets_are_positive_and_finite(amount):
    """And have a known unit."""
    with pytest.raises(InvalidBudget, match=rf"a budget is {amount:g}; it must be more than 0, as in 5epochs or 30s"):
        Budget(amount, "epochs")
    with pytest.raises(InvalidBudget, match="the unit of a budget is 'days'; it may be epochs, seconds, examples"):
        Budget(1, "days")  # pyright: ignore[reportArgumentType]


def test_amounts_are_pythons_numbers():
    """Whichever library they are from; what is no number is refused."""
    assert type(Budget(np.int64(5), "epochs").amount) is int
    assert str(Budget(np.float64(2.0), "epochs")) == "2epochs"
    for amount in ("5", None, True, [5]):
        with pytest.raises(InvalidBudget, match=r"the amount of a budget is .*; it must be a number"):
            Budget(amount, "epochs")
    with pytest.raises(InvalidBudget, match="a budget is an integer of 33220 bits; it must be more than 0"):
        Budget(10**10000, "epochs")


@pytest.mark.parametrize("text", ["0s", "1e999s", "1e-999epochs", "1e307h"])
def test_amounts_that_are_typed_are_judged_too(text):
    """Zero and infinity."""
    with pytest.raises(InvalidBudget, match=rf"the budget {text!r} cannot be: a budget is .*; it must be more than 0"):
        parse_budget(text)


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_better_is_strict(a, b):
    """Of two scores one is better, or they are equal; minimising turns it round."""
    up, down = Objective(), Objective("loss", "minimize")
    assert up.better(a, b) == down.better(b, a)
    assert [up.better(a, b), up.better(b, a), a == b].count(True) == 1


@given(leaves)
def test_a_proposal_knows_its_leaf(leaf):
    """From where the search began and the path; walked once."""
    proposal = Proposal(0, leaf.origin, leaf.path, Budget(1, "epochs"))
    assert proposal.leaf == leaf
    assert proposal.leaf is proposal.leaf
    assert proposal == Proposal(0, leaf.origin, leaf.path, aw.Budget(1, "epochs"))


@given(leaves)
def test_a_proposal_of_a_leaf_at_hand_is_the_same(leaf):
    """Nobody walks to the leaf again, and nobody else can tell."""
    proposal = Proposal.of(3, leaf, Budget(1, "epochs"))
    assert proposal.leaf is leaf
    assert proposal == Proposal(3, leaf.origin, leaf.path, Budget(1, "epochs"))
