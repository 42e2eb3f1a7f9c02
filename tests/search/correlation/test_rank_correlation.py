"""How far two rankings agree."""

import math
from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from archwright.search.correlation.rank_correlation import (
    RankCorrelation,
    bootstrap_spearman,
    compute_kendall,
    compute_selection_regret,
    compute_spearman,
    correlate_ranks,
)

values = st.integers(-3, 3).map(float) | st.floats(-1e6, 1e6)  # the first have ties


@st.composite
def pairs(draw, min_size: int = 2, max_size: int = 12):
    """Two rows of as many values."""
    rows = draw(st.lists(st.tuples(values, values), min_size=min_size, max_size=max_size))
    return tuple(np.array(row, dtype=np.float64) for row in zip(*rows, strict=True))


def as_array(*numbers: float) -> np.ndarray:
    return np.array(numbers, dtype=np.float64)


def test_correlations_by_hand():
    """Three neighbours change places: 1 - 6 * 6 / (6 * 35), and 3 of 15 pairs are the other way round."""
    x, y = as_array(1, 2, 3, 4, 5, 6), as_array(20, 10, 40, 30, 60, 50)
    assert compute_spearman(x, y) == pytest.approx(1 - 36 / 210)
    assert compute_kendall(x, y) == pytest.approx(9 / 15)


def test_correlations_with_ties_by_hand():
    """Ranks 1.5, 1.5, 3, 4 and 1, 2, 3, 4: 4.5 / sqrt(4.5 * 5); 5 pairs agree, of 5 and of 6 that are no ties."""
    x, y = as_array(1, 1, 2, 3), as_array(1, 2, 3, 4)
    assert compute_spearman(x, y) == pytest.approx(4.5 / math.sqrt(22.5))
    assert compute_kendall(x, y) == pytest.approx(5 / math.sqrt(30))


def test_infinities_are_ranked():
    x = as_array(-np.inf, 0, 1, 2, 3, np.inf)
    assert (compute_spearman(x, x), compute_kendall(x, -x)) == (1.0, -1.0)


@given(pairs())
def test_both_are_what_scipy_has(rows):
    for ours, theirs in ((compute_spearman, stats.spearmanr), (compute_kendall, stats.kendalltau)):
        if np.ptp(rows[0]) == 0 or np.ptp(rows[1]) == 0:
            assert ours(*rows) is None
        else:
            assert ours(*rows) == pytest.approx(theirs(*rows).statistic, abs=1e-12)


@given(pairs(6))
def test_the_sides_may_be_exchanged(rows):
    x, y = rows
    there, back = correlate_ranks(x, y, resamples=50), correlate_ranks(y, x, resamples=50)
    for one, other in zip(
        (there.spearman, there.low, there.high, there.kendall),
        (back.spearman, back.low, back.high, back.kendall),
        strict=True,
    ):
        assert one == pytest.approx(other, abs=1e-12)


@given(pairs(6))
def test_only_the_order_counts(rows):
    """Whatever rises with the scores is ranked as they are, and its interval is the same."""
    x, y = rows
    bent = np.unique(x, return_inverse=True)[1].reshape(-1).astype(np.float64) ** 3
    assert correlate_ranks(bent, y, resamples=50) == correlate_ranks(x, y, resamples=50)


@given(pairs(6))
def test_the_other_way_round_it_is_the_negative(rows):
    """Of the interval too, whose ends change places."""
    x, y = rows
    there, back = correlate_ranks(x, y, resamples=50), correlate_ranks(x, -y, resamples=50)
    if there.spearman is None:
        assert back.spearman is None
        return
    assert back.spearman == pytest.approx(-there.spearman, abs=1e-12)
    assert back.kendall == pytest.approx(-there.kendall, abs=1e-12)
    assert (back.low, back.high) == pytest.approx((-there.high, -there.low), abs=1e-9)


@given(pairs(), st.randoms(use_true_random=False))
def test_the_order_of_the_pairs_does_not_count(rows, chance):
    order = list(range(len(rows[0])))
    chance.shuffle(order)
    shuffled = tuple(row[order] for row in rows)
    for compute in (compute_spearman, compute_kendall):
        assert compute(*shuffled) == pytest.approx(compute(*rows), abs=1e-12)


@given(pairs(6))
def test_an_interval_is_within_its_bounds(rows):
    found = correlate_ranks(*rows, resamples=50)
    if found.low is not None:
        assert -1 <= found.low <= found.high <= 1


