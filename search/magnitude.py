"""Numbers of any magnitude, scaled so that they can be squared and added up: scores are what people make of them."""

import sys

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntegerArray = NDArray[np.int64]

# If the largest number lies within these, its square and the sum of as many squares as memory holds are floats, none is
# so small that it has lost digits, and nothing is scaled.
MIN_UNSCALED, MAX_UNSCALED = 1e-100, 1e100


def find_exponent(*values: FloatArray) -> int:
    """The exponent of the power of two to divide these numbers by; 0 where they may stay as they are.

    Infinities and NaN do not count.
    """
    finite = np.concatenate([np.abs(array[np.isfinite(array)]).ravel() for array in values])
    largest = float(finite.max(initial=0.0))
    return 0 if largest == 0 or MIN_UNSCALED <= largest <= MAX_UNSCALED else int(np.frexp(largest)[1])


def scale_down(values: FloatArray, exponent: int) -> FloatArray:
    """The numbers divided by 2^exponent: exactly, but for those that are next to nothing beside the largest."""
    return np.ldexp(values, -exponent)


def scale_up(values: FloatArray, exponent: int) -> FloatArray:
    """The numbers multiplied by 2^exponent; what is more than a float holds becomes the largest one."""
    with np.errstate(over="ignore"):
        return saturate(np.ldexp(values, exponent))


def saturate(values: FloatArray) -> FloatArray:
    """The same, with the largest float, or its negative, in place of an infinity; NaN stays."""
    return np.clip(values, -sys.float_info.max, sys.float_info.max)
