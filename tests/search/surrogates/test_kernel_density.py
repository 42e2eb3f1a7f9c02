"""Kernel densities by hand, and what holds for every one."""

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import archwright as aw
from archwright.search.surrogates.coordinates import Coordinates, count_options, extract_coordinates
from archwright.search.surrogates.kernel_density import KernelDensity, fit_kernel_density

LETTERS = aw.values("a", "b", "c", "d")
positions = st.lists(st.floats(0, 1), min_size=1, max_size=8)


def at(x: float) -> Coordinates:
    return Coordinates({"x": x}, {}, {})


def having(option: str) -> Coordinates:
    return Coordinates({}, {"o": option}, {"o": LETTERS})


def extract(leaf) -> Coordinates:
    return extract_coordinates(leaf, leaf.path)


def test_coordinates_by_hand():
    """A range and a list in an order have positions, of the middle of their intervals; words and truth values none."""
    space = aw.settings(
        rate=aw.reals(1e-4, 1.0, log=True), width=[8, 16, 32, 64], kind=["x", "y"], flag=[False, True],
        size=aw.values("s", "m", "l", ordered=True), code=aw.values(3, 1, 2, ordered=False),
    )  # fmt: skip
    leaf = aw.root(space, (4,))
    for value in (1e-2, 16, "y", True, "l", 1):
        leaf = leaf.choose(value)
    coordinates = extract(leaf)
    numbers = {name.split(".")[1]: position for name, position in coordinates.numbers.items()}
    assert numbers == pytest.approx({"rate": 0.5, "width": 3 / 8, "size": 5 / 6})
    assert {name.split(".")[1]: value for name, value in coordinates.options.items()} == {
        "kind": "y", "flag": True, "code": 1
    }  # fmt: skip
    assert len(coordinates) == 6


def test_priors_move_no_coordinate():
    plain, believed = aw.settings(x=aw.reals(0, 1)), aw.settings(x=aw.prior(aw.reals(0, 1), 0.9, "high"))
    assert [extract(aw.root(space, (4,)).choose(0.25)) for space in (plain, believed)] == [
        Coordinates({"settings.x": 0.25}, {}, {})
    ] * 2


def test_the_bandwidth_of_numbers_by_hand():
    """Of 0, .5 and 1 the deviation is sqrt(1/6); with two dimensions, n^(-1/6)."""
    density = fit_kernel_density([at(0.0), at(0.5), at(1.0)], {}, 2, 1e-3)
    assert density.bandwidths["x"] == pytest.approx(1.06 * math.sqrt(1 / 6) * 3 ** (-1 / 6))
    assert fit_kernel_density([at(0.5)] * 3, {}, 2, 1e-3).bandwidths["x"] == 1e-3


def test_the_bandwidth_of_options_by_hand():
    """Of a, a, a, b: as the deviation of 0, 0, 0, 1, which is sqrt(3)/4."""
    density = fit_kernel_density([having(o) for o in "aaab"], {"o": 4}, 1, 1e-3)
    assert density.bandwidths["o"] == pytest.approx(1.06 * math.sqrt(3) / 4 * 4 ** (-1 / 5))


@given(st.lists(st.sampled_from("abcd"), min_size=1, max_size=12), st.permutations("abcd"))
def test_the_bandwidth_of_options_does_not_depend_on_their_numbering_and_is_no_wider_than_uniform(options, renamed):
    other = dict(zip("abcd", renamed, strict=True))
    densities = [
        fit_kernel_density([having(name(o)) for o in options], {"o": 4}, 1, 1e-3) for name in (str, other.__getitem__)
    ]
    first, second = (density.bandwidths["o"] for density in densities)
    assert first == second
    assert 1e-3 <= first <= 0.75


def test_a_density_by_hand():
    """Two points, each with a kernel of its own over a number and an option of four."""
    points = [Coordinates({"x": 0.2}, {"o": "a"}, {"o": LETTERS}), Coordinates({"x": 0.6}, {"o": "b"}, {"o": LETTERS})]
    density = KernelDensity(points, {"x": 0.1, "o": 0.3}, {"o": 4})
    normal = [math.exp(-0.5 * z * z) / (0.1 * math.sqrt(2 * math.pi)) for z in (1.0, 3.0)]
    (log,) = density.compute_log_density([Coordinates({"x": 0.3}, {"o": "a"}, {"o": LETTERS})])
    assert math.exp(log) == pytest.approx((normal[0] * 0.7 + normal[1] * 0.1) / 2)
    (log,) = density.compute_log_density([Coordinates({"x": 0.3}, {}, {})])
    assert math.exp(log) == pytest.approx(sum(normal) / 2), "a coordinate that is inactive takes no part"


def test_a_point_that_lacks_a_coordinate_says_nothing_of_it():
    """Its kernel is uniform: 1 on the unit interval, and 1/4 of each of four options."""
    density = KernelDensity([at(0.5), having("a")], {"x": 0.1, "o": 0.3}, {"o": 4})
    logs = density.compute_log_density([at(0.5), having("a"), having("d")])
    there = 1 / (0.1 * math.sqrt(2 * math.pi))
    assert np.exp(logs).tolist() == pytest.approx([(there + 1) / 2, (1 / 4 + 0.7) / 2, (1 / 4 + 0.1) / 2])


