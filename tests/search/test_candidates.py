"""Leaves near others."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

import archwright as aw
from archwright.core.domain import Integers, Reals, Values
from archwright.core.mutation import steps
from archwright.core.traverse import sample
from archwright.search.candidates import another, variant
from tests.search.instant import SPACE

FLAT = aw.settings(**{f"x{i}": ["a", "b", "c"] for i in range(6)})


@given(st.integers(0, 10_000))
def test_a_variant_is_another_leaf_of_the_space(seed):
    """With choices that come and go with others, reals and integers; its path leads to it."""
    uniform = random.Random(seed).random
    space = aw.sequential(SPACE, aw.affine(aw.integers(1, 200)))
    leaf = sample(aw.root(space, (1, 8, 8)), uniform)
    found, path = variant(steps(leaf), uniform)
    assert found.is_leaf
    assert found.path == path != leaf.path
    assert aw.replay(space, (1, 8, 8), path) == found


def test_as_many_choices_change_as_a_fair_coin_says():
    """Of six choices: one change half of the time, two or more a quarter each time less; twice the same is one."""
    uniform = random.Random(0).random
    leaf = sample(aw.root(FLAT, (1, 8, 8)), uniform)
    changes = [0] * 7
    for _ in range(2000):
        _, path = variant(steps(leaf), uniform)
        changes[sum(a != b for a, b in zip(path, leaf.path, strict=True))] += 1
    assert changes[0] == 0
    assert 0.5 < changes[1] / 2000 < 0.62
    assert changes[1] > changes[2] > changes[3] > 0


def test_what_still_fits_is_kept():
    """Only what belongs to the second copy is drawn when a second copy comes."""
    space = aw.sequential(
        aw.settings(x=aw.reals(0, 1)), aw.repeat(aw.conv2d(filters=list(range(1, 50)), size=3), [1, 2])
    )
    leaf = aw.replay(space, (1, 8, 8), [("0.settings.x", 0.5), ("1.repeat.count", 1)])
    leaf = leaf.choose(7)
    uniform = random.Random(1).random
    kept = [dict(path) for _, path in (variant(steps(leaf), uniform) for _ in range(200))]
    second = [path for path in kept if path["1.repeat.count"] == 2]
    assert any(path["0.settings.x"] == 0.5 and 7 in path.values() for path in second)


@pytest.mark.parametrize(
    "domain", [Reals(1e-4, 1.0, log=True), Integers(1, 1000), Integers(0, 1), Values((1, 2, 3)), Values((True, False))]
)
def test_another_value_is_in_the_domain_and_not_the_same(domain):
    uniform = random.Random(0).random
    for _ in range(300):
        value = domain.sample(uniform())
        other = another(domain, value, uniform)
        assert other in domain
        assert other != value


def test_numbers_change_near_and_far():
    """Half of the changes are anywhere; of the rest, as many within a hundredth of the domain as there are decades."""
    uniform = random.Random(0).random
    moves = [abs(float(another(Reals(0, 1), 0.5, uniform)) - 0.5) for _ in range(2000)]
    assert 0.2 < sum(move < 0.02 for move in moves) / 2000 < 0.6
    assert max(moves) > 0.45
