"""Domains: what a hyperparameter may still be."""

import json
import math
import pickle
import random
from collections import Counter
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import archwright as aw
from archwright.core.domain import Domain, Values
from archwright.core.json import UnreadableTerm, from_json, to_json
from archwright.core.mutation import draw_other_value, find_neighbours
from archwright.core.ranges import FLOATING, GRAINS, Integers, Reals
from archwright.core.value import InvalidDomain, as_value
from tests.strategies import (
    domains,
    finite_domains,
    integers_domains,
    reals_domains,
    uniforms,
    units,
    unsorted_domains,
    values_domains,
)


def bisections(domain: Domain) -> int:
    """How often a domain can be split in two, in the larger half each time, until one value is left."""
    n = 0
    while domain.size != 1:
        domain = max(domain.split(2), key=lambda part: part.size or 0)
        n += 1
    return n


def in_order(domain: Domain) -> list:
    """The values in the order that positions and parts have them."""
    return list(domain.order if isinstance(domain, Values) else domain)


@given(domains, uniforms)
def test_samples_lie_in_the_domain(domain, u):
    """What a domain samples it contains, as its own kind of value."""
    value = domain.sample(u)
    assert value in domain
    assert domain.canonical(value) == value
    assert type(domain.canonical(value)) is type(value)


@given(domains, units)
def test_sampling_is_reading_a_unit_position(domain, u):
    """Every unit position, the ends included, is that of a value."""
    assert domain.from_unit(u) in domain
    assert u == 1 or domain.sample(u) == domain.from_unit(u)


@given(finite_domains)
def test_unit_positions_are_inverse_for_finite_domains(domain):
    """from_unit undoes to_unit, for every value."""
    for value in domain:
        assert 0 <= domain.to_unit(value) <= 1
        assert domain.from_unit(domain.to_unit(value)) == value


@given(finite_domains)
def test_shares_are_how_often_a_value_is_sampled(domain):
    """They add up to 1; of 2,000 unit positions in a row, each value has as many as its share says."""
    shares = {value: domain.share(value) for value in domain}
    assert sum(shares.values()) == pytest.approx(1)
    sampled = Counter(domain.sample((i + 0.5) / 2000) for i in range(2000))
    assert all(abs(sampled[value] - 2000 * share) <= 1 + 1e-6 for value, share in shares.items())


def test_one_of_the_reals_has_no_share():
    assert aw.reals(0.1, 1.0, log=True).share(0.5) == 0


@given(reals_domains, units)
def test_unit_positions_are_inverse_for_reals(domain, u):
    """to_unit undoes from_unit, up to rounding."""
    assert domain.to_unit(domain.from_unit(u)) == pytest.approx(u, abs=1e-6)


@given(domains, units, units)
def test_unit_positions_keep_the_order(domain, a, b):
    """A larger unit position never is that of an earlier value."""
    low, high = domain.from_unit(min(a, b)), domain.from_unit(max(a, b))
    if isinstance(domain, Values):
        assert domain.order.index(low) <= domain.order.index(high)
    else:
        assert low <= high


@given(domains)
def test_ends_of_the_unit_interval_are_ends_of_the_domain(domain):
    """Position 0 is the first value, position 1 the last."""
    first, last = domain.from_unit(0.0), domain.from_unit(1.0)
    if isinstance(domain, Values):
        assert (first, last) == (domain.order[0], domain.order[-1])
    else:
        assert (first, last) == (pytest.approx(domain.lo), pytest.approx(domain.hi))


@given(values_domains | integers_domains.filter(lambda domain: not domain.log and domain.size <= 200))
def test_values_have_equal_shares(domain):
    """Uniform numbers give each value of a finite domain without a log scale as often."""
    n = domain.size
    assert [domain.sample((i + 0.5) / n) for i in range(n)] == in_order(domain)


