"""How axes are cut into cells."""

import numpy as np
import pytest

from archwright.core.domain import values
from archwright.core.ranges import integers, reals
from archwright.search.importance.axes import CURVE_POINTS, make_axis

INF = np.inf


def cut_at(axis, *thresholds: float):
    """The cells of the intervals between thresholds."""
    ends = [-INF, *thresholds, INF]
    return axis.cut(np.array(ends[:-1])[:, None], np.array(ends[1:])[:, None])


def test_an_interval_of_a_list_is_as_long_as_its_values_are_many():
    """Wherever between two of them a tree has cut."""
    axis = make_axis(values(1, 2, 4, 8), [1, 8])
    places = axis.encode([1, 2, 4, 8])[:, 0].tolist()
    assert places == [0.125, 0.375, 0.625, 0.875]
    for threshold, shares in {0.2: [0.25, 0.75], 0.37: [0.25, 0.75], 0.375: [0.5, 0.5], 0.5: [0.5, 0.5]}.items():
        cells = cut_at(axis, threshold)
        assert cells.shares.tolist() == pytest.approx(shares)
        assert cells.member.tolist() == [[1, 0], [0, 1]]


def test_whole_numbers_on_a_log_scale_are_as_long_as_their_ratios():
    """1 to 3 lie between .5 and 3.5: the share of 1 is log 3 / log 7."""
    cells = cut_at(make_axis(integers(1, 3, log=True), [1, 2]), 0.6)
    assert cells.shares.tolist() == pytest.approx([np.log(3) / np.log(7), np.log(7 / 3) / np.log(7)])
    assert cells.lookup.tolist() == [0, 1, 1]


@pytest.mark.parametrize("domain", [reals(0, 1), integers(0, 10**9), integers(1, 10**30, log=True)])
def test_a_continuum_is_cut_where_it_is_cut(domain):
    cells = cut_at(make_axis(domain, []), 0.25, 0.75)
    assert cells.shares.tolist() == pytest.approx([0.25, 0.5, 0.25])
    assert np.bincount(cells.lookup).tolist() == pytest.approx(
        [CURVE_POINTS / 4, CURVE_POINTS / 2, CURVE_POINTS / 4], abs=1
    )


def test_curves_have_all_values_of_a_short_domain_and_some_of_a_long_one():
    assert make_axis(values(4, 2, 8), []).points == (2, 4, 8)
    assert make_axis(integers(0, 100), []).points == tuple(range(101))
    points = make_axis(integers(0, 4000), []).points
    assert (points[0], points[-1], len(points)) == (0, 4000, CURVE_POINTS)
    assert make_axis(values("a", "b", "c"), ["b", "c"]).points == ("a", "b", "c")


def test_boxes_hold_sets_of_categories():
    """With columns for b, c and d: b alone; neither b nor c; all but b that are not asked about c."""
    axis = make_axis(values("a", "b", "c", "d"), ["b", "d", "c"])
    assert axis.encode(["c", "a"]).tolist() == [[0, 1, 0], [0, 0, 0]]
    lower = np.array([[0.5, -INF, -INF], [-INF, -INF, -INF], [-INF, 0.5, -INF]])
    upper = np.array([[INF, INF, INF], [0.5, 0.5, INF], [0.5, INF, INF]])
    cells = axis.cut(lower, upper)
    assert cells.member.tolist() == [[1, 0, 0], [0, 0, 1], [0, 1, 0]]
    assert cells.shares.tolist() == [0.25, 0.25, 0.5]
    assert cells.lookup.tolist() == [2, 0, 1, 2]
