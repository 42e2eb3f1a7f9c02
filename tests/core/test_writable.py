"""What a log cannot hold of a person's own kinds is found where a space is checked."""

from typing import Any

import pytest
from attrs import field
from hypothesis import given

import archwright as aw
from archwright.core.check import NotWritable, require_writable
from tests.core.own import Shrink
from tests.strategies import anything

SHAPE = (3, 8, 8)


@aw.module
class Holding(aw.Basic):
    """A kind that holds whatever it is given."""

    held: Any = None

    def out_shape(self, in_shape):
        return in_shape


@aw.module
class Growing(aw.Basic):
    """A kind whose converter makes more of what it is given."""

    held: Any = field(default=1, converter=lambda held: held + 1)

    def out_shape(self, in_shape):
        return in_shape


@aw.module
class Alike(aw.Composite):
    """A kind that gives its children one name."""

    inner: tuple[aw.Term, ...] = aw.children()

    def segment(self, i):
        return "same"

    def child_in_shape(self, i, in_shape, outs):
        return in_shape

    def merge(self, in_shape, outs):
        return outs[-1]


@given(anything)
def test_spaces_of_every_kind_are_writable(space):
    """The built-in ones, and those of a person's own that are as they should be."""
    require_writable(space)


@pytest.mark.parametrize("held", [{1, 2}, object(), float("nan"), 2j])
def test_a_field_that_json_cannot_hold(held):
    """Found wherever the module is, before anything is logged."""
    space = aw.sequential(aw.optional(Holding(held)), aw.affine(10))
    with pytest.raises(NotWritable, match=r"holding cannot be written to a log and read again: .*; its fields"):
        aw.check(space, SHAPE)
    aw.check(aw.sequential(Holding("text"), Holding((1, 2)), Shrink([1, 2])), SHAPE)


def test_a_module_that_reads_as_another():
    with pytest.raises(NotWritable, match=r'growing is another one once .* "held": 3} in place of .* "held": 2}; let'):
        aw.check(aw.residual(Growing()), SHAPE)


def test_children_whose_choices_have_one_name():
    """Of which only one could be logged; children that leave nothing open may share it."""
    with pytest.raises(NotWritable, match="segment of alike gives 'same' for its children 0 and 1, so that their"):
        aw.check(Alike((Shrink([1, 2]), Shrink([1, 2]))), SHAPE)
    aw.check(Alike((Shrink([1, 2]), aw.relu())), SHAPE)
