"""The expected best of random search, standard errors and z-scores."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.scripts import import_script

order_statistics = import_script("order_statistics")


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=7), st.data())
def test_expected_best_is_the_mean_over_all_subsets(scores, data):
    """The closed form is what going through every subset gives."""
    n = data.draw(st.integers(1, len(scores)))
    bests = [max(subset) for subset in itertools.combinations(scores, n)]
    assert order_statistics.compute_expected_best(scores, n) == pytest.approx(sum(bests) / len(bests), abs=1e-9)


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=5), st.data())
def test_expected_best_with_replacement_is_the_mean_over_all_draws(scores, data):
    """Each of N^n ways to draw is as likely as another."""
    n = data.draw(st.integers(1, len(scores)))
    bests = [max(drawn) for drawn in itertools.product(scores, repeat=n)]
    assert order_statistics.compute_expected_best(scores, n, replacement=True) == pytest.approx(
        sum(bests) / len(bests), abs=1e-9
    )


def test_expected_best_of_more_than_there_are_is_refused():
    with pytest.raises(ValueError, match="draws is 4; of 3 scores, 1 to 3 can be drawn"):
        order_statistics.compute_expected_best([1.0, 2.0, 3.0], 4)


def test_standard_error_by_hand():
    """Of 1, 2, 3: the deviation is sqrt(2/3), over sqrt(3)."""
    assert order_statistics.compute_standard_error(np.array([1.0, 2.0, 3.0])) == pytest.approx(math.sqrt(2) / 3)


def test_z_scores_by_hand():
    """Means 2, 5 and 3; the first has a standard error of sqrt(2/3) / sqrt(3) = 0.4714, the others none."""
    curves = np.array([[1.0, 5.0, 3.0], [2.0, 5.0, 3.0], [3.0, 5.0, 3.0]])
    assert order_statistics.compute_z_scores(curves, [1.0, 5.0, 2.0]).tolist() == [
        pytest.approx(1 / 0.4714045),
        0.0,
        math.inf,
    ]
