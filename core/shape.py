"""Shapes of tensors, without the batch axis."""

from collections.abc import Iterable
from operator import index
from typing import Any, cast, final

from archwright.core.errors import ArchwrightError, show

Shape = tuple[int, ...]  # (channels, height, width) or (features,)

_SHAPE_REMEDY = "it must be positive integers, such as (3, 32, 32), without a batch"
NEEDS_IMAGE = "needs an input of shape (channels, height, width)"  # in the misfit of a module for images


class Misfit(ArchwrightError, ValueError):
    """An input shape or a combination of values that does not fit a module; a search never offers it."""


@final
class TupleShape(tuple[int, ...]):
    """The shapes of several outputs that flow side by side: what a joint that merges by "tuple" gives.

    It is typed as a shape, though its items are shapes, since only kinds with `takes_tuple` are ever given one.
    """

    __slots__ = ()

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """Those of the outputs, in order."""
        return cast(tuple[Shape, ...], tuple(self))


def rank_shape(shape: Shape) -> tuple[bool, Shape]:
    """By which shapes are sorted: one output comes before several side by side, whose items are no integers."""
    return type(shape) is TupleShape, shape


def sort_shapes(shapes: Iterable[Shape]) -> tuple[Shape, ...]:
    """Each shape once, in an order that is always the same."""
    return tuple(sorted(set(shapes), key=rank_shape))


def as_shape(shape: Iterable[int]) -> Shape:
    """An input shape as Python's integers. Misfit unless it has an axis and all of them are positive integers."""
    try:
        axes = () if isinstance(shape, bytes) else tuple(shape)
    except TypeError:
        given: Any = shape
        is_count = type(given) is int and given > 0
        row = f"; for a row of {shape} numbers write aw.features({shape})" if is_count else ""
        raise Misfit(f"the input shape is {show(shape)}; {_SHAPE_REMEDY}{row}") from None
    try:
        integers = tuple(0 if isinstance(axis, bool) else index(axis) for axis in axes)
    except TypeError:
        integers = ()
    if not integers or min(integers) < 1:
        raise Misfit(f"the input shape is {axes}; {_SHAPE_REMEDY}")
    return integers


def format_shape(shape: Iterable[int]) -> str:
    """A shape as text: 3x32x32; of several side by side, 3x32x32 and 8x16x16."""
    if isinstance(shape, TupleShape):
        return " and ".join(map(format_shape, shape.shapes))
    return "x".join(map(str, shape))
