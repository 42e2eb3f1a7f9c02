"""Checks of a space before a search: dead ends, outputs, shared hyperparameters, and what a log can hold."""

import re
from collections.abc import Mapping
from typing import Any

import pytest
from attrs import field
from hypothesis import given

import archwright as aw
from archwright.core.check import ConflictingShared, NotWritable, WrongOutput, require_writable
from archwright.core.node import DeadEnd, Node
from archwright.core.value import Value
from tests.core.user_modules import Shrink
from tests.strategies import Case, cases, enumerate_leaves, open_cases, seeds, terms, walk_randomly


@given(cases)
def test_a_walk_meets_a_dead_end_exactly_if_one_is_reported(case):
    """In every space that can be enumerated: dead_ends is empty if and only if no path ends in one."""
    _, stuck = enumerate_leaves(case.space, case.shape)
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
    """The choices of a reported dead end end at its place, also where places or copies share what was chosen."""
    for blocked in aw.dead_ends(case.space, case.shape):
        with pytest.raises(DeadEnd) as caught:
            follow(case, dict(blocked.path))
        match = re.match("nothing fits at ([^ ]+) after", str(caught.value))
        # Replaying names a part without choices as a whole.
        assert match is not None
        assert blocked.place.startswith(match[1].rpartition(".")[0]), (blocked, caught.value)


@given(open_cases, seeds)
def test_every_sample_of_a_checked_space_ends_at_a_leaf(case, seed):
    aw.check(case.space, case.shape)
    *_, leaf = walk_randomly(aw.root(case.space, case.shape), seed)
    assert leaf.is_leaf


def test_dead_ends_are_reported_with_their_path():
    """With place, choices and reason; choices that make no difference are left out."""
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


def test_channels_that_come_last_are_pointed_at():
    """As other libraries have them; only where the first axis is none of channels."""
    space = aw.sequential(aw.conv2d([8, 16], 3), aw.max_pool2d(2))
    with pytest.raises(
        DeadEnd, match=r"an image is \(channels, height, width\): with 1 channel, its shape is \(1, 8, 6"
    ):
        aw.check(space, (8, 6, 1))
    with pytest.raises(DeadEnd) as caught:
        aw.check(space, (1, 8, 1))
    assert "channels" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (
            aw.features(64),
            "the input of the models is features:64, which is no image: give one, as in --input 3,32,32 (",
        ),
        (aw.tokens(50, 20), "the input of the models is tokens:50,20, which is no image"),
        ((64,), "the input of the models is features:64, which is no image"),
        ((1, 8, 8), "put modules for images before those that make features of them, such as affine"),
    ],
)
def test_a_module_for_images_where_none_arrives_is_told_what_arrives(given, says):
    space = aw.sequential(aw.either(aw.affine(9), aw.relu()), aw.conv2d(8, size=[1, 3]))
    with pytest.raises(DeadEnd) as caught:
        aw.check(space, given)
    assert str(caught.value).splitlines()[-1].startswith(says)
    assert "padding" not in str(caught.value)


def test_a_space_without_a_fitting_module():
    """It has a dead end before any choice."""
    (blocked,) = aw.dead_ends(aw.max_pool2d(9), (1, 8, 8))
    assert str(blocked) == (
        "at max_pool2d after no choice at all: max_pool2d with size 9 and padding 'valid' does not fit an axis of 8"
    )


def test_five_dead_ends_are_listed():
    """And the number of the others."""
    branch = aw.sequential(aw.optional(aw.max_pool2d(8)), aw.max_pool2d(3))
    with pytest.raises(DeadEnd) as caught:
        aw.check(aw.branches(*[branch] * 7), (1, 8, 8))
    lines = str(caught.value).splitlines()
    why = "max_pool2d with size 3 and padding 'valid' does not fit an axis of 1"
    assert lines[5].startswith("  at branches.4.1.max_pool2d after branches.0.0.either.option = identity, ")
    assert lines[5].endswith(f"branches.4.0.either.option = max_pool2d: {why}")
    assert lines[6] == "  and 2 more"


