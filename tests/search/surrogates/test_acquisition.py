"""What predictions are worth."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archwright.search.surrogates.acquisition import expected_improvement, first_best, gaussian_ranks


def test_expected_improvement_by_hand():
    """At the best itself, it is the deviation times 1 / sqrt(2 pi); a deviation above, phi(1) + Phi(1) = 1.0833."""
    found = expected_improvement(np.array([0.0, 1.0, 1.0, -1.0]), np.array([2.0, 2.0, 1.0, 1.0]), 0.0)
    assert found[0] == pytest.approx(2 * 0.3989423)
    assert found[1] == pytest.approx(2 * (0.5 * 0.6914625 + 0.3520653))
    assert found[2] == pytest.approx(1.0833155)
    assert found[3] == pytest.approx(0.0833155)


def test_expected_improvement_of_what_is_nearly_certain():
    """It is the improvement itself, or nothing, however small the deviation."""
    found = expected_improvement(np.array([3.0, -3.0]), np.array([1e-6, 1e-6]), 1.0)
    assert found == pytest.approx([2.0, 0.0])


def test_gaussian_ranks_by_hand():
    """Of four, the middles of the ranks are 1/8, 3/8, 5/8, 7/8; the two that are equal share 1/2."""
    assert gaussian_ranks([5.0, -1.0, 1e9, 7.0]) == pytest.approx([-0.3186394, -1.1503494, 1.1503494, 0.3186394])
    assert gaussian_ranks([2.0, 2.0, 1.0, 3.0]) == pytest.approx([0.0, 0.0, -1.1503494, 1.1503494])


@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=40))
def test_gaussian_ranks_do_not_depend_on_the_scale(merits):
    a, b = gaussian_ranks(merits), gaussian_ranks([each * 8.0 + 3 for each in merits])
    assert a.tolist() == b.tolist()
    assert np.array_equal(np.argsort(a, kind="stable"), np.argsort(merits, kind="stable"))


def test_ties_by_rounding_go_to_the_first():
    assert first_best(np.array([0.1, 0.3, 0.1 + 0.2, 0.3])) == 1
    assert first_best(np.array([0.0, 0.0])) == 0
    assert first_best(np.array([-3.0, -2.0])) == 1
