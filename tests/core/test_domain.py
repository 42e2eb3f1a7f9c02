"""Domains: the sets of values of hyperparameters."""

import json
import math
import pickle
from collections import Counter
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import archwright as aw
from archwright.core.domain import Domain, Values
from archwright.core.json import UnreadableTerm, from_json, to_json
from archwright.core.normal import Normal
from archwright.core.ranges import Integers, Reals
from archwright.core.value import InvalidDomain
from tests.strategies import (
    domains,
    finite_domains,
    fractions,
    integers_domains,
    uniforms,
    unsorted_domains,
    values_domains,
)


def count_bisections(domain: Domain) -> int:
    """The number of splits in two, going on with the larger half each time, until one value is left."""
    n = 0
    while domain.size != 1:
        domain = max(domain.split(2), key=lambda part: part.size or 0)
        n += 1
    return n


def list_in_order(domain: Domain) -> list:
    """The values in the order of unit positions."""
    return list(domain.order if isinstance(domain, Values) else domain)


@given(domains, uniforms)
def test_samples_lie_in_the_domain(domain, u):
    """A domain contains what it samples, as its own type of value."""
    value = domain.sample(u)
    assert value in domain
    assert domain.canonicalize(value) == value
    assert type(domain.canonicalize(value)) is type(value)


@given(domains, fractions)
def test_sampling_gives_the_value_at_a_unit_position(domain, u):
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
def test_probabilities_are_the_frequencies_of_samples(domain):
    """They add up to 1, and agree with the counts of 2,000 evenly spaced unit positions."""
    probabilities = {value: domain.probability(value) for value in domain}
    assert sum(probabilities.values()) == pytest.approx(1)
    sampled = Counter(domain.sample((i + 0.5) / 2000) for i in range(2000))
    assert all(abs(sampled[value] - 2000 * probability) <= 1 + 1e-6 for value, probability in probabilities.items())


@given(domains, fractions, fractions)
def test_unit_positions_keep_the_order(domain, a, b):
    """A larger unit position is never that of an earlier value."""
    low, high = domain.from_unit(min(a, b)), domain.from_unit(max(a, b))
    if isinstance(domain, Values):
        assert domain.order.index(low) <= domain.order.index(high)
    else:
        rounding = 0 if domain.prior is None else 1e-9 * (domain.hi - domain.lo)  # of the normal distribution
        assert low <= high + rounding


@given(domains)
def test_ends_of_the_unit_interval_are_ends_of_the_domain(domain):
    """Position 0 is the first value, position 1 the last."""
    first, last = domain.from_unit(0.0), domain.from_unit(1.0)
    if isinstance(domain, Values):
        assert (first, last) == (domain.order[0], domain.order[-1])
    else:
        assert (first, last) == (pytest.approx(domain.lo), pytest.approx(domain.hi))


@given(values_domains | integers_domains.filter(lambda domain: not domain.log and domain.size <= 200))
def test_values_are_equally_probable(domain):
    """In a finite domain without a log scale."""
    n = domain.size
    assert [domain.sample((i + 0.5) / n) for i in range(n)] == list_in_order(domain)


@given(finite_domains, st.integers(1, 5))
def test_split_is_a_partition(domain, parts):
    """The concatenated parts of a finite domain are the domain; there are at most `parts` of them."""
    split = domain.split(parts)
    assert [value for part in split for value in part] == list_in_order(domain)
    assert 1 <= len(split) <= parts
    assert all(part.size for part in split)
    assert len(split) > 1 or domain.size == 1 or parts == 1
    assert all(domain.includes(part) for part in split)


@given(values_domains | integers_domains.filter(lambda domain: not domain.log), st.integers(1, 5))
def test_split_is_even(domain, parts):
    """Without a log scale, the parts of a finite domain differ by at most one value, and are as many as possible."""
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


def test_five_values_are_bisected_in_three_steps():
    """The paper's example, section 5.3: two values and three, then one and two, then one and one."""
    five = aw.values(16, 24, 32, 48, 64)
    assert [list(part) for part in five.split(2)] == [[16, 24], [32, 48, 64]]
    assert count_bisections(five) == 3


@pytest.mark.parametrize("n", range(1, 34))
def test_bisection_takes_log2_steps(n):
    """Of m values, in ceil(log2 m) steps, as options or as integers."""
    assert count_bisections(aw.values(*range(n))) == count_bisections(aw.integers(1, n)) == math.ceil(math.log2(n))


@given(domains, domains)
def test_including_is_containing_every_value(domain, other):
    """A domain includes a finite domain if and only if it contains all of its values."""
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
def test_an_equal_value_is_canonicalized(domain, equal, own):
    """Choosing 1.0 or True of [1, 2] is choosing 1."""
    assert equal in domain
    value = domain.canonicalize(equal)
    assert value == own
    assert type(value) is type(own)


