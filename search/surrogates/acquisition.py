"""Acquisition functions: how much it is worth to evaluate a candidate, given the posterior there."""

import math

import numpy as np

from archwright.search.magnitude import FloatArray
from archwright.search.surrogates.surrogate import Posterior

TIE_TOLERANCE = 1e-9  # relative: values that differ by no more do so by rounding alone


def expected_improvement(posterior: Posterior, best: float) -> FloatArray:
    """[candidates]: by how much the target exceeds `best` on average, less counting as nothing (Jones et al. 1998)."""
    improvement, deviation = posterior.mean - best, posterior.standard_deviation
    z = improvement / deviation
    probability = np.array([0.5 * math.erfc(-value / math.sqrt(2)) for value in z.tolist()])
    return improvement * probability + deviation * np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)


def find_best(values: FloatArray) -> int:
    """The index of the largest value, the first of those that tie."""
    return int(np.argmax(values >= values.max() - TIE_TOLERANCE * abs(values.max())))
