"""Weights of options, and priors: what is drawn more often, and that nothing else changes."""

import json
import random
from collections import Counter
from math import log
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import archwright as aw
from archwright.core.domain import Domain, Values
from archwright.core.drawing.svg import as_svg
from archwright.core.hyperparameter import list_analyzed_values
from archwright.core.json import UnreadableTerm, from_json, to_json
from archwright.core.normal import Normal
from archwright.core.ranges import Integers, Reals
from archwright.core.value import InvalidDomain
from archwright.core.variation.mutation import draw_other_value, find_neighbours
from archwright.search.searchers.unseen import sample_remaining
from tests.strategies import (
    domains,
    fractions,
    integers_with_prior,
    reals_with_prior,
    seeds,
    uniforms,
    values_domains,
    weighted_domains,
)


def compute_mass(domain: Domain, part: Domain) -> float:
    """The probability that a value of a finite domain is one of a part."""
    return sum(domain.probability(value) for value in part)


@given(st.lists(st.integers(1, 4), min_size=1, max_size=6), uniforms)
def test_a_weight_is_how_often_an_option_is_listed(weights, u):
    """Whole weights draw, number by number, what a list draws in which each option stands as often as it weighs."""
    listed = [i for i, weight in enumerate(weights) for _ in range(weight)]
    weighted, plain = Values(range(len(weights)), weights=weights), Values(range(len(listed)))
    assert weighted.sample(u) == listed[plain.sample(u)]
    assert weighted.size == len(weights)


@given(values_domains, st.floats(1e-3, 1e3), fractions)
def test_equal_weights_are_none(domain, weight, u):
    """Neither compared, nor written, nor drawn otherwise."""
    weighted = Values(domain.options, domain.ordered, domain.by_size, [weight] * domain.size)
    assert weighted == domain
    assert to_json(aw.settings(x=weighted)) == to_json(aw.settings(x=domain))
    assert weighted.from_unit(u) == domain.from_unit(u)


@given(weighted_domains | integers_with_prior, st.integers(2, 5))
def test_parts_are_as_likely_as_they_were(domain, parts):
    """Within each part, values are as likely compared to each other as within the whole."""
    for part in domain.split(parts):
        mass = compute_mass(domain, part)
        for value in part:
            assert part.probability(value) * mass == pytest.approx(domain.probability(value), abs=1e-9)


@given(weighted_domains | integers_with_prior | reals_with_prior, st.integers(2, 5))
def test_the_shares_of_all_parts_are_one(domain, parts):
    """The share of a part is that of its values, or of a range the length between the positions of its ends."""
    shares = [domain.compute_share(part) for part in domain.split(parts)]
    assert sum(shares) == pytest.approx(1.0, abs=1e-6)
    for part, share in zip(domain.split(parts), shares, strict=True):
        if isinstance(part, Reals):
            assert share == pytest.approx(domain.to_unit(part.hi) - domain.to_unit(part.lo))
        elif part.size < 100 and not isinstance(domain, Reals):
            assert share == pytest.approx(compute_mass(domain, part), abs=1e-9)


@given(weighted_domains, st.integers(2, 5))
def test_parts_of_weighted_options_are_about_equal(domain, parts):
    """No part has more than its share and the heaviest option together, but where it has one option alone."""
    shares = [(compute_mass(domain, part), part.size) for part in domain.split(parts)]
    heaviest = max(map(domain.probability, domain))
    assert len(shares) == min(parts, domain.size)
    if domain.size >= parts:
        assert (
            all(size == 1 or share <= 1 / parts + heaviest + 1e-9 for share, size in shares) or domain.size < 2 * parts
        )


def test_a_weighted_domain_is_bisected_by_weight():
    """Of a, which is drawn as often as all others together, and of the others."""
    domain = aw.values("a", "b", "c", "d", weights=[3, 1, 1, 1])
    assert [list(part) for part in domain.split()] == [["a"], ["b", "c", "d"]]
    assert [list(part) for part in domain.split(3)] == [["a"], ["b"], ["c", "d"]]
    assert str(domain.split()[1]) == "{b, c, d}"


@given(weighted_domains | integers_with_prior, st.data())
def test_legal_values_keep_their_shares(domain, data):
    """Those that fit are as likely, compared to each other, as they were."""
    kept = data.draw(st.lists(st.sampled_from(list(domain)), min_size=1, unique=True))
    restricted = domain.restrict(value for value in domain if value in kept)
    total = sum(map(domain.probability, kept))
    assert set(restricted) == set(kept)
    for value in kept:
        assert restricted.probability(value) == pytest.approx(domain.probability(value) / total, abs=1e-9)


@given(domains)
def test_json_keeps_weights_and_priors(domain):
    """Both ways; without any, it is what it was before there were any."""
    written = to_json(aw.settings(x=domain))
    assert from_json(json.loads(json.dumps(written))) == aw.settings(x=domain)
    keys = {key for key in ("weights", "prior") if key in written["entries"][0][1]}
    assert bool(keys) == (domain.plain != domain)