def test_log_scales_give_equal_shares_to_equal_ratios():
    """The middle of 1e-4 .. 1e-2 is 1e-3; of the integers 1 .. 1023, it is sqrt(0.5 * 1023.5) = 22.6."""
    assert aw.reals(1e-4, 1e-2, log=True).from_unit(0.5) == pytest.approx(1e-3)
    assert aw.reals(0, 10).from_unit(0.5) == 5
    scale = aw.integers(1, 1023, log=True)
    assert (scale.sample(0.499), scale.sample(0.501)) == (22, 23)
    assert aw.integers(1, 1023).sample(0.5) == 512


@given(finite_domains, st.integers(1, 5))
def test_split_is_a_partition(domain, parts):
    """The parts of a finite domain, one after the other, are the domain; there are no more than asked for."""
    split = domain.split(parts)
    assert [value for part in split for value in part] == in_order(domain)
    assert 1 <= len(split) <= parts
    assert all(part.size for part in split)
    assert len(split) > 1 or domain.size == 1 or parts == 1
    assert all(domain.includes(part) for part in split)


@given(values_domains | integers_domains.filter(lambda domain: not domain.log), st.integers(1, 5))
def test_split_is_even(domain, parts):
    """Without a log scale, the parts of a finite domain differ by one value at most, and are as many as can be."""
    sizes = [part.size for part in domain.split(parts)]
    assert len(sizes) == min(parts, domain.size)
    assert max(sizes) - min(sizes) <= 1


@given(domains, st.integers(2, 4))
def test_parts_keep_scale_and_order(domain, parts):
    """A part of a log scale is a log scale, and a part of an ordered domain is ordered."""
    for part in domain.split(parts):
        if isinstance(domain, Values):
            assert part.ordered == domain.ordered
        elif isinstance(part, Integers | Reals):
            assert part.log == domain.log


@given(reals_domains, st.integers(2, 4))
def test_parts_of_reals_share_only_their_borders(domain, parts):
    """Intervals side by side from end to end, each with an equal share of the unit interval."""
    split = domain.split(parts)
    assert (split[0].lo, split[-1].hi) == (domain.lo, domain.hi)
    assert all(left.hi == right.lo for left, right in pairwise(split))
    shares = [domain.to_unit(part.hi) - domain.to_unit(part.lo) for part in split]
    assert shares == pytest.approx([1 / parts] * parts, abs=1e-5)
    assert all(part.grain == domain.grain for part in split)


@given(reals_domains, st.integers(2, 4), uniforms)
def test_reals_are_split_down_to_their_grain(domain, parts, u):
    """Going into parts comes to a single value within the grain, after about log(1024) splits."""
    part, depth = domain, 0
    while part.size is None:
        split = part.split(parts)
        part, depth = split[int(u * len(split))], depth + 1
    assert part.from_unit(0) in domain
    assert depth in (math.ceil(math.log(GRAINS, parts) - 1e-9) + d for d in (0, 1, 2))


def test_five_values_are_bisected_in_three_steps():
    """The paper's example, section 5.3: two values and three, then one and two, then one and one."""
    five = aw.values(16, 24, 32, 48, 64)
    assert [list(part) for part in five.split(2)] == [[16, 24], [32, 48, 64]]
    assert bisections(five) == 3


@pytest.mark.parametrize("n", range(1, 34))
def test_bisection_takes_log2_steps(n):
    """Of m values, in ceil(log2 m) steps, as options or as integers."""
    assert bisections(aw.values(*range(n))) == bisections(aw.integers(1, n)) == math.ceil(math.log2(n))


@given(integers_domains.filter(lambda domain: domain.log))
def test_integers_on_a_log_scale_split_by_ratio(domain):
    """The border between the halves is the middle of the log scale, as far as integers go."""
    assume(domain.size >= 2)
    left, right = domain.split(2)
    twice = math.isqrt((2 * domain.lo - 1) * (2 * domain.hi + 1))  # the middle of the scale
    assert left.hi == domain.lo or 2 * left.hi - 1 <= twice
    assert 2 * right.lo + 1 >= twice


