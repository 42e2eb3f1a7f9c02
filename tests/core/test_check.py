"""What is found wrong with a space before a search begins."""

import re
from collections.abc import Mapping

import pytest
from hypothesis import given

import archwright as aw
from archwright.core.check import SharedTwice, WrongOutput
from archwright.core.node import DeadEnd, Node
from archwright.core.value import Value
from tests.strategies import Case, cases, explored, open_cases, seeds, walked


@given(cases)
def test_a_walk_meets_a_dead_end_exactly_if_one_is_reported(case):
    """For every space that can be gone through: dead_ends is empty if and only if no way ends in one."""
    _, stuck = explored(case.space, case.shape)
    reported = aw.dead_ends(case.space, case.shape)
    assert bool(stuck) == bool(reported), (stuck, reported)


def follow(case: Case, chosen: Mapping[str, Value]) -> Node:
    """The leaf that is reached with the values chosen for the names."""
    node = aw.root(case.space, case.shape)
    while node.choice is not None:
        node = node.choose(chosen[node.choice.name])
    return node


@given(cases)
def test_choices_of_a_dead_end_lead_to_it(case):
    """Whoever answers as a reported dead end says comes to one at that place; tied copies say no more than where."""
    for blocked in aw.dead_ends(case.space, case.shape):
        if "copies do not fit a later one" in blocked.why:
            continue
        with pytest.raises(DeadEnd) as caught:
            follow(case, dict(blocked.path))
        found = re.match("nothing fits at ([^ ]+) after", str(caught.value))
        # A part with nothing to choose is named as a whole where the walk meets it.
        assert found is not None
        assert blocked.place.startswith(found[1].rpartition(".")[0]), (blocked, caught.value)


@given(open_cases, seeds)
def test_no_walk_in_a_checked_space_is_stuck(case, seed):
    """A space that passes the check has a leaf at the end of every walk."""
    aw.check(case.space, case.shape)
    *_, leaf = walked(aw.root(case.space, case.shape), seed)
    assert leaf.is_leaf


def test_dead_ends_are_reported_with_their_path():
    """The place, the choices that lead there, and the reason; choices that make no difference are left out."""
    space = aw.sequential(
        aw.conv2d(filters=[8, 16], size=3, stride=[1, 2, 4]),
        aw.either(aw.conv2d(8, 5, padding="valid"), aw.max_pool2d(3)),
    )
    (blocked,) = aw.dead_ends(space, (1, 8, 8))
    assert blocked.place == "1.either"
    assert dict(blocked.path)["0.conv2d.stride"] == 4
    assert blocked.why == "conv2d with size 5 and padding 'valid' does not fit an axis of 2"
    with pytest.raises(DeadEnd) as caught:
        aw.check(space, (1, 8, 8))
    lines = str(caught.value).splitlines()
    assert lines[0] == "for an input of shape (1, 8, 8) the space has dead ends"
    assert lines[1].startswith("  at 1.either after 0.conv2d.filters = 8, 0.conv2d.stride = 4: conv2d with size 5")
    assert lines[2].startswith("use padding='same', smaller sizes and strides, or fewer repeats there")


def test_a_space_that_fits_nothing():
    """Before any choice."""
    (blocked,) = aw.dead_ends(aw.max_pool2d(9), (1, 8, 8))
    assert str(blocked) == (
        "at max_pool2d after no choice at all: max_pool2d with size 9 and padding 'valid' does not fit an axis of 8"
    )


def test_five_dead_ends_are_listed():
    """And how many more there are."""
    branch = aw.sequential(aw.optional(aw.max_pool2d(8)), aw.max_pool2d(3))
    with pytest.raises(DeadEnd) as caught:
        aw.check(aw.branches(*[branch] * 7), (1, 8, 8))
    lines = str(caught.value).splitlines()
    why = "max_pool2d with size 3 and padding 'valid' does not fit an axis of 1"
    assert lines[5].startswith("  at branches.4.1.max_pool2d after branches.0.0.either.option = identity, ")
    assert lines[5].endswith(f"branches.4.0.either.option = max_pool2d: {why}")
    assert lines[6] == "  and 2 more"


def test_outputs_must_have_as_many_values_as_there_are_classes():
    """Where the number of classes is known."""
    space = aw.sequential(aw.conv2d(8, 3), aw.either(aw.affine(10), aw.global_avg_pool()))
    aw.check(space, (1, 8, 8))
    message = r"some architectures is \(8,\); the data has 10 classes, so end the space with affine\(units=10\)"
    with pytest.raises(WrongOutput, match=message):
        aw.check(space, (1, 8, 8), classes=10)
    aw.check(aw.sequential(space, aw.affine(10)), (1, 8, 8), classes=10)


def test_one_name_for_two_shared_hyperparameters():
    """Found wherever they stand, also inside an expression and in an option."""
    wide, narrow = aw.shared("width", [16, 32]), aw.shared("width", [2, 4])
    space = aw.sequential(aw.conv2d(wide, 3), aw.optional(aw.residual(aw.conv2d(narrow * 2, 3))))
    message = r"the shared hyperparameter 'width' has two domains, \{16, 32\} and \{2, 4\}; make it once"
    with pytest.raises(SharedTwice, match=message):
        aw.check(space, (1, 8, 8))
    aw.check(aw.sequential(aw.conv2d(wide, 3), aw.conv2d(aw.shared("width", [16, 32]), 3)), (1, 8, 8))