@given(weighted_domains | integers_with_prior | reals_with_prior)
def test_the_analysis_looks_at_the_same_values(domain):
    """What is believed of values changes no count and no dead end."""
    assert list_analyzed_values(domain) == list_analyzed_values(domain.plain)
    assert domain.plain.plain == domain.plain
    assert aw.count(aw.settings(x=domain)) == aw.count(aw.settings(x=domain.plain))


@given(weighted_domains | integers_with_prior | reals_with_prior, fractions)
def test_neighbours_do_not_depend_on_weights(domain, u):
    value = domain.from_unit(u)
    assert find_neighbours(domain, value) == find_neighbours(domain.plain, value)


@given(seeds)
def test_another_value_is_drawn_at_once(seed):
    """Also of an option that is nearly all that is ever drawn."""
    stream = random.Random(seed)
    domain = aw.values("a", "b", "c", weights=[10**9, 1, 3])
    drawn = Counter(draw_other_value(domain, "a", stream.random) for _ in range(400))
    assert set(drawn) == {"b", "c"}
    assert 2 * drawn["b"] < drawn["c"]


@given(integers_with_prior | reals_with_prior, uniforms)
def test_the_position_of_a_draw_is_in_its_interval(domain, u):
    """A number that is drawn has a position from which it is drawn again; of reals, that position itself."""
    value = domain.sample(u)
    if isinstance(domain, Integers):
        assert domain.from_unit(domain.to_unit(value)) == value
    else:
        assert domain.to_unit(value) == pytest.approx(u, abs=1e-6)


RANGES = [
    aw.prior(aw.reals(0, 1), 0.2, "medium"),
    aw.prior(aw.reals(1e-4, 1e-1, log=True), 1e-3, "high"),
    aw.prior(aw.integers(1, 30), 30, "low"),
    aw.prior(aw.integers(16, 512, log=True), 64, "medium"),
]


@pytest.mark.parametrize("domain", [*RANGES, *RANGES[1].split(), *RANGES[3].split(3)], ids=str)
def test_draws_are_distributed_as_the_formula_says(domain):
    """10,000 draws in ten bins, against a truncated normal distribution; chi-square with 9 degrees of freedom."""
    stream, edge = random.Random(0), 0.5 if isinstance(domain, Integers) else 0
    scale = log if domain.log else float
    normal = NormalDist(scale(domain.prior.center), domain.prior.deviation)
    low, high = normal.cdf(scale(domain.lo - edge)), normal.cdf(scale(domain.hi + edge))
    drawn = [domain.sample(stream.random()) for _ in range(10_000)]
    bounds = sorted({domain.plain.from_unit(i / 10) for i in range(1, 10)})
    shares = [0.0, *((normal.cdf(scale(bound + edge)) - low) / (high - low) for bound in bounds), 1.0]
    counts = np.histogram(drawn, [-np.inf, *(np.nextafter(bound, np.inf) for bound in bounds), np.inf])[0]
    expected = 10_000 * np.diff(shares)
    assert ((counts - expected) ** 2 / expected).sum() < 27.9  # of one in a thousand


def test_priors_of_finite_sets():
    """PriorBand's: the default has the share of the confidence, but never less than any other value."""
    assert str(aw.prior(["adam", "sgd", "lion"], "sgd", "medium")) == "{adam, sgd, lion weighted 0.25:0.5:0.25}"
    assert aw.prior(["adam", "sgd"], "sgd", "low") == aw.values("adam", "sgd")
    assert aw.prior([32, 8, 16], 8, 0.9).probability(8) == pytest.approx(0.9)
    assert aw.prior(["adam"], "adam", 0.9) == aw.values("adam")
    assert aw.prior(aw.prior(["a", "b"], "a", 0.9), "b", 0.75) == aw.values("a", "b", weights=[0.25, 0.75])


def test_priors_of_ranges():
    """A normal distribution around the default, as wide as the range is and the confidence is not."""
    assert aw.prior(aw.reals(0, 4), 1, "high") == Reals(0, 4, prior=Normal(1, 1))
    assert str(aw.prior(aw.reals(0, 4), 1, "high")) == "[0, 4 around 1 ± 1]"
    assert str(aw.prior(aw.integers(1, 8), 4, "medium")) == "[1 .. 8 around 4 ± 4]"
    assert (
        str(aw.prior(aw.reals(1e-4, 1, log=True), 0.01, "medium")) == "[0.0001, 1 log around 0.01 by a factor of 100]"
    )
    assert str(aw.prior(aw.reals(1e-300, 1e300, log=True), 1, 1e-9)).endswith(
        " log around 1 by a factor of 1.798e+308]"
    )
    assert str(aw.prior(["a", "b"], "b", 0.8)) == "{a, b weighted 0.2:0.8}"
    domain = aw.prior(aw.reals(1, 100, log=True), 10, 0.75)
    assert domain.prior == Normal(10, 0.25 * log(100))
    assert domain.from_unit(0.5) == pytest.approx(10)
    assert repr(aw.prior(aw.integers(1, 8), 4, 0.5)) == "Integers(1, 8, prior=Normal(center=4.0, deviation=4.0))"