def test_outputs_must_have_the_number_of_classes():
    """If it is known."""
    space = aw.sequential(aw.conv2d(8, 3), aw.either(aw.affine(10), aw.global_avg_pool()))
    aw.check(space, (1, 8, 8))
    message = r"some architectures is \(8,\); the data has 10 classes, so end the space with affine\(units=10\)"
    with pytest.raises(WrongOutput, match=message):
        aw.check(space, (1, 8, 8), classes=10)
    aw.check(aw.sequential(space, aw.affine(10)), (1, 8, 8), classes=10)
    beside = aw.wired(aw.Wiring([0, 0], aw.Joint([1, 2], "tuple")), aw.affine(10), aw.conv2d(4, 3))
    with pytest.raises(
        WrongOutput, match="give outputs side by side, 10 and 4x8x8; the data has 10 classes, so select"
    ):
        aw.check(beside, (1, 8, 8), classes=10)


def test_an_input_shape_that_can_be_walked_once_alone():
    """As a generator of its axes."""
    aw.check(aw.sequential(aw.conv2d(8, 3), aw.affine(10)), (axis for axis in (1, 8, 8)), classes=10)


def test_one_name_for_two_shared_hyperparameters():
    """Refused wherever they are, also within an expression and in an option."""
    wide, narrow = aw.shared("width", [16, 32]), aw.shared("width", [2, 4])
    space = aw.sequential(aw.conv2d(wide, 3), aw.optional(aw.residual(aw.conv2d(narrow * 2, 3))))
    message = r"the shared hyperparameter 'width' has two domains, \{16, 32\} and \{2, 4\}; make it once"
    with pytest.raises(ConflictingShared, match=message):
        aw.check(space, (1, 8, 8))
    aw.check(aw.sequential(aw.conv2d(wide, 3), aw.conv2d(aw.shared("width", [16, 32]), 3)), (1, 8, 8))


# --- what a log can hold


@aw.module
class Holding(aw.Basic):
    """A kind with a field of any type."""

    held: Any = None

    def out_shape(self, in_shape):
        return in_shape


@aw.module
class Growing(aw.Basic):
    """A kind whose converter changes the value each time."""

    held: Any = field(default=1, converter=lambda held: held + 1)

    def out_shape(self, in_shape):
        return in_shape


@aw.module
class SameNames(aw.Composite):
    """A kind whose children all have one name."""

    inner: tuple[aw.Term, ...] = aw.children()

    def segment(self, i):
        return "same"

    def child_in_shape(self, i, in_shape, outs):
        return in_shape

    def merge(self, in_shape, outs):
        return outs[-1]


@given(terms)
def test_spaces_of_every_kind_are_writable(space):
    """Of built-in kinds, and of the user-defined kinds of the tests; but not with a module that JSON cannot hold."""
    require_writable(space)
    with pytest.raises(NotWritable, match="holding cannot be written"):
        require_writable(aw.sequential(space, Holding(object())))


@pytest.mark.parametrize("held", [{1, 2}, object(), float("nan"), 2j])
def test_a_field_that_json_cannot_hold(held):
    """Refused wherever the module is, before anything is logged."""
    space = aw.sequential(aw.optional(Holding(held)), aw.affine(10))
    with pytest.raises(NotWritable, match=r"holding cannot be written to a log and read again: .*; its fields"):
        aw.check(space, (3, 8, 8))
    aw.check(aw.sequential(Holding("text"), Holding((1, 2)), Shrink([1, 2])), (3, 8, 8))


def test_a_module_that_is_read_as_another():
    with pytest.raises(NotWritable, match=r'growing is another one once .* "held": 3} in place of .* "held": 2}; let'):
        aw.check(aw.residual(Growing()), (3, 8, 8))


def test_children_whose_choices_have_one_name():
    """A log could hold only one of them; specified children may share a name."""
    with pytest.raises(NotWritable, match="segment of same_names gives 'same' for its children 0 and 1, so that their"):
        aw.check(SameNames((Shrink([1, 2]), Shrink([1, 2]))), (3, 8, 8))
    aw.check(SameNames((Shrink([1, 2]), aw.relu())), (3, 8, 8))
