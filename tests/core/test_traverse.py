"""Ways through a space."""

import random
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

import archwright as aw
from archwright.core.traversal import Uncountable
from tests.strategies import all_nodes, explored, open_cases, roots, uniforms


@given(open_cases)
def test_enumeration_visits_every_leaf_once(case):
    """In the order of going through the values depth first."""
    assert list(aw.enumerate_leaves(case.space, case.shape)) == explored(case.space, case.shape)[0]


@given(all_nodes, st.lists(uniforms, min_size=1))
def test_a_sample_consumes_a_number_for_each_choice(node, numbers):
    """And ends at a leaf below its node."""
    drawn = []

    def uniform() -> float:
        drawn.append(numbers[len(drawn) % len(numbers)])
        return drawn[-1]

    leaf = aw.sample(node, uniform)
    assert leaf.is_leaf
    assert len(drawn) == len(leaf.path) - len(node.path)
    assert leaf.path[: len(node.path)] == node.path


@given(roots, st.integers(0, 99))
def test_samples_depend_on_their_numbers_alone(node, seed):
    """The same numbers, the same leaf."""
    first, second = (aw.sample(node, random.Random(seed).random) for _ in range(2))
    assert first == second


def test_choices_are_uniform_but_leaves_are_not():
    """Half of the samples take the option with one leaf, half share the option with nine."""
    space = aw.either(aw.relu(), aw.conv2d([1, 2, 3], [1, 3, 5]))
    uniform = random.Random(0).random
    options = [aw.sample(aw.root(space, (1, 8, 8)), uniform).path[0][1] for _ in range(1000)]
    assert options.count("relu") == pytest.approx(500, abs=60)


def test_enumeration_takes_its_time():
    """The first leaves of a space that has more than could be listed come at once."""
    space = aw.named_space("resnet")
    first, second = islice(aw.enumerate_leaves(space, (3, 32, 32)), 2)
    assert first.path[-1] == ("1.either.option", "identity")
    assert second.path[: len(first.path) - 1] == first.path[:-1]


def test_reals_cannot_be_enumerated():
    """The error names the hyperparameter."""
    space = aw.sequential(aw.conv2d([1, 2], 1), aw.dropout(aw.reals(0, 1)))
    with pytest.raises(
        Uncountable, match=r"^1.dropout.rate has no end of values; sample the space, or use values inst"
    ):
        list(aw.enumerate_leaves(space, (1, 8, 8)))