def test_the_surest_prior_leaves_nothing_out():
    """What no float tells is as likely as the least number: drawn at last, when nothing else is left."""
    domain = aw.prior(aw.integers(1, 60), 1, 0.999)
    assert all(domain.probability(value) > 0 for value in domain)
    node = aw.root(aw.settings(x=domain), (1,))
    seen = set()
    for _ in range(60):
        leaf = sample_remaining(node, seen, random.Random(1).random)
        assert leaf is not None
        seen.add(leaf.path)
    assert sample_remaining(node, seen, random.Random(1).random) is None
    assert len(domain.split(8)) > 1


def test_an_either_of_weighted_options():
    """Their labels have the weights; a module of that keyword is an option."""
    space = aw.either(aw.relu(), aw.identity(), skip=aw.zero(), weights=[2, 1, 1])
    assert str(space).startswith("either(option={relu, identity, skip weighted 2:1:1})")
    assert aw.count(space) == 3
    drawn = Counter(aw.sample(aw.root(space, (3,)), random.Random(seed).random).path[0][1] for seed in range(400))
    assert 160 < drawn["relu"] < 240
    assert aw.either(aw.relu(), weights=aw.zero()).labels == ("relu", "weights")
    assert "weighted 2:1:1" in as_svg(aw.conv2d(aw.values(2, 4, 8, weights=[2, 1, 1]), 3))


def test_an_option_that_does_not_fit_leaves_the_others_their_weights():
    space = aw.conv2d(8, size=aw.values(1, 3, 9, weights=[3, 1, 1]), padding="valid")
    assert str(aw.root(space, (1, 4, 4)).choice.domain) == "{1, 3 weighted 3:1}"
    ranged = aw.conv2d(8, size=aw.prior(aw.integers(1, 9), 3, "high"), padding="valid")
    domain = aw.root(ranged, (1, 4, 4)).choice.domain
    assert domain.probability(3) > domain.probability(2) > domain.probability(1)
    assert domain.probability(2) == pytest.approx(domain.probability(4), rel=1e-6)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: aw.values("a", "b", weights=[1]), "2 values have 1 weights; give each value one weight"),
        (lambda: aw.values("a", "b", weights=[1, 0]), "the weight of 'b' is 0; it must be a finite number above 0"),
        (lambda: aw.values("a", "b", weights=[1, float("nan")]), "the weight of 'b' is nan"),
        (lambda: aw.values("a", "b", weights=[1, True]), "the weight of 'b' is True"),
        (lambda: aw.values("a", "b", weights=["1", 2]), "the weight of 'a' is '1'"),
        (lambda: aw.values("a", "b", weights=2), r"the weights are 2; write a list of one number for each value"),
        (lambda: aw.values("a", "b", weights=[1e-20, 1]), "the weight of 'a' is 1e-20 of 1.0, too little ever to be"),
        (lambda: aw.either(aw.relu(), aw.zero(), weights=[1, 2, 3]), "2 values have 3 weights"),
        (lambda: aw.prior(["a", "b"], "c", "low"), "the default of a prior is 'c'; it must be one of {a, b}"),
        (lambda: aw.prior(aw.reals(0, 1), 2, "low"), "the default of a prior is 2; it must be between 0 and 1$"),
        (lambda: aw.prior(aw.integers(1, 9), 2.5, "low"), "is 2.5; it must be a whole number between 1 and 9$"),
        (lambda: aw.prior(aw.shared("w", [1, 2]), 1, "low"), "is the shared w; give that the prior, as in shared"),
        (
            lambda: aw.prior(["a", "b"], "a", "hihg"),
            "low, medium, high or a number above 0 and below 1; did you mean high",
        ),
        (lambda: aw.prior(["a", "b"], "a", 1), "the confidence of a prior is 1; it must be low, medium, high"),
        (lambda: aw.prior(3, 3, 0.5), "3 is no domain"),
        (lambda: aw.prior(aw.integers(1, 2**50), 3, 0.5), "has a prior and integers beyond 2.40; write nearer bounds"),
        (lambda: Reals(1, 2, log=True, prior=Normal(-1, 1)), "is around -1.0; on a log scale it must be above 0"),
        (lambda: Normal(0, 0), "it needs a finite one, and one above 0"),
        (lambda: Reals(0, 1, prior=3), "is 3; aw.prior makes one of a default"),
    ],
)
def test_wrong_weights_and_priors(make, message):
    """The error has the value and the remedy."""
    with pytest.raises(InvalidDomain, match=message):
        make()


@pytest.mark.parametrize("wrong", [{"weights": [1]}, {"weights": "ab"}, {"weights": [1, "b"]}, {"weights": [1, -1]}])
def test_wrong_weights_in_json(wrong):
    with pytest.raises(UnreadableTerm, match="weight"):
        from_json({"kind": "settings", "entries": [["x", {"values": ["a", "b"], "ordered": False} | wrong]]})


@pytest.mark.parametrize("wrong", [[1], [1, 0], "ab", [1, "b"]])
def test_a_wrong_prior_in_json(wrong):
    with pytest.raises(UnreadableTerm):
        from_json({"kind": "settings", "entries": [["x", {"integers": [1, 4], "log": False, "prior": wrong}]]})
