"""Integers and reals between two bounds."""

import math
import random
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import archwright as aw
from archwright.core.ranges import DEFAULT_GRAINS, MAX_FLOAT_INTEGER
from archwright.core.value import InvalidDomain
from archwright.core.variation.mutation import draw_other_value
from tests.core.test_domain import count_bisections
from tests.strategies import (
    fractions,
    integers_domains,
    reals_domains,
    uniforms,
)


def test_one_of_the_reals_has_probability_zero():
    assert aw.reals(0.1, 1.0, log=True).probability(0.5) == 0


@given(reals_domains, fractions)
def test_unit_positions_are_inverse_for_reals(domain, u):
    """to_unit undoes from_unit, up to rounding."""
    assert domain.to_unit(domain.from_unit(u)) == pytest.approx(u, abs=1e-6)


def test_log_scales_give_equal_probabilities_to_equal_ratios():
    """The middle of 1e-4 .. 1e-2 is 1e-3; of the integers 1 .. 1023, it is sqrt(0.5 * 1023.5) = 22.6."""
    assert aw.reals(1e-4, 1e-2, log=True).from_unit(0.5) == pytest.approx(1e-3)
    assert aw.reals(0, 10).from_unit(0.5) == 5
    scale = aw.integers(1, 1023, log=True)
    assert (scale.sample(0.499), scale.sample(0.501)) == (22, 23)
    assert aw.integers(1, 1023).sample(0.5) == 512


@given(reals_domains, st.integers(2, 4))
def test_parts_of_reals_share_only_their_borders(domain, parts):
    """Adjacent intervals from end to end, each with an equal part of the unit interval."""
    split = domain.split(parts)
    assert (split[0].lo, split[-1].hi) == (domain.lo, domain.hi)
    assert all(left.hi == right.lo for left, right in pairwise(split))
    lengths = [domain.to_unit(part.hi) - domain.to_unit(part.lo) for part in split]
    assert lengths == pytest.approx([1 / parts] * parts, abs=1e-5)
    assert all(part.grain == domain.grain for part in split)


@given(reals_domains, st.integers(2, 4), uniforms)
def test_reals_are_split_down_to_their_grain(domain, parts, u):
    """Repeated splitting ends at a single value within the grain, after about log(1024) splits."""
    part, depth = domain, 0
    while part.size is None:
        split = part.split(parts)
        part, depth = split[int(u * len(split))], depth + 1
    assert part.from_unit(0) in domain
    assert depth in (math.ceil(math.log(DEFAULT_GRAINS, parts) - 1e-9) + d for d in (0, 1, 2))


@given(integers_domains.filter(lambda domain: domain.log))
def test_integers_on_a_log_scale_split_by_ratio(domain):
    """The border between the halves is the middle of the log scale, up to the nearest integer."""
    assume(domain.size >= 2)
    left, right = domain.split(2)
    twice = math.isqrt((2 * domain.lo - 1) * (2 * domain.hi + 1))  # the middle of the scale
    assert left.hi == domain.lo or 2 * left.hi - 1 <= twice
    assert 2 * right.lo + 1 >= twice


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("lo", [2**45, 2**53 - 1, 2**60, 10**100, 10**300 - 300])
def test_integers_that_floats_cannot_tell_apart_have_positions(lo, log):
    """Of four neighbours each has a quarter, on any scale, and is sampled from it."""
    domain = aw.integers(lo, lo + 3, log=log)
    assert [domain.sample(u) - lo for u in (0.0, 0.1, 0.3, 0.6, 0.9, 1.0)] == [0, 0, 1, 2, 3, 3]
    assert [domain.to_unit(value) for value in domain] == pytest.approx([0.125, 0.375, 0.625, 0.875])
    assert [domain.probability(value) for value in domain] == pytest.approx([0.25] * 4)


def test_positions_of_large_and_of_small_integers_agree():
    """Where floats are exact enough, both computations give the same."""
    for log in (False, True):
        small, large = aw.integers(7, MAX_FLOAT_INTEGER, log=log), aw.integers(7, MAX_FLOAT_INTEGER + 1, log=log)
        for value in (7, 100, 10**9, MAX_FLOAT_INTEGER - 1):
            assert small.to_unit(value) == pytest.approx(large.to_unit(value), abs=1e-11)
            assert small.probability(value) == pytest.approx(large.probability(value), rel=1e-3)


@pytest.mark.parametrize(
    ("lo", "hi"), [(1e300, 1.0000000000001e300), (5e-324, 1e-320), (5e-324, 1.7e308), (1.7e308, 1.797e308)]
)
def test_extremes_of_floats_on_a_log_scale(lo, hi):
    """Every position is that of a number between the bounds, and repeated splitting ends."""
    domain = aw.reals(lo, hi, log=True)
    assert all(lo <= domain.from_unit(i / 64) <= hi for i in range(65))
    parts, depth = [domain], 0
    while any(part.size is None for part in parts):
        halves = [part.split(2) if part.size is None else [part] for part in parts]
        parts, depth = [half for pair in halves for half in pair], depth + 1
    assert depth <= 13


@given(st.integers(-1074, 1023), st.integers(1, 4096), st.booleans(), st.integers(2, 4))
def test_short_ranges_of_floats_have_positions_and_parts_or_are_refused(exponent, steps, log, parts):
    """Of neighbouring floats of any size: at least two values, and every part lies in the domain."""
    lo = hi = math.ldexp(1.0, exponent)
    for _ in range(steps % 64 + 1):
        hi = math.nextafter(hi, math.inf)
    try:
        domain = aw.reals(lo, hi, log=log)
    except InvalidDomain:
        assert log
        return
    assert lo <= domain.from_unit(0.0) < domain.from_unit(1.0) <= hi
    assert 0 <= domain.to_unit(lo) < domain.to_unit(hi) <= 1
    assert draw_other_value(domain, lo, random.Random(0).random) != lo
    split = domain.split(parts)
    assert all(domain.includes(part) for part in split)
    assert len(split) in (1, parts)


def test_integers_beyond_floating_point_are_split_exactly():
    """Bisection is over the integers themselves, however large they are."""
    low, high = aw.integers(0, 2**200).split(2)
    assert (low.lo, high.hi, low.hi + 1) == (0, 2**200, high.lo)
    assert count_bisections(aw.integers(1, 2**70)) == 70
