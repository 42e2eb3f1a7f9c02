"""Acquisition functions."""

import numpy as np
import pytest

from archwright.search.surrogates.acquisition import expected_improvement, find_best
from archwright.search.surrogates.surrogate import Posterior


def test_expected_improvement_by_hand():
    """At the best itself, it is the deviation times 1 / sqrt(2 pi); a deviation above, phi(1) + Phi(1) = 1.0833."""
    found = expected_improvement(Posterior(np.array([0.0, 1.0, 1.0, -1.0]), np.array([2.0, 2.0, 1.0, 1.0])), 0.0)
    assert found[0] == pytest.approx(2 * 0.3989423)
    assert found[1] == pytest.approx(2 * (0.5 * 0.6914625 + 0.3520653))
    assert found[2] == pytest.approx(1.0833155)
    assert found[3] == pytest.approx(0.0833155)


def test_expected_improvement_of_what_is_nearly_certain():
    """It is the improvement itself, or nothing, however small the deviation."""
    found = expected_improvement(Posterior(np.array([3.0, -3.0]), np.array([1e-6, 1e-6])), 1.0)
    assert found == pytest.approx([2.0, 0.0])


def test_ties_by_rounding_go_to_the_first():
    assert find_best(np.array([0.1, 0.3, 0.1 + 0.2, 0.3])) == 1
    assert find_best(np.array([0.0, 0.0])) == 0
    assert find_best(np.array([-3.0, -2.0])) == 1
