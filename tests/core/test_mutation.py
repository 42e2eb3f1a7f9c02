"""Small steps in a space."""

import random

from hypothesis import given
from hypothesis import strategies as st

import archwright as aw
from archwright.core.mutation import mutated, neighbours, steps, with_changes
from tests.strategies import leaves, seeds


@given(leaves, seeds)
def test_a_mutated_leaf_is_another_leaf_of_the_same_space(leaf, seed):
    """It differs in at least one choice; the leaf itself is as before."""
    path = leaf.path
    other = mutated(leaf, random.Random(seed).random)
    assert other.is_leaf
    assert other.origin == leaf.origin
    assert other != leaf
    assert leaf.path == path
    assert aw.replay(leaf.origin.space, leaf.origin.input_shape, other.path) == other


@given(leaves, seeds)
def test_mutation_depends_on_its_numbers_alone(leaf, seed):
    """The same numbers, the same leaf."""
    first, second = (mutated(leaf, random.Random(seed).random) for _ in range(2))
    assert first == second


@given(leaves)
def test_neighbours_differ_in_one_choice_of_the_path(leaf):
    """Each change is another legal value of a choice; making it keeps what was chosen before."""
    of = steps(leaf)
    for i, value in neighbours(of):
        name, before = leaf.path[i]
        assert before != value
        other, path = with_changes(of, {i: value}, random.Random(0).random)
        assert other.path == path
        assert path[: i + 1] == (*leaf.path[:i], (name, value))


@given(leaves)
def test_changing_nothing_gives_the_leaf(leaf):
    """A choice that is given the value that it has draws nothing."""

    def never() -> float:
        raise AssertionError("a number was drawn")

    for i, (_, value) in enumerate(leaf.path):
        assert with_changes(steps(leaf), {i: value}, never) == (leaf, leaf.path)


@given(leaves)
def test_steps_lead_to_the_leaf(leaf):
    """Each node asks what its step is called, and its answer leads to the next one."""
    of = steps(leaf)
    assert tuple((step.name, step.value) for step in of) == leaf.path
    for step, after in zip(of, [*(later.node for later in of[1:]), leaf], strict=True):
        assert step.node.choice is not None
        assert step.node.choice.name == step.name
        assert step.node.choose(step.value) == after


def test_the_choices_that_still_fit_are_kept():
    """A change of option asks what is in the new one; what comes after is as it was."""
    space = aw.sequential(aw.either(aw.relu(), aw.conv2d([2, 4], 1)), aw.dropout([0.1, 0.2, 0.5]), aw.affine([1, 2]))
    leaf = aw.root(space, (3, 8, 8)).choose("relu").choose(0.2).choose(2)
    _, path = with_changes(steps(leaf), {0: "conv2d"}, lambda: 0.9)
    assert [value for _, value in path] == ["conv2d", 4, 0.2, 2]


def test_several_changes_at_once():
    space = aw.sequential(aw.conv2d([2, 4, 8], 1), aw.dropout([0.1, 0.2, 0.5]), aw.affine([1, 2]))
    leaf = aw.root(space, (3, 8, 8)).choose(2).choose(0.2).choose(2)
    _, path = with_changes(steps(leaf), {2: 1, 0: 8}, lambda: 0.0)
    assert [value for _, value in path] == [8, 0.2, 1]


def test_neighbours_by_hand():
    """Every other value of a small domain; of reals and long ranges, values spread over the domain."""
    space = aw.sequential(aw.conv2d([2, 4, 8], 1), aw.dropout(aw.reals(0, 1)), aw.affine(aw.integers(1, 100)))
    leaf = aw.root(space, (3, 8, 8)).choose(4).choose(0.3).choose(13)
    assert list(neighbours(steps(leaf))) == [
        (0, 2),
        (0, 8),
        *((1, rate) for rate in (0.125, 0.375, 0.625, 0.875)),
        *((2, units) for units in (38, 63, 88)),
    ]


@given(st.integers(0, 99))
def test_a_space_of_one_leaf_has_no_neighbours(seed):
    """Mutation gives that leaf."""
    leaf = aw.root(aw.relu(), (3, 8, 8))
    assert mutated(leaf, random.Random(seed).random) is leaf
    assert list(neighbours(steps(leaf))) == []