@given(domains, domains)
def test_including_is_containing_every_value(domain, other):
    """A domain includes another if, and for finite ones only if, it contains all of its values."""
    if other.size is not None:
        assert domain.includes(other) == all(value in domain for value in other)
    elif domain.includes(other):
        assert all(other.from_unit(u) in domain for u in (0.0, 0.3, 1.0))
    assert domain.includes(domain)


@pytest.mark.parametrize(
    ("domain", "equal", "own"),
    [
        (aw.values(1, 2), True, 1),
        (aw.values(1, 2), 2.0, 2),
        (aw.values(True, 2), 1, True),
        (aw.values(0.5, 1.0), 1, 1.0),
        (aw.integers(1, 4), 3.0, 3),
        (aw.reals(0, 4), 3, 3.0),
    ],
)
def test_an_equal_value_becomes_the_domains_own(domain, equal, own):
    """Choosing 1.0 or True of [1, 2] is choosing 1."""
    assert equal in domain
    found = domain.canonical(equal)
    assert found == own
    assert type(found) is type(own)


@pytest.mark.parametrize("domain", [aw.values(1, "a"), aw.integers(1, 4), aw.reals(1, 4), aw.integers(1, 4, log=True)])
@pytest.mark.parametrize("stranger", [0, 5, 2.5j, "b", None, math.nan, math.inf, [1], object()])
def test_strangers_are_not_in_the_domain(domain, stranger):
    """Other values, of whatever type, are no values of it, and have no equal in it."""
    assert stranger not in domain
    with pytest.raises(ValueError):  # noqa: PT011  (the node that is asked says more)
        domain.canonical(stranger)


@given(domains)
def test_domains_are_values(domain):
    """Equal to, hashed as, and read from a pickle as another of the same contents."""
    copied = pickle.loads(pickle.dumps(domain))
    assert copied == domain
    assert hash(copied) == hash(domain)
    assert str(copied) == str(domain)


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("lo", [2**45, 2**53 - 1, 2**60, 10**100, 10**300 - 300])
def test_integers_that_floats_cannot_tell_apart_have_positions(lo, log):
    """Four in a row have a quarter each, on any scale, and are found from there."""
    domain = aw.integers(lo, lo + 3, log=log)
    assert [domain.sample(u) - lo for u in (0.0, 0.1, 0.3, 0.6, 0.9, 1.0)] == [0, 0, 1, 2, 3, 3]
    assert [domain.to_unit(value) for value in domain] == pytest.approx([0.125, 0.375, 0.625, 0.875])
    assert [domain.share(value) for value in domain] == pytest.approx([0.25] * 4)


def test_positions_of_large_and_of_small_integers_agree():
    """Where floats are exact enough, both ways to reckon give the same."""
    for log in (False, True):
        small, large = aw.integers(7, FLOATING, log=log), aw.integers(7, FLOATING + 1, log=log)
        for value in (7, 100, 10**9, FLOATING - 1):
            assert small.to_unit(value) == pytest.approx(large.to_unit(value), abs=1e-11)
            assert small.share(value) == pytest.approx(large.share(value), rel=1e-3)


@pytest.mark.parametrize(
    ("lo", "hi"), [(1e300, 1.0000000000001e300), (5e-324, 1e-320), (5e-324, 1.7e308), (1.7e308, 1.797e308)]
)
def test_extremes_of_floats_on_a_log_scale(lo, hi):
    """Every position is that of a number between the bounds, and parts come to an end."""
    domain = aw.reals(lo, hi, log=True)
    assert all(lo <= domain.from_unit(i / 64) <= hi for i in range(65))
    parts, depth = [domain], 0
    while any(part.size is None for part in parts):
        parts, depth = [part for each in parts for part in (each.split(2) if each.size is None else [each])], depth + 1
    assert depth <= 13