@settings(max_examples=20)
@given(positions, st.lists(st.sampled_from("abcd"), min_size=1, max_size=8))
def test_densities_add_up_to_one(numbers, options):
    """Over the line, of which the unit interval is a part, and over all options, also those that no point has."""
    density = fit_kernel_density([at(x) for x in numbers], {}, 1, 0.05)
    line = np.linspace(-3, 4, 3001)
    logs = density.compute_log_density([at(x) for x in line.tolist()])
    assert np.exp(logs).sum() * (line[1] - line[0]) == pytest.approx(1, abs=1e-6)
    density = fit_kernel_density([having(o) for o in options], {"o": 4}, 1, 1e-3)
    assert np.exp(density.compute_log_density([having(o) for o in "abcd"])).sum() == pytest.approx(1)


@given(st.sampled_from("abcd"), st.floats(0, 1), st.floats(1e-6, 1))
def test_densities_are_finite_where_one_option_was_seen_and_far_away(option, x, least):
    """A single level, a bandwidth of next to nothing, and no point at all that has the coordinate."""
    for points in ([having("a")] * 3, [at(0.0)] * 3):
        density = fit_kernel_density(points, count_options(points), 1, least)
        assert np.isfinite(density.compute_log_density([having(option), at(x)])).all()


def test_options_are_counted_as_the_space_has_them():
    """Where the space offers fewer at times, the most; whatever was chosen."""
    few = Coordinates({}, {"o": "a"}, {"o": aw.values("a", "b")})
    assert count_options([few, few]) == {"o": 2}
    assert count_options([few, having("a")]) == {"o": 4}


def test_draws_are_around_the_point_and_wider_by_the_factor():
    """A bandwidth of .02 and a factor of 3: the deviation of draws is .06; an option stays 7 times of 10."""
    space = aw.settings(x=aw.reals(0, 1), o=LETTERS)
    point = Coordinates({"settings.x": 0.5}, {"settings.o": "c"}, {"settings.o": LETTERS})
    density = KernelDensity([point], {"settings.x": 0.02, "settings.o": 0.3}, {"settings.o": 4})
    uniform, root = random.Random(0).random, aw.root(space, (4,))
    drawn = [density.draw_around(root, point, 3.0, uniform) for _ in range(2000)]
    numbers = [float(leaf.path[0][1]) for leaf in drawn]
    assert np.mean(numbers) == pytest.approx(0.5, abs=0.006)
    assert np.std(numbers) == pytest.approx(0.06, abs=0.004)
    assert sum(leaf.path[1][1] == "c" for leaf in drawn) / 2000 == pytest.approx(0.7 + 0.3 / 4, abs=0.04)


def test_what_is_not_active_in_the_point_is_drawn_from_its_domain():
    """By its weights; so is an option that is not offered here."""
    space = aw.settings(w=aw.values("a", "b", weights=[9, 1]), v=["a", "b"])
    point = Coordinates({}, {"settings.v": "z"}, {"settings.v": LETTERS})
    density = KernelDensity([point], {"settings.v": 1e-3}, {"settings.v": 4})
    uniform = random.Random(0).random
    drawn = [density.draw_around(aw.root(space, (4,)), point, 3.0, uniform).path for _ in range(1000)]
    assert sum(path[0][1] == "a" for path in drawn) / 1000 == pytest.approx(0.9, abs=0.04)
    assert sum(path[1][1] == "a" for path in drawn) / 1000 == pytest.approx(0.5, abs=0.06)


def pick_rows() -> aw.Term:
    """A row of a table, unordered, which says a number of 11 and an option."""
    row = aw.shared("row", aw.values(*range(11), ordered=False))
    rates, kinds = [0.1 * (i + 1) for i in range(11)], ["a", "b"] * 5 + ["a"]
    return aw.settings(rate=aw.pick(rates, row), kind=aw.pick(kinds, row))


def test_what_is_picked_stands_for_the_place():
    """A number at the middle of its eleventh, and an option of two; the row itself says nothing."""
    coordinates = extract(aw.root(pick_rows(), (4,)).choose(3))
    assert coordinates.numbers == pytest.approx({"row.rate": 3.5 / 11})
    assert coordinates.options == {"row.kind": "b"}
    assert count_options([coordinates]) == {"row.kind": 2}


def test_a_place_is_drawn_where_what_is_picked_is_near():
    """Around row 3 with hardly any bandwidth it is row 3; with another option half of the time, a neighbour, too."""
    root = aw.root(pick_rows(), (4,))
    point, uniform = extract(root.choose(3)), random.Random(0).random
    narrow = KernelDensity([point], {"row.rate": 1e-3, "row.kind": 1e-3}, {"row.kind": 2})
    assert {narrow.draw_around(root, point, 1.0, uniform).path for _ in range(20)} == {(("row", 3),)}
    wide = KernelDensity([point], {"row.rate": 0.02, "row.kind": 0.5}, {"row.kind": 2})
    rows = [wide.draw_around(root, point, 1.0, uniform).path[0][1] for _ in range(400)]
    assert set(rows) == {2, 3, 4}
    assert rows.count(3) / 400 == pytest.approx(0.75, abs=0.08)  # the option stays, or is drawn from two
