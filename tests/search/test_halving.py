"""The tables of brackets, worked out by hand or taken from the papers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archwright.search.halving import count_promotions, list_bracket_sizes

ORIGINS = {"floor": [81, 27, 9, 6, 5], "ceil": [81, 34, 15, 8, 5]}


def list_table(rungs, eta, rounding):
    return [list(list_bracket_sizes(rungs, start, eta, rounding)) for start in range(rungs)]


def test_the_table_of_hyperbands_paper():
    """R = 81, eta = 3: first rungs as in its code and in its text; the next ones are whole parts of thirds."""
    for rounding, firsts in ORIGINS.items():
        assert [sizes[0] for sizes in list_table(5, 3, rounding)] == firsts
    assert list_table(5, 3, "floor") == [[81, 27, 9, 3, 1], [27, 9, 3, 1], [9, 3, 1], [6, 2], [5]]
    assert list_table(5, 3, "ceil") == [[81, 27, 9, 3, 1], [34, 11, 3, 1], [15, 5, 1], [8, 2], [5]]


def test_the_table_of_the_joint_papers_budgets():
    """400, 1200, 3600 and 10800 seconds."""
    assert list_table(4, 3, "floor") == [[27, 9, 3, 1], [9, 3, 1], [6, 2], [4]]
    assert list_table(4, 3, "ceil") == [[27, 9, 3, 1], [12, 4, 1], [6, 2], [4]]


def test_two_budgets():
    """12 and 200 epochs, of which the second is no multiple of the first."""
    assert list_table(2, 3, "floor") == [[3, 1], [2]]


@pytest.mark.parametrize("exponent", range(1, 13))
def test_powers_of_three_are_exact(exponent):
    """The first bracket begins with all of them, and ends with one: no power is rounded down."""
    for rounding in ORIGINS:
        assert list(list_bracket_sizes(exponent + 1, 0, 3, rounding)) == [3**j for j in range(exponent, -1, -1)]


@given(st.integers(1, 12), st.integers(2, 6), st.sampled_from(list(ORIGINS)), st.data())
def test_sizes_fall_by_eta(rungs, eta, rounding, data):
    """Each is the whole part of an eta-th of the first one, and one at least."""
    start = data.draw(st.integers(0, rungs - 1))
    sizes = list(list_bracket_sizes(rungs, start, eta, rounding))
    assert sizes == [max(1, sizes[0] // eta**j) for j in range(rungs - start)]
    exact = rungs * eta ** (rungs - 1 - start)  # over s + 1, the number of configurations without rounding
    s = rungs - 1 - start
    assert sizes[0] == (rungs // (s + 1) * eta**s if rounding == "floor" else -(-exact // (s + 1)))


@given(st.integers(0, 10**6), st.integers(2, 10))
def test_promotions_are_whole_parts(finished, eta):
    assert count_promotions(finished, eta) == finished // eta
