"""Shapes of tensors, without their batch axis."""

from collections.abc import Iterable
from operator import index

from archwright.core.errors import ArchwrightError

Shape = tuple[int, ...]  # (channels, height, width) or (features,)


class Misfit(ArchwrightError, ValueError):
    """An input shape, or a combination of values, that a module cannot take; the search never offers it."""


def input_shape(given: Iterable[int]) -> Shape:
    """The shape of an input as Python's integers. Misfit for what is none."""
    shape = tuple(given)
    try:
        axes = tuple(0 if isinstance(axis, bool) else index(axis) for axis in shape)
    except TypeError:
        axes = ()
    if not axes or min(axes) < 1:
        raise Misfit(f"the input shape is {shape}; it must be positive integers, such as (3, 32, 32), without a batch")
    return axes
