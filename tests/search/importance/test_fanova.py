"""The decomposition of the variance of trees: by hand, by enumeration, and of forests."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.tree import DecisionTreeRegressor

from archwright.core.domain import values
from archwright.core.ranges import integers, reals
from archwright.search.importance.axes import encode_all, make_axis
from archwright.search.importance.fanova import Boxes, analyze_variance, decompose, list_boxes

INF = np.inf
UNIT = make_axis(reals(0, 1), [])
MIDDLES = [(i + 0.5) / 16 for i in range(16)]  # of 16 parts of the unit interval
GRID = list(zip(*product(MIDDLES, MIDDLES), strict=True))  # two columns


def grow_tree(axes, columns, scores):
    """The boxes of a tree that is grown to the end."""
    return list_boxes(DecisionTreeRegressor(random_state=0).fit(encode_all(axes, columns), scores).tree_)


def make_quarters(*heights: float) -> Boxes:
    """The unit square in four: low low, low high, high low and high high."""
    bounds = list(product([(-INF, 0.5), (0.5, INF)], repeat=2))
    lower, upper = np.array(bounds).transpose(2, 0, 1)
    return Boxes(lower, upper, np.array(heights, dtype=float))


def test_a_sum_is_shared_by_its_terms():
    """x1 + 2 x2 is 0, 2, 1, 3: of its variance 5/4, x1 has 1/4 and x2 has 1."""
    parts = decompose(make_quarters(0, 2, 1, 3), [UNIT, UNIT], with_pairs=True)
    assert (parts.mean, parts.variance) == (1.5, 1.25)
    assert parts.singles.tolist() == pytest.approx([1 / 5, 4 / 5])
    assert parts.pairs == pytest.approx(np.zeros((2, 2)))
    assert [curve[[0, -1]].tolist() for curve in parts.curves] == [[1, 2], [0.5, 2.5]]


def test_a_centred_product_is_all_of_the_pair():
    parts = decompose(make_quarters(1, -1, -1, 1), [UNIT, UNIT], with_pairs=True)
    assert parts.singles.tolist() == [0, 0]
    assert parts.pairs == pytest.approx(np.array([[0, 1], [1, 0]]))


def test_parts_count_by_their_lengths():
    """1 beyond 3/4 of the first axis: its mean is 1/4 and its variance 3/16."""
    boxes = Boxes(np.array([[-INF, -INF], [0.75, -INF]]), np.array([[0.75, INF], [INF, INF]]), np.array([0.0, 1.0]))
    parts = decompose(boxes, [UNIT, UNIT], with_pairs=True)
    assert (parts.mean, parts.variance) == (0.25, 0.1875)
    assert parts.singles.tolist() == [1, 0]


def test_one_box_has_no_variance():
    parts = decompose(Boxes(np.array([[-INF]]), np.array([[INF]]), np.array([7.0])), [UNIT], with_pairs=True)
    assert (parts.mean, parts.variance, parts.singles.tolist()) == (7, 0, [0])


def test_a_grid_of_a_sum_gives_a_fifth_and_four_fifths():
    """A tree that holds every point of it; a forest of small leaves comes near."""
    scores = np.array([a + 2 * b for a, b in zip(*GRID, strict=True)])
    exact = decompose(grow_tree([UNIT, UNIT], GRID, scores), [UNIT, UNIT], with_pairs=True)
    assert exact.singles.tolist() == pytest.approx([1 / 5, 4 / 5])
    assert exact.pairs[0, 1] == pytest.approx(0)
    forest = analyze_variance([UNIT, UNIT], GRID, scores, 0, with_pairs=True)
    assert [single.mean for single in forest.singles] == pytest.approx([1 / 5, 4 / 5], abs=0.03)
    assert all(0 < single.deviation < 0.05 for single in forest.singles)
    assert forest.pairs[0, 1].mean < 0.03
    assert 0.95 < forest.r2 <= 1


def test_a_grid_of_a_centred_product_gives_all_to_the_pair():
    scores = np.array([(a - 0.5) * (b - 0.5) for a, b in zip(*GRID, strict=True)])
    exact = decompose(grow_tree([UNIT, UNIT], GRID, scores), [UNIT, UNIT], with_pairs=True)
    assert exact.singles.tolist() == pytest.approx([0, 0])
    assert exact.pairs[0, 1] == pytest.approx(1)
    forest = analyze_variance([UNIT, UNIT], GRID, scores, 0, with_pairs=True)
    assert forest.pairs[0, 1].mean > 0.95


def test_a_log_range_is_taken_in_its_own_scale():
    """The same as a range of the logarithms; most of the volume of the raw values is that of the largest ones."""
    log_axis, linear_axis = make_axis(reals(1e-4, 1, log=True), []), make_axis(reals(-4, 0), [])
    exponents = [-4 * middle for middle in MIDDLES]
    scores = np.array(exponents)
    of_logs = decompose(grow_tree([linear_axis], [exponents], scores), [linear_axis])
    of_values = decompose(grow_tree([log_axis], [[10**e for e in exponents]], scores), [log_axis])
    assert of_values.mean == pytest.approx(of_logs.mean)
    assert of_values.variance == pytest.approx(of_logs.variance, rel=1e-5)
    assert of_values.variance == pytest.approx((16**2 - 1) / 12 / 16, rel=1e-5)  # of 16 numbers, a quarter apart


def test_options_are_parted_in_any_way():
    """In whatever order they are written: 3 for the second of three has the variance 2."""
    axis = make_axis(values("a", "b", "c"), ["a", "b", "c"])
    boxes = grow_tree([axis], [["a", "b", "c"]], [0.0, 3.0, 0.0])
    parts = decompose(boxes, [axis])
    assert len(boxes.values) == 2
    assert (parts.mean, parts.variance) == pytest.approx((1, 2))
    assert parts.curves[0].tolist() == pytest.approx([0, 3, 0])


def test_equal_options_are_all_of_the_pair():
    """Whether two of two options are the same: neither alone says anything."""
    columns = list(zip(*product("ab", "ab"), strict=True))
    axes = [make_axis(values("a", "b"), ["a", "b"])] * 2
    parts = decompose(grow_tree(axes, columns, [1.0, 0.0, 0.0, 1.0]), axes, with_pairs=True)
    assert parts.singles.tolist() == pytest.approx([0, 0])
    assert parts.pairs[0, 1] == pytest.approx(1)


def test_an_option_that_no_trial_has_counts_as_one():
    """No tree parts it from the rest: with c unseen, b alone is one of three."""
    axis = make_axis(values("a", "b", "c"), ["a", "b"])
    parts = decompose(grow_tree([axis], [["a", "b"]], [0.0, 3.0]), [axis])
    assert parts.mean in (pytest.approx(1), pytest.approx(2))
    assert parts.variance == pytest.approx(2)


DOMAINS = st.sampled_from(
    [
        values(1, 2, 4, 8),
        values("x", "y", "z"),
        values(False, True),
        values("s", "m", "l", ordered=True),
        integers(1, 6, log=True),
        integers(0, 4),
        values(8, 2, 4),
    ]
)


@settings(deadline=None)
@given(st.lists(DOMAINS, min_size=1, max_size=3), st.data())
def test_the_parts_are_those_of_an_enumeration(domains, data):
    """Of every configuration, as likely as its values are together."""
    configurations = list(product(*domains))
    chosen = data.draw(st.lists(st.sampled_from(configurations), min_size=2, max_size=12))
    scores = data.draw(
        st.lists(st.integers(-5, 5).map(float), min_size=len(chosen), max_size=len(chosen)), label="scores"
    )
    axes = [make_axis(domain, column) for domain, column in zip(domains, zip(*chosen, strict=True), strict=True)]
    tree = DecisionTreeRegressor(random_state=0).fit(encode_all(axes, list(zip(*chosen, strict=True))), scores)
    parts = decompose(list_boxes(tree.tree_), axes, with_pairs=True)
    shape = [domain.size for domain in domains]
    heights = tree.predict(encode_all(axes, list(zip(*configurations, strict=True)))).reshape(shape)
    weights = [np.array([domain.probability(value) for value in domain]) for domain in domains]
    means = {kept: average(heights, weights, kept) for kept in [(), *((i,) for i in range(len(shape)))]}
    variance = average((heights - means[()]) ** 2, weights, ())
    assert (parts.mean, parts.variance) == pytest.approx((float(means[()]), float(variance)), abs=1e-5)
    if variance > 1e-6:
        singles = [average((means[i,] - means[()]) ** 2, [weights[i]], ()) for i in range(len(shape))]
        assert parts.singles == pytest.approx(np.array(singles) / variance, abs=1e-5)
        for i, j in product(range(len(shape)), repeat=2):
            if i < j:
                together = average((average(heights, weights, (i, j)) - means[()]) ** 2, [weights[i], weights[j]], ())
                assert parts.pairs[i, j] == pytest.approx((together - singles[i] - singles[j]) / variance, abs=1e-5)


def average(heights, weights, kept):
    """The mean over all axes but those that are `kept`."""
    for i in reversed(range(heights.ndim)):
        if i not in kept:
            heights = np.tensordot(heights, weights[i], (i, 0))
    return heights


@pytest.mark.parametrize(("shift", "unit"), [(-1000.0, 1.0), (3.0, 1e-200), (0.5, 1e300)])
def test_shares_are_the_same_in_every_unit(shift, unit):
    scores = np.array([a + (b > 0.6) for a, b in zip(*GRID, strict=True)])
    plain, other = (analyze_variance([UNIT, UNIT], GRID, y, 0) for y in (scores, (scores + shift) * unit))
    assert [single.mean for single in other.singles] == pytest.approx(
        [single.mean for single in plain.singles], abs=1e-3
    )
    assert other.curves[0].means / unit == pytest.approx(plain.curves[0].means + shift, abs=1e-3)


def test_a_seed_gives_the_same_again():
    scores = np.sin(np.arange(256.0))
    first, again, other = (analyze_variance([UNIT, UNIT], GRID, scores, seed) for seed in (3, 3, 4))
    assert [single.mean for single in first.singles] == [single.mean for single in again.singles]
    assert [single.mean for single in first.singles] != [single.mean for single in other.singles]


def test_equal_scores_have_no_parts():
    assert analyze_variance([UNIT, UNIT], GRID, np.full(256, 0.5), 0) is None


def test_noise_is_known_as_noise():
    scores = np.random.default_rng(0).standard_normal(256)
    assert analyze_variance([UNIT, UNIT], GRID, scores, 0).r2 < 0.2
