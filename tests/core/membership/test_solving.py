"""Expressions solved for their shared hyperparameter."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import archwright as aw
from archwright.core.expression import Computed
from archwright.core.membership.solving import MAX_SOLUTIONS, solve

W, V = aw.shared("w", aw.integers(1, 10**6)), aw.shared("v", aw.integers(1, 10**6))
numbers = st.integers(-50, 50) | st.floats(-1e3, 1e3).map(lambda number: round(number, 3))


def _grow(inner):
    pairs = st.tuples(inner, numbers) | st.tuples(numbers, inner)
    operators = st.sampled_from(["+", "-", "*", "/", "//", "min", "max", "%"])
    return st.builds(lambda operator, pair: Computed(operator, pair), operators, pairs)


expressions = st.recursive(st.just(W), _grow, max_leaves=4)


@given(expressions, st.integers(1, 1000))
def test_the_value_that_was_chosen_is_among_the_solutions(expression, chosen):
    """Where any are given; to the last bit where only integers are computed with."""
    try:
        value = expression.evaluate({"w": chosen})
    except (ArithmeticError, TypeError):
        return
    solutions = solve(expression, value, {})
    if solutions is not None and "." not in str(expression) and "/" not in str(expression).replace("//", ""):
        assert chosen in solutions
    elif solutions is not None:
        assert any(expression.evaluate({"w": w}) == pytest.approx(value, 1e-6, 1e-6) for w in solutions)


@pytest.mark.parametrize(
    ("expression", "value", "solutions"),
    [
        (W, 7, [7]),
        (W + 5, 7, [2]),
        (5 - W, 7, [-2]),
        (W - 5, 7, [12]),
        (W * 3, 21, [7]),
        (2 * (W + 1), 8, [3]),
        (W // 4, 2, [8, 9, 10, 11]),
        (W // -2, -3, [5, 6]),
        (aw.smaller(W, 10), 7, [7]),
        (aw.smaller(W, 5), 7, []),  # it is at most 5
        (aw.larger(W, 5), 7, [7]),
        (aw.larger(W, 8), 7, []),
        (W + V, 7, [3]),  # v is known
    ],
    ids=str,
)
def test_solutions_by_hand(expression, value, solutions):
    assert solve(expression, value, {"v": 4}) == solutions


@pytest.mark.parametrize(
    "expression",
    [
        W % 3,
        W * 0,
        aw.smaller(W, 7),
        aw.larger(W, 7),
        W + W,
        W + V,
        7 // W,
        W // (MAX_SOLUTIONS + 1),
        aw.shared("x", ["a"]) + "b",
    ],
    ids=str,
)
def test_what_is_not_solved(expression):
    """A remainder, what any of many values gives, two unknown ones, and text."""
    assert solve(expression, 7, {}) is None


def test_a_multiple_that_is_none_has_no_whole_solution():
    """Only fractions, which no domain of integers has."""
    solutions = solve(W * 3, 20, {})
    assert solutions
    assert not any(solution in W.domain for solution in solutions)
