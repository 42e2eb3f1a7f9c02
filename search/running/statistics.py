"""What a comparison of searchers may conclude: incumbents, their means, and how sure a difference is."""

from collections.abc import Sequence

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from archwright.core.errors import ArchwrightError
from archwright.search.magnitude import in_unit, out_of_unit, unit_of

Floats = NDArray[np.float64]

RESAMPLES = 10_000  # of a bootstrap: its error is then below 0.5 % of the interval's ends
CONFIDENCE = 0.95


def incumbents(merits: Sequence[float] | Floats) -> Floats:
    """The best utility so far after each trial [trials]; more is better, -inf where a trial failed."""
    return np.maximum.accumulate(np.asarray(merits, dtype=np.float64))


def standard_error(values: Floats) -> Floats:
    """The standard error of the mean over the first axis, with the deviation of the sample itself, as in paper A."""
    unit = unit_of(values)
    return out_of_unit(np.asarray(np.std(in_unit(values, unit), axis=0) / np.sqrt(len(values))), unit)


def known_mean(values: Floats) -> tuple[Floats, Floats]:
    """The mean over the first axis and its standard error, of what is there: NaN stands for no value.

    Both are NaN where nothing is there.
    """
    there, unit = np.isfinite(values), unit_of(values)
    values = in_unit(values, unit)
    count = np.maximum(there.sum(axis=0), 1)
    mean = np.where(there, values, 0.0).sum(axis=0) / count
    error = np.sqrt(np.where(there, (np.where(there, values, 0.0) - mean) ** 2, 0.0).sum(axis=0) / count / count)
    nothing = ~there.any(axis=0)
    mean, error = (np.where(nothing, np.nan, out_of_unit(each, unit)) for each in (mean, error))
    return mean, error


def share_above(scores: Floats, thresholds: Floats) -> Floats:
    """The fraction of scores that reach each threshold (DeepArchitect, figure 6) [thresholds]."""
    return np.asarray((scores[:, None] >= thresholds[None, :]).mean(axis=0))


class NoPair(ArchwrightError, ValueError):
    """Two groups of searches that have no seed in common on which both have a score."""


@frozen
class Difference:
    """How much better the one is than the other on the same seeds: the mean, its interval, and a p-value."""

    pairs: int  # of which both have a score
    mean: float
    low: float  # of the 95 % interval
    high: float
    p: float  # two-sided: how often a resampled mean lies on the other side of 0, doubled; at least 2^(1-pairs)


def paired_bootstrap(ours: Sequence[float], theirs: Sequence[float], seed: int = 0) -> Difference:
    """The mean of the differences of pairs, with the percentile interval of resampled pairs (Efron 1979).

    If the searchers were alike, each difference would be as likely with the other sign: all n with the same one would
    come with probability 2^(1-n). No resampling of n pairs can say more than that, so p is no smaller.

    A search without a score is NaN, and its pair is left out: worse than any other it may be, but not by how much.
    NoPair where that leaves none.

    Consumes 10,000 resamples of the pairs from a generator of its own.
    """
    pairs = np.array([ours, theirs], dtype=np.float64)
    unit = unit_of(pairs)
    differences = np.subtract(*in_unit(pairs, unit))
    differences = differences[np.isfinite(differences)]
    generator = np.random.default_rng(seed)
    n = len(differences)
    if not n:
        raise NoPair(f"of {len(ours)} pairs, none has two scores; run searches of the same seeds to their end")
    means = np.concatenate(
        [
            differences[generator.integers(0, n, (len(part), n))].mean(axis=1)
            for part in np.array_split(range(RESAMPLES), 20)
        ]
    )
    interval = np.quantile(means, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    other_side = min(float((means <= 0).mean()), float((means >= 0).mean()))
    p = min(1.0, max(2 * other_side, 2.0 ** (1 - n)))
    mean, low, high = out_of_unit(np.array([differences.mean(), *interval]), unit).tolist()
    return Difference(n, mean, low, high, p)


def expected_best(scores: Sequence[float] | Floats, draws: int, *, replacement: bool = False) -> float:
    """The mean of the best of `draws` scores, each as likely as another, drawn without replacement or with it.

    Exact, by order statistics: of N scores, the k-th smallest is the best of n with probability C(k-1, n-1) / C(N, n),
    or, where each may come again, (k/N)^n - ((k-1)/N)^n.
    """
    ordered = np.sort(np.asarray(scores, dtype=np.float64))
    n, unit = len(ordered), unit_of(ordered)
    ordered = in_unit(ordered, unit)
    if not 1 <= draws <= n:
        raise ValueError(f"draws is {draws}; of {n} scores, 1 to {n} can be drawn")
    if replacement:
        return float(out_of_unit(np.diff((np.arange(n + 1) / n) ** draws) @ ordered, unit))
    total, chance = 0.0, draws / n  # the largest is the best with probability n/N
    for k in range(n, draws - 1, -1):
        total += chance * float(ordered[k - 1])
        # C(k-2, n-1) / C(k-1, n-1) = (k - n) / (k - 1)
        chance *= (k - draws) / (k - 1) if k > 1 else 0.0
    return float(out_of_unit(np.array(total), unit))


def standard_errors_off(curves: Floats, expected: Sequence[float] | Floats) -> Floats:
    """By how many standard errors the means of [searches, trials] curves differ from what is expected [trials].

    Where all curves agree there is no error: then the difference is 0, or infinitely many.
    """
    difference = np.asarray(curves.mean(axis=0) - np.asarray(expected, dtype=np.float64))
    error = standard_error(curves)
    same = np.abs(difference) <= 1e-12
    return np.where(same, 0.0, np.divide(difference, error, out=np.full_like(error, np.inf), where=error > 0))