@given(st.integers(-1074, 1023), st.integers(1, 4096), st.booleans(), st.integers(2, 4))
def test_short_ranges_of_floats_have_positions_and_parts_or_are_refused(exponent, floats, log, parts):
    """As short as there are floats, at any size: two values at least, whose parts hold what the whole holds."""
    lo = hi = math.ldexp(1.0, exponent)
    for _ in range(floats % 64 + 1):
        hi = math.nextafter(hi, math.inf)
    try:
        domain = aw.reals(lo, hi, log=log)
    except InvalidDomain:
        assert log
        return
    assert lo <= domain.from_unit(0.0) < domain.from_unit(1.0) <= hi
    assert 0 <= domain.to_unit(lo) < domain.to_unit(hi) <= 1
    assert draw_other_value(domain, lo, random.Random(0).random) != lo
    parts_of = domain.split(parts)
    assert all(domain.includes(part) for part in parts_of)
    assert len(parts_of) in (1, parts)


@pytest.mark.parametrize("log", [False, True])
def test_bounds_of_any_library_are_pythons(log):
    """Numpy's integers and floats in every place where a number goes; equal to what Python's give."""
    assert aw.integers(np.int64(1), np.uint8(10), log=np.bool_(log)) == aw.integers(1, 10, log=log)
    assert aw.reals(np.float32(0.5), np.int64(2), log=log) == aw.reals(0.5, 2, log=log)
    assert aw.reals(Fraction(1, 2), np.longdouble(2), log=log) == aw.reals(0.5, 2.0, log=log)
    for made in (aw.integers(np.int64(1), np.int64(10)), aw.reals(np.float64(0.1), np.float64(0.5), log=np.bool_(log))):
        assert aw.settings(x=made) == from_json(json.loads(json.dumps(to_json(aw.settings(x=made)))))


def test_lists_of_any_library_are_pythons():
    """So they are ordered, and have six neighbours, as a list of Python's has."""
    for numbers in (np.arange(256), list(np.arange(256)), tuple(np.arange(256.0)), range(256)):
        made = aw.settings(x=numbers)
        assert made == aw.settings(x=list(range(256)))
        assert hash(made) == hash(aw.settings(x=list(range(256))))
        assert len(find_neighbours(aw.root(made, (1,)).domain, 128)) == 6
    assert aw.values(*map(np.str_, "ab")) == aw.values("a", "b")
    assert type(aw.values(np.str_("a")).options[0]) is str


def test_integers_beyond_floating_point_are_split_exactly():
    """Bisection is over the integers themselves, however large they are."""
    low, high = aw.integers(0, 2**200).split(2)
    assert (low.lo, high.hi, low.hi + 1) == (0, 2**200, high.lo)
    assert bisections(aw.integers(1, 2**70)) == 70


def test_domains_as_text():
    """Short and plain, as error messages show them."""
    assert str(aw.values(48, 64, "no")) == "{48, 64, no}"
    assert str(aw.integers(1, 8)) == "[1 .. 8]"
    assert str(aw.integers(1, 8, log=True)) == "[1 .. 8 log]"
    assert str(aw.reals(1e-4, 0.1, log=True)) == "[0.0001, 0.1 log]"


@given(unsorted_domains)
def test_numbers_are_in_order_by_size(domain):
    """Whatever order they are written in, which is the one that people see; parts hold what is alike."""
    order = list(domain.order)
    assert order in (sorted(order), sorted(order)[::-1])
    assert sorted(domain.options) == sorted(order)
    assert domain.by_size == (list(domain) not in (sorted(order), sorted(order)[::-1]))
    assert from_json(json.loads(json.dumps(to_json(aw.settings(x=domain))))) == aw.settings(x=domain)