def test_few_pairs_say_nothing():
    assert correlate_ranks(as_array(1, 2, 3, 4, 5), as_array(1, 2, 3, 4, 5)) == RankCorrelation(5)
    assert correlate_ranks(as_array(), as_array()).is_too_small


def test_flat_scores_have_no_correlation():
    """Nor an interval; one that differs among nine has an interval from the resamples that hold it."""
    flat, rising = np.zeros(9), np.arange(9.0)
    assert correlate_ranks(flat, rising) == RankCorrelation(9)
    found = correlate_ranks(as_array(*[0] * 8, 1), rising)
    assert found.spearman == pytest.approx(4 / math.sqrt(60 * 8 / 9))
    assert 0.5 < found.low < found.high < 1


def test_an_interval_follows_from_its_seed():
    chance = np.random.default_rng(3)
    x, y = chance.normal(size=(2, 12))
    assert bootstrap_spearman(x, y, 1, 300) == bootstrap_spearman(x, y, 1, 300)
    assert bootstrap_spearman(x, y, 1, 300) != bootstrap_spearman(x, y, 2, 300)


def test_the_resamples_of_very_many_pairs_are_drawn_in_parts():
    """More numbers than are held at once: the interval is as narrow as so many pairs make it."""
    chance = np.random.default_rng(4)
    x = chance.normal(size=3000)
    low, high = bootstrap_spearman(x, x + chance.normal(size=3000), 0, 1000)
    true = 6 / math.pi * math.asin(math.sqrt(0.5) / 2)
    assert low < true < high
    assert high - low < 0.06


def test_an_interval_has_its_coverage():
    """Of 200 samples of 20 pairs from a normal distribution whose rank correlation is known, about 94 % hold it."""
    chance = np.random.default_rng(5)
    correlation, held = 0.8, 0
    true = 6 / math.pi * math.asin(correlation / 2)
    for i in range(200):
        x, noise = chance.normal(size=(2, 20))
        low, high = bootstrap_spearman(x, correlation * x + math.sqrt(1 - correlation**2) * noise, i, 1000)
        held += low <= true <= high
    assert 176 <= held <= 198


def test_regret_by_hand():
    """The best at the lower budget is the worst at the higher one, the second best the second worst."""
    lower, higher = as_array(1, 2, 3, 4), as_array(0.9, 0.7, 0.6, 0.2)
    regrets = [compute_selection_regret(lower, higher, k) for k in (1, 2, 3, 4, 5)]
    assert regrets == pytest.approx([0.7, 0.3, 0.2, 0, 0])


@pytest.mark.parametrize("scores", [[0.5] * 7, [0.0, -0.0] * 4])
def test_where_all_are_alike_nothing_is_lost(scores):
    """To the last digit, and with the sign of nothing."""
    values = as_array(*scores)
    assert [str(compute_selection_regret(values * 0, values, k)) for k in (1, 3, 5)] == ["0.0"] * 3


def test_regret_with_ties_by_hand():
    """Of two that are best alike one is as good as the other; the third is chosen last."""
    lower, higher = as_array(1, 1, 0), as_array(5, 3, 9)
    assert compute_selection_regret(lower, higher, 1) == 9 - (5 + 3) / 2
    assert compute_selection_regret(lower, higher, 2) == 9 - 5
    assert compute_selection_regret(np.zeros(3), higher, 2) == pytest.approx(9 - (9 + 9 + 5) / 3)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(-5, 5)), min_size=1, max_size=6), st.integers(1, 6))
def test_ties_are_broken_in_every_way(rows, k):
    """The regret is the mean over all orders in which the pairs may have come, of which the first are chosen."""
    lower, higher = (np.array(row, dtype=np.float64) for row in zip(*rows, strict=True))
    orders = list(permutations(range(len(rows))))
    chosen = [sorted(order, key=lambda i: -lower[i])[:k] for order in orders]
    mean = np.mean([higher.max() - higher[best].max() for best in chosen])
    assert compute_selection_regret(lower, higher, k) == pytest.approx(mean, abs=1e-9)


@given(pairs(1), st.integers(1, 12))
def test_more_that_go_on_lose_no_more(rows, k):
    regrets = [compute_selection_regret(*rows, more) for more in (k, k + 1, len(rows[0]))]
    assert regrets[0] >= regrets[1] - 1e-6 >= -1e-6
    assert regrets[2] == 0


def test_by_chance_it_is_the_mean_over_all_choices():
    higher = as_array(4, 1, 7, 2, 2)
    mean = np.mean([7 - max(chosen) for chosen in combinations(higher, 3)])
    assert compute_selection_regret(np.zeros(5), higher, 3) == pytest.approx(mean)
