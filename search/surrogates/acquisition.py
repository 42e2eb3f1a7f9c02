"""What a model's predictions are worth: expected improvement over the best score so far."""

import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

from archwright.search.surrogates.features import Matrix

_normal = NormalDist()


def gaussian_ranks(merits: Sequence[float]) -> Matrix:
    """Normal quantiles of the ranks, ties at their middle: the same for any scale and any tail of the merits."""
    _, which, ties = np.unique(np.array(merits), return_inverse=True, return_counts=True)
    middles = (np.cumsum(ties) - 0.5 * ties) / len(merits)
    return np.array([_normal.inv_cdf(middle) for middle in middles.tolist()])[which]


def expected_improvement(mean: Matrix, deviation: Matrix, best: float) -> Matrix:
    """By how much a normal variable exceeds `best` on average, less counting as nothing (Jones et al. 1998)."""
    u = (mean - best) / deviation
    above = np.array([0.5 * math.erfc(-each / math.sqrt(2)) for each in u.tolist()])
    return (mean - best) * above + deviation * np.exp(-0.5 * u * u) / math.sqrt(2 * math.pi)


def first_best(values: Matrix) -> int:
    """The place of the largest value, the first of those that differ by rounding alone."""
    return int(np.argmax(values >= values.max() - 1e-9 * abs(values.max())))