def test_an_unsorted_list_is_bisected_by_size():
    """The paper's halves of [32, 8, 24, 16] are {8, 16} and {24, 32}; people see what they wrote."""
    domain = aw.values(32, 8, 24, 16)
    assert [list(part) for part in domain.split(2)] == [[8, 16], [24, 32]]
    assert (str(domain), list(domain)) == ("{32, 8, 24, 16}", [32, 8, 24, 16])
    assert [domain.to_unit(value) for value in (8, 16, 24, 32)] == [0.125, 0.375, 0.625, 0.875]
    as_written = aw.values(32, 8, 24, 16, ordered=True)
    assert [list(part) for part in as_written.split(2)] == [[32, 8], [24, 16]]
    assert aw.values(3, 2, 1) == aw.values(3, 2, 1, ordered=True)  # in order as it is


@given(values_domains, values_domains)
def test_domains_of_numbers_that_print_alike_are_equal(a, b):
    """What of an order is not usual is said."""
    numbers = all(type(value) in (int, float) for value in (*a, *b))
    assert not numbers or a.size == 1 or (str(a) == str(b)) == (a == b)


@pytest.mark.parametrize(
    ("domain", "text"),
    [
        (aw.values(32, 8, 24), "{32, 8, 24}"),
        (aw.values(32, 8, 24, ordered=True), "{32, 8, 24 as written}"),
        (aw.values(32, 8, 24, ordered=False), "{32, 8, 24 unordered}"),
        (aw.values("s", "m", "l", ordered=True), "{s, m, l ordered}"),
        (aw.values("s", "m", "l"), "{s, m, l}"),
        (aw.values(True, False), "{True, False}"),
        (aw.reals(0.12345678, 1), "[0.12345678, 1]"),
    ],
)
def test_orders_as_text(domain, text):
    assert str(domain) == text


def test_json_of_before_is_in_the_order_of_writing():
    """It has no word for another one; a domain in order by size has it only where that is another one."""
    before = {"values": [32, 8, 24], "ordered": True}
    assert [list(part) for part in from_json(settings_with(before)).entries[0][1].split(3)] == [[32], [8], [24]]
    assert to_json(from_json(settings_with(before))) == settings_with(before)
    assert to_json(aw.settings(x=[32, 8, 24])) == settings_with(before | {"order": "size"})
    assert to_json(aw.settings(x=[8, 24, 32])) == settings_with({"values": [8, 24, 32], "ordered": True})
    for wrong in ({"order": "length"}, {"order": "size", "ordered": False}, {"order": "size", "values": ["a", "b"]}):
        with pytest.raises(UnreadableTerm):
            from_json(settings_with(before | wrong))


def settings_with(domain: dict) -> dict:
    return {"kind": "settings", "entries": [["x", domain]]}


