"""The expected best of random search, and z-scores of the means of searches."""

from collections.abc import Sequence

import numpy as np

from archwright.search.magnitude import FloatArray, find_exponent, scale_down, scale_up


def compute_expected_best(scores: Sequence[float] | FloatArray, draws: int, *, replacement: bool = False) -> float:
    """The mean of the best of `draws` scores, each as likely as another, drawn without replacement or with it.

    Exact, by order statistics: of N scores, the k-th smallest is the best of n with probability C(k-1, n-1) / C(N, n),
    or, with replacement, (k/N)^n - ((k-1)/N)^n.
    """
    ordered = np.sort(np.asarray(scores, dtype=np.float64))
    n, unit = len(ordered), find_exponent(ordered)
    ordered = scale_down(ordered, unit)
    if not 1 <= draws <= n:
        raise ValueError(f"draws is {draws}; of {n} scores, 1 to {n} can be drawn")
    if replacement:
        return float(scale_up(np.diff((np.arange(n + 1) / n) ** draws) @ ordered, unit))
    total, chance = 0.0, draws / n  # the largest is the best with probability n/N
    for k in range(n, draws - 1, -1):
        total += chance * float(ordered[k - 1])
        # C(k-2, n-1) / C(k-1, n-1) = (k - n) / (k - 1)
        chance *= (k - draws) / (k - 1) if k > 1 else 0.0
    return float(scale_up(np.array(total), unit))


def compute_standard_error(values: FloatArray) -> FloatArray:
    """The standard error of the mean over the first axis, with the deviation of the sample itself, as in paper A."""
    unit = find_exponent(values)
    return scale_up(np.asarray(np.std(scale_down(values, unit), axis=0) / np.sqrt(len(values))), unit)


def compute_z_scores(curves: FloatArray, expected: Sequence[float] | FloatArray) -> FloatArray:
    """By how many standard errors the means of [searches, trials] curves differ from the `expected` ones [trials].

    Where all curves agree there is no error: then the z-score is 0 if the difference is, and infinite if not.
    """
    difference = np.asarray(curves.mean(axis=0) - np.asarray(expected, dtype=np.float64))
    error = compute_standard_error(curves)
    same = np.abs(difference) <= 1e-12
    return np.where(same, 0.0, np.divide(difference, error, out=np.full_like(error, np.inf), where=error > 0))