@pytest.mark.parametrize("domain", [aw.values(1, "a"), aw.integers(1, 4), aw.reals(1, 4), aw.integers(1, 4, log=True)])
@pytest.mark.parametrize("other", [0, 5, 2.5j, "b", None, math.nan, math.inf, [1], object()])
def test_other_values_are_not_in_the_domain(domain, other):
    """Of any type; they have no equal in it."""
    assert other not in domain
    with pytest.raises(ValueError):  # noqa: PT011  (the error of the node says more)
        domain.canonicalize(other)


@given(domains)
def test_domains_are_values(domain):
    """A pickled copy has the same hash and text, and is equal."""
    copied = pickle.loads(pickle.dumps(domain))
    assert copied == domain
    assert hash(copied) == hash(domain)
    assert str(copied) == str(domain)


@given(domains)
def test_a_domain_is_shown_as_it_is_typed(domain):
    """Code that builds it again."""
    names = {"values": aw.values, "integers": aw.integers, "reals": aw.reals}
    names |= {"Integers": Integers, "Reals": Reals, "Normal": Normal}
    assert eval(repr(domain), names) == domain


def test_domains_as_code():
    """Without what is usual."""
    assert repr(aw.values(32, 8, 24)) == "values(32, 8, 24)"
    assert repr(aw.values("s", "m", ordered=True)) == "values('s', 'm', ordered=True)"
    assert repr(aw.integers(1, 8, log=True)) == "integers(1, 8, log=True)"
    assert repr(aw.reals(1e-3, 0.1, log=True)) == "reals(0.001, 0.1, log=True)"
    assert repr(Reals(0, 1, grain=0.5)) == "Reals(0.0, 1.0, grain=0.5)"


def test_domains_as_text():
    """As error messages show them."""
    assert str(aw.values(48, 64, "no")) == "{48, 64, no}"
    assert str(aw.integers(1, 8)) == "[1 .. 8]"
    assert str(aw.integers(1, 8, log=True)) == "[1 .. 8 log]"
    assert str(aw.reals(1e-4, 0.1, log=True)) == "[0.0001, 0.1 log]"


@given(unsorted_domains)
def test_numbers_are_in_order_by_size(domain):
    """Whatever order they are written in; iteration and JSON keep the order of writing."""
    order = list(domain.order)
    assert order in (sorted(order), sorted(order)[::-1])
    assert sorted(domain.options) == sorted(order)
    assert domain.by_size == (list(domain) not in (sorted(order), sorted(order)[::-1]))
    assert from_json(json.loads(json.dumps(to_json(aw.settings(x=domain))))) == aw.settings(x=domain)


def test_an_unsorted_list_is_bisected_by_size():
    """The paper's halves of [32, 8, 24, 16] are {8, 16} and {24, 32}; its text is as written."""
    domain = aw.values(32, 8, 24, 16)
    assert [list(part) for part in domain.split(2)] == [[8, 16], [24, 32]]
    assert (str(domain), list(domain)) == ("{32, 8, 24, 16}", [32, 8, 24, 16])
    assert [domain.to_unit(value) for value in (8, 16, 24, 32)] == [0.125, 0.375, 0.625, 0.875]
    as_written = aw.values(32, 8, 24, 16, ordered=True)
    assert [list(part) for part in as_written.split(2)] == [[32, 8], [24, 16]]
    assert aw.values(3, 2, 1) == aw.values(3, 2, 1, ordered=True)  # in falling order


@given(values_domains, values_domains)
def test_domains_of_numbers_that_print_alike_are_equal(a, b):
    """The text names the order if it is not the default."""
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


def test_json_without_order_is_in_the_order_of_writing():
    """As in logs of the first release; JSON has `order` only where the order by size is not that of writing."""
    before = {"values": [32, 8, 24], "ordered": True}
    assert [list(part) for part in from_json(build_settings(before)).entries[0][1].split(3)] == [[32], [8], [24]]
    assert to_json(from_json(build_settings(before))) == build_settings(before)
    assert to_json(aw.settings(x=[32, 8, 24])) == build_settings(before | {"order": "size"})
    assert to_json(aw.settings(x=[8, 24, 32])) == build_settings({"values": [8, 24, 32], "ordered": True})
    for wrong in ({"order": "length"}, {"order": "size", "ordered": False}, {"order": "size", "values": ["a", "b"]}):
        with pytest.raises(UnreadableTerm):
            from_json(build_settings(before | wrong))


def build_settings(domain: dict) -> dict:
    return {"kind": "settings", "entries": [["x", domain]]}


def test_numbers_are_ordered():
    """Texts and booleans are not, unless `ordered` says so."""
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
        (lambda: aw.reals(0, 10**400), "a bound of reals is an integer of 1329 bits; write a number, such as 1e-4"),
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
    """The error has the value and the remedy."""
    with pytest.raises(InvalidDomain, match=message):
        make()