def test_numbers_count_as_ordered():
    """Neighbours are alike among numbers, not among words or booleans, unless a person says so."""
    assert aw.values(1, 2.5).ordered
    assert not aw.values("a", "b").ordered
    assert not aw.values(False, True).ordered
    assert aw.values("small", "large", ordered=True).ordered
    assert not aw.values(1, 2, ordered=False).ordered


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: aw.values(), "a domain has no values; give it at least one"),
        (lambda: aw.values(1, 2, True), "a domain holds both 1 and True, which are equal; keep one of them"),
        (lambda: aw.values(math.nan), "a hyperparameter's value is nan; values must be finite"),
        (lambda: aw.values(None), "a hyperparameter's value is None of type NoneType; values are bool, int, float or"),
        (lambda: aw.values((1, 2)), r"a hyperparameter's value is \(1, 2\) of type tuple; values are"),
        (lambda: aw.values(np.arange(3)), r"value is array\(\[0, 1, 2\]\) of type ndarray; values are"),
        (lambda: aw.values(10**301), "is an integer of 1000 bits; integers go from -10.300 to 10.300"),
        (lambda: aw.values(-(10**9999)), "is an integer of 33216 bits"),
        (lambda: aw.values("\ud800"), "which no text file can hold"),
        (lambda: aw.values(Fraction(1, 3)), "of type Fraction; values are bool, int, float or str"),
        (lambda: aw.values(Decimal("0.5")), "of type Decimal; values are"),
        (lambda: aw.values(np.complex128(1)), "of type complex128; values are"),
        (lambda: aw.values(np.datetime64("2020-01-01")), "of type datetime64; values are"),
        (lambda: aw.settings(x=np.eye(2)), "of type ndarray; values are"),
        (lambda: aw.settings(x=range(10**12)), r"has more than 1,000,000 values; write integers\(lo, hi\)"),
        (lambda: aw.values(np.int64(1), True), "a domain holds both 1 and True, which are equal"),
        (lambda: aw.values(-0.0, 0), "a domain holds both -0.0 and 0, which are equal"),
        (lambda: aw.values(1, 2, ordered="no"), "'no' stands where a domain takes True or False"),
        (lambda: aw.integers(1, 2, log="yes"), "'yes' stands where a domain takes True or False"),
        (lambda: aw.integers(True, 10), r"integers\(True, 10\) is empty or not of integers"),
        (lambda: aw.integers("1", "3"), r"integers\('1', '3'\) is empty or not of integers"),
        (lambda: aw.integers(1, 10**400), r"a bound of integers\(lo, hi\) is beyond 10.300; write nearer ones"),
        (lambda: aw.reals("1e-4", "1e-1"), "a bound of reals is '1e-4'; write a number, such as 1e-4"),
        (lambda: aw.reals(False, True), "a bound of reals is False; write a number"),
        (lambda: aw.reals(0, 10**400), "a bound of reals is 1000000.*; write a number, such as 1e-4, that a float can"),
        (lambda: aw.reals(0, 2**53 + 1), "a bound of reals is 9007199254740993; write a number"),
        (lambda: aw.reals(-1e308, 1e308), r"reals\(-1e\+308, 1e\+308\) is longer than a float can tell"),
        (lambda: aw.reals(1e300, 1.0000000000000002e300, log=True), "is too short for a log scale; leave out log"),
        (lambda: Reals(0, 1, grain=-1), r"the grain of reals\(0.0, 1.0\) is -1.0; it must be 0 or more"),
        (lambda: Values(("a", "b"), True, True), "cannot be in order by size; only numbers that are ordered can be"),
        (lambda: aw.integers(3, 2), r"integers\(3, 2\) is empty or not of integers; write integers\(lo, hi\)"),
        (lambda: aw.integers(1.5, 2), r"integers\(1.5, 2\) is empty or not of integers"),
        (lambda: aw.integers(0, 2, log=True), r"integers\(0, 2, log=True\) reaches below 1; a log scale needs lo >= 1"),
        (lambda: aw.reals(1, 1), r"reals\(1.0, 1.0\) is empty or not finite; write reals\(lo, hi\) with lo < hi"),
        (lambda: aw.reals(0, math.inf), r"reals\(0.0, inf\) is empty or not finite"),
        (lambda: aw.reals(0, 1, log=True), r"reals\(0.0, 1.0, log=True\) reaches 0; a log scale needs lo > 0"),
        (lambda: list(aw.reals(0, 1)), r"\[0, 1\] cannot be enumerated; sample it or split it"),
    ],
)
def test_invalid_domains(make, message):
    """The error says what was written and what to write."""
    with pytest.raises(InvalidDomain, match=message):
        make()


@pytest.mark.parametrize("scalar", [np.int64(3), np.float32(0.5), np.bool_(True), np.str_("a"), np.array(3)])
def test_numpy_scalars_become_plain_values(scalar):
    """A domain holds what JSON holds, also when it is made from numpy's scalars."""
    assert type(as_value(scalar)) in (bool, int, float, str)
    assert as_value(scalar) == scalar
    assert aw.values(scalar).options == (as_value(scalar),)
