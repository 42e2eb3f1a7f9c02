"""What a comparison of searchers may conclude."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archwright.search.running.statistics import (
    NoPairedScores,
    bootstrap_paired_difference,
    compute_fraction_above,
    compute_mean_and_error,
    compute_quartiles,
    find_incumbents,
)
from tests.scripts import import_script

order_statistics = import_script("order_statistics")


def test_incumbents_by_hand():
    """A failure is none; a larger budget counts before the utility; of equal ones the earlier trial."""
    utilities = np.array([math.nan, 0.2, 0.1, 0.5])
    assert find_incumbents(utilities, np.zeros(4), np.arange(4.0)).tolist() == [-1, 1, 1, 3]
    assert find_incumbents(utilities, np.array([0.0, 0.0, 1.0, 0.0]), np.arange(4.0)).tolist() == [-1, 1, 2, 2]
    assert find_incumbents(np.full(3, 0.5), np.zeros(3), np.array([2.0, 3.0, 0.0])).tolist() == [0, 0, 2]


def test_mean_and_error_by_hand():
    """Of 1, 2, 3; of 1 and 3 with one missing: a deviation of 1, over sqrt(2); of one; of none, without a warning."""
    nan = math.nan
    mean, error = compute_mean_and_error(np.array([[1.0, 1.0, nan, nan], [2.0, nan, 5.0, nan], [3.0, 3.0, nan, nan]]))
    np.testing.assert_allclose(mean, [2.0, 2.0, 5.0, nan])
    np.testing.assert_allclose(error, [math.sqrt(2) / 3, 1 / math.sqrt(2), 0.0, nan])


@given(st.lists(st.lists(st.floats(-10, 10), min_size=3, max_size=3), min_size=1, max_size=6))
def test_the_mean_of_values_of_which_none_is_missing_is_the_mean(values):
    rows = np.array(values)
    mean, error = compute_mean_and_error(rows)
    np.testing.assert_allclose(mean, rows.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(error, order_statistics.compute_standard_error(rows), atol=1e-12)


def test_quartiles_by_hand():
    """Of 0, 1, 2, 3, 4; of 1 and 3 with some missing; of one; of none, without a warning."""
    nan = math.nan
    rows = np.array(
        [[0.0, nan, nan, nan], [4.0, 1.0, nan, nan], [2.0, nan, nan, nan], [1.0, 3.0, 7, nan], [3.0] + 3 * [nan]]
    )
    low, median, high = compute_quartiles(rows)
    np.testing.assert_allclose(low, [1.0, 1.5, 7.0, nan])
    np.testing.assert_allclose(median, [2.0, 2.0, 7.0, nan])
    np.testing.assert_allclose(high, [3.0, 2.5, 7.0, nan])


def test_share_above_by_hand():
    scores, thresholds = np.array([0.1, 0.5, 0.9, 0.5]), np.array([0.0, 0.5, 0.6, 1.0])
    assert compute_fraction_above(scores, thresholds).tolist() == [1.0, 0.75, 0.25, 0.0]


def test_bootstrap_finds_a_difference_and_none():
    """Pairs that differ by 0.1 with a noise of 0.01: certain. Noise alone: not."""
    chance = np.random.default_rng(1)
    base, noise = chance.normal(0, 1, 40), chance.normal(0, 0.01, 40)
    better = bootstrap_paired_difference(list(base + 0.1 + noise), list(base))
    assert better.mean == pytest.approx(0.1, abs=0.005)
    assert 0.09 < better.low < better.mean < better.high < 0.11
    assert better.p_value < 0.001
    few = bootstrap_paired_difference([0.9, 0.8, 0.9, 0.8, 0.9], [0.1, 0.2, 0.1, 0.2, 0.1])
    assert few.p_value == 2 * 0.5**5  # five coins that all fall the way they do, or all the other way
    same = bootstrap_paired_difference(list(base + noise - noise.mean()), list(base))
    assert same.low < 0 < same.high
    assert same.p_value > 0.5


def test_a_pair_of_which_one_has_no_score_is_left_out():
    """The rest says what it would say alone, and how many pairs it is of."""
    nan = math.nan
    found = bootstrap_paired_difference([0.5, nan, 0.7, 0.9, nan], [0.4, 0.1, 0.5, nan, nan])
    assert found == bootstrap_paired_difference([0.5, 0.7], [0.4, 0.5])
    assert (found.pairs, found.mean, found.p_value) == (2, pytest.approx(0.15), 0.5)


def test_without_a_pair_nothing_is_said():
    with pytest.raises(NoPairedScores, match="of 2 pairs, none has two scores"):
        bootstrap_paired_difference([math.nan, 0.5], [0.5, math.nan])


def test_bootstrap_interval_has_its_coverage():
    """Of 200 comparisons of 30 pairs with a true difference of 0, about 95 % of the intervals hold 0."""
    chance = np.random.default_rng(2)
    held = 0
    for i in range(200):
        found = bootstrap_paired_difference(list(chance.normal(0, 1, 30)), [0.0] * 30, seed=i)
        held += found.low <= 0 <= found.high
    assert 180 <= held <= 198
