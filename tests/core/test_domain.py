"""Domains: what a hyperparameter may still be."""

import math
import pickle
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import archwright as aw
from archwright.core.domain import GRAINS, Domain, Integers, InvalidDomain, Reals, Values, plain
from tests.strategies import domains, finite_domains, integers_domains, reals_domains, uniforms, units, values_domains


def bisections(domain: Domain) -> int:
    """How often a domain can be split in two, in the larger half each time, until one value is left."""
    n = 0
    while domain.size != 1:
        domain = max(domain.split(2), key=lambda part: part.size or 0)
        n += 1
    return n


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
        assert domain.options.index(low) <= domain.options.index(high)
    else:
        assert low <= high


@given(domains)
def test_ends_of_the_unit_interval_are_ends_of_the_domain(domain):
    """Position 0 is the first value, position 1 the last."""
    first, last = domain.from_unit(0.0), domain.from_unit(1.0)
    if isinstance(domain, Values):
        assert (first, last) == (domain.options[0], domain.options[-1])
    else:
        assert (first, last) == (pytest.approx(domain.lo), pytest.approx(domain.hi))


@given(values_domains | integers_domains.filter(lambda domain: not domain.log and domain.size <= 200))
def test_values_have_equal_shares(domain):
    """Uniform numbers give each value of a finite domain without a log scale as often."""
    n = domain.size
    assert [domain.sample((i + 0.5) / n) for i in range(n)] == list(domain)


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
    assert [value for part in split for value in part] == list(domain)
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
    middle = math.sqrt((domain.lo - 0.5) * (domain.hi + 0.5))
    assert left.hi <= max(middle + 0.5, domain.lo)
    assert right.lo >= middle - 0.5


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
    assert type(plain(scalar)) in (bool, int, float, str)
    assert plain(scalar) == scalar
    assert aw.values(scalar).options == (plain(scalar),)
