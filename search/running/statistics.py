"""The statistics of a comparison of searchers: incumbents, their means, and how certain a difference between two is."""

import math
from collections.abc import Sequence

import numpy as np
from attrs import frozen

from archwright.core.errors import ArchwrightError
from archwright.search.correlation.rank_correlation import CONFIDENCE
from archwright.search.magnitude import FloatArray, IntegerArray, find_exponent, scale_down, scale_up

BOOTSTRAP_RESAMPLES = 10_000  # of a bootstrap: its error is then below 0.5 % of the interval's ends
BOOTSTRAP_CHUNKS = 20  # in which the resamples are drawn, to use less memory


class NoPairedScores(ArchwrightError, ValueError):
    """Two groups of searches that have no seed in common on which both have a score."""


@frozen
class PairedDifference:
    """How much better one searcher is than another on the same seeds: the mean, its interval, and a p-value."""

    pairs: int  # in which both have a score
    mean: float
    low: float  # of the 95 % interval
    high: float
    p_value: float  # two-sided: how often a resampled mean lies on the other side of 0, doubled; at least 2^(1-pairs)


def find_incumbents(utilities: FloatArray, levels: FloatArray, trials: FloatArray) -> IntegerArray:
    """The position of the best trial so far after each trial [trials], as core/incumbent.py has it; -1 without one.

    Of `utilities` more is better, and NaN is a trial that failed; `levels` order the budgets, the largest last; the
    `trials` are their numbers.
    """
    positions, best, incumbent = np.full(len(utilities), -1), (-np.inf, -np.inf, -np.inf), -1
    for i, merit in enumerate(zip(levels.tolist(), utilities.tolist(), (-trials).tolist(), strict=True)):
        if not math.isnan(merit[1]) and merit > best:
            best, incumbent = merit, i
        positions[i] = incumbent
    return positions


def compute_mean_and_error(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The mean of the finite `values` over the first axis, and its standard error.

    NaN stands for a missing value. Both are NaN where all values are missing. The standard error has the deviation of
    the sample itself, as in the DeepArchitect paper.
    """
    finite, exponent = np.isfinite(values), find_exponent(values)
    values = scale_down(values, exponent)
    count = np.maximum(finite.sum(axis=0), 1)
    mean = np.where(finite, values, 0.0).sum(axis=0) / count
    error = np.sqrt(np.where(finite, (np.where(finite, values, 0.0) - mean) ** 2, 0.0).sum(axis=0) / count / count)
    missing = ~finite.any(axis=0)
    mean, error = (np.where(missing, np.nan, scale_up(array, exponent)) for array in (mean, error))
    return mean, error


def compute_quartiles(values: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The lower quartile, the median and the upper quartile of the `values` over the first axis, but of NaN.

    Between two values they are interpolated. All three are NaN where all values are.
    """
    columns = [column[~np.isnan(column)] for column in values.T]
    quartiles = [np.quantile(column, (0.25, 0.5, 0.75)) if len(column) else np.full(3, np.nan) for column in columns]
    low, median, high = np.array(quartiles, dtype=np.float64).reshape(-1, 3).T
    return low, median, high


def compute_fraction_above(scores: FloatArray, thresholds: FloatArray) -> FloatArray:
    """The fraction of scores that reach each threshold (DeepArchitect, figure 6) [thresholds]."""
    return np.asarray((scores[:, None] >= thresholds[None, :]).mean(axis=0))


def bootstrap_paired_difference(
    scores: Sequence[float], baseline_scores: Sequence[float], seed: int = 0
) -> PairedDifference:
    """The mean of the differences of pairs, with the percentile interval of resampled pairs (Efron 1979).

    If the searchers were equally good, each difference would be as likely with the other sign: all n would have the
    same sign with probability 2^(1-n). No resampling of n pairs can be more certain than that, so the p-value is at
    least as large.

    A search without a score is NaN, and its pair is left out: it may be worse than any other, but not by a known
    amount. NoPairedScores if that leaves none.

    Consumes 10,000 resamples of the pairs from a generator of its own.
    """
    pairs = np.array([scores, baseline_scores], dtype=np.float64)
    exponent = find_exponent(pairs)
    differences = np.subtract(*scale_down(pairs, exponent))
    differences = differences[np.isfinite(differences)]
    generator = np.random.default_rng(seed)
    n = len(differences)
    if not n:
        raise NoPairedScores(
            f"of {len(scores)} pairs, none has two scores; run searches of the same seeds to their end"
        )
    means = np.concatenate(
        [
            differences[generator.integers(0, n, (len(chunk), n))].mean(axis=1)
            for chunk in np.array_split(range(BOOTSTRAP_RESAMPLES), BOOTSTRAP_CHUNKS)
        ]
    )
    interval = np.quantile(means, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    tail_fraction = min(float((means <= 0).mean()), float((means >= 0).mean()))
    p_value = min(1.0, max(2 * tail_fraction, 2.0 ** (1 - n)))
    mean, low, high = scale_up(np.array([differences.mean(), *interval]), exponent).tolist()
    return PairedDifference(n, mean, low, high, p_value)
