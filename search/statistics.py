"""What a comparison of searchers may conclude: incumbents, their means, and how sure a difference is."""

from collections.abc import Sequence

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RESAMPLES = 10_000  # of a bootstrap: its error is then below 0.5 % of the interval's ends
CONFIDENCE = 0.95


def incumbents(merits: Sequence[float] | Floats) -> Floats:
    """The best merit so far after each trial [trials]; more is better, -inf where a trial failed."""
    return np.maximum.accumulate(np.asarray(merits, dtype=np.float64))


def standard_error(values: Floats) -> Floats:
    """The standard error of the mean over the first axis, with the deviation of the sample itself, as in paper A."""
    return np.asarray(np.std(values, axis=0) / np.sqrt(len(values)))


def share_above(scores: Floats, thresholds: Floats) -> Floats:
    """The fraction of scores that reach each threshold (DeepArchitect, figure 6) [thresholds]."""
    return np.asarray((scores[:, None] >= thresholds[None, :]).mean(axis=0))


@frozen
class Difference:
    """How much better the one is than the other on the same seeds: the mean, its interval, and a p-value."""

    mean: float
    low: float  # of the 95 % interval
    high: float
    p: float  # two-sided: how often a resampled mean lies on the other side of 0, doubled


def paired_bootstrap(ours: Sequence[float], theirs: Sequence[float], seed: int = 0) -> Difference:
    """The mean of the differences of pairs, with the percentile interval of resampled pairs (Efron 1979).

    Consumes 10,000 resamples of the pairs from a generator of its own.
    """
    differences = np.asarray(ours, dtype=np.float64) - np.asarray(theirs, dtype=np.float64)
    generator = np.random.default_rng(seed)
    n = len(differences)
    means = np.concatenate(
        [
            differences[generator.integers(0, n, (len(part), n))].mean(axis=1)
            for part in np.array_split(range(RESAMPLES), 20)
        ]
    )
    low, high = np.quantile(means, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    other_side = min(float((means <= 0).mean()), float((means >= 0).mean()))
    return Difference(float(differences.mean()), float(low), float(high), min(1.0, 2 * other_side))


def expected_best(scores: Sequence[float], draws: int) -> float:
    """The mean of the best of `draws` scores that are drawn without replacement, each as likely as another.

    Exact, by order statistics: the k-th smallest of N is the best with probability C(k-1, n-1) / C(N, n).
    """
    ordered = np.sort(np.asarray(scores, dtype=np.float64))
    n = len(ordered)
    if not 1 <= draws <= n:
        raise ValueError(f"draws is {draws}; of {n} scores, 1 to {n} can be drawn")
    total, chance = 0.0, draws / n  # the largest is the best with probability n/N
    for k in range(n, draws - 1, -1):
        total += chance * float(ordered[k - 1])
        # C(k-2, n-1) / C(k-1, n-1) = (k - n) / (k - 1)
        chance *= (k - draws) / (k - 1) if k > 1 else 0.0
    return total
