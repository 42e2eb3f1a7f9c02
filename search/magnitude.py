"""Numbers of any magnitude in a unit in which they can be squared and added up: scores are what people make of them."""

import sys

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Of the largest number: within these, its square and the sum of as many squares as memory holds are floats, none is so
# small that it has lost digits, and nothing is done to it.
SMALLEST, LARGEST = 1e-100, 1e100


def unit_of(*values: Floats) -> int:
    """The power of two that is the unit for these numbers together; 0 where they are as they may be. NaN counts not."""
    there = np.concatenate([np.abs(each[np.isfinite(each)]).ravel() for each in values])
    largest = float(there.max(initial=0.0))
    return 0 if largest == 0 or SMALLEST <= largest <= LARGEST else int(np.frexp(largest)[1])


def in_unit(values: Floats, unit: int) -> Floats:
    """The numbers in a unit of 2^unit: exactly, but for those that are next to nothing beside the largest."""
    return np.ldexp(values, -unit)


def out_of_unit(values: Floats, unit: int) -> Floats:
    """The inverse; what is more than a float holds becomes the largest one."""
    with np.errstate(over="ignore"):
        return saturated(np.ldexp(values, unit))


def saturated(values: Floats) -> Floats:
    """The same, with the largest float, or its negative, in place of an infinity; NaN stays."""
    return np.clip(values, -sys.float_info.max, sys.float_info.max)
