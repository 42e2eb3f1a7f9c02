"""How far two rankings of the same configurations agree, how sure that is, and what choosing by one of them costs."""

from math import comb, fsum, sqrt

import numpy as np
from attrs import frozen

from archwright.core.defaults import DEFAULT_RESAMPLES
from archwright.search.magnitude import FloatArray

MIN_PAIRS = 6  # with fewer, no interval is worth its name
MAX_CHUNK_NUMBERS = 2_000_000  # that are held at once while resamples are drawn: 16 MB an array
CONFIDENCE = 0.95  # of every interval that is told, also those of comparisons


@frozen
class RankCorrelation:
    """How far two rankings agree. All but the number of pairs is None where that is too small, or a ranking is flat."""

    pairs: int
    spearman: float | None = None  # within [-1, 1]
    low: float | None = None  # of the 95 % interval of Spearman's; None where no resample has a correlation
    high: float | None = None
    kendall: float | None = None  # tau-b, within [-1, 1]

    @property
    def is_too_small(self) -> bool:
        """Whether there are too few pairs to say anything."""
        return self.pairs < MIN_PAIRS


def correlate_ranks(x: FloatArray, y: FloatArray, seed: int = 0, resamples: int = DEFAULT_RESAMPLES) -> RankCorrelation:
    """Spearman's correlation with its percentile interval (Efron 1979), and Kendall's tau-b, of pairs [pairs].

    Equal values share the mean of their ranks. A resample in which all values of one side are equal has no
    correlation, and is left out. Infinities are ranked, NaN may not be there. Consumes `resamples` multinomial draws
    from a generator of its own.
    """
    if len(x) < MIN_PAIRS:
        return RankCorrelation(len(x))
    low, high = bootstrap_spearman(x, y, seed, resamples)
    return RankCorrelation(len(x), compute_spearman(x, y), low, high, compute_kendall(x, y))


def compute_spearman(x: FloatArray, y: FloatArray) -> float | None:
    """The correlation of the ranks (Spearman 1904); None where one side is flat."""
    (correlation,) = _correlate_resamples(x, y, np.ones((1, len(x))))
    return None if np.isnan(correlation) else float(correlation)


def bootstrap_spearman(
    x: FloatArray, y: FloatArray, seed: int, resamples: int
) -> tuple[float, float] | tuple[None, None]:
    """The ends of the 95 % percentile interval of Spearman's correlation; None where no resample has one."""
    generator, count = np.random.default_rng(seed), len(x)
    chunks = np.array_split(np.arange(resamples), -(-resamples * count // MAX_CHUNK_NUMBERS))
    shares = np.full(count, 1 / count)
    drawn = [
        _correlate_resamples(x, y, generator.multinomial(count, shares, len(chunk)).astype(np.float64))
        for chunk in chunks
    ]
    correlations = np.concatenate(drawn)
    correlations = correlations[~np.isnan(correlations)]
    if not len(correlations):
        return None, None
    low, high = np.quantile(correlations, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)


def _correlate_resamples(x: FloatArray, y: FloatArray, counts: FloatArray) -> FloatArray:
    """Spearman's correlation in each resample [resamples]; NaN where one side is flat there.

    `counts` says how often each pair is in it [resamples, pairs].
    """
    a, b = _rank_resamples(x, counts), _rank_resamples(y, counts)
    covariance, a_variance, b_variance = ((counts * product).sum(axis=1) for product in (a * b, a * a, b * b))
    scale = np.sqrt(a_variance * b_variance)
    return np.where(scale > 0, np.clip(covariance / np.where(scale > 0, scale, 1.0), -1.0, 1.0), np.nan)


def _rank_resamples(values: FloatArray, counts: FloatArray) -> FloatArray:
    """The rank of each value among those of its resample, from the middle one [resamples, pairs].

    Exact, as every rank is a multiple of a half.
    """
    levels = np.unique(values, return_inverse=True)[1].reshape(-1)
    order = np.argsort(levels, kind="stable")
    starts = np.flatnonzero(np.diff(levels[order], prepend=-1))
    at_level: FloatArray = np.add.reduceat(counts[:, order], starts, axis=1)
    ranks = np.cumsum(at_level, axis=1) - (at_level - 1) / 2
    return ranks[:, levels] - (counts.sum(axis=1, keepdims=True) + 1) / 2


def compute_kendall(x: FloatArray, y: FloatArray) -> float | None:
    """Tau-b (Kendall 1945): concordant less discordant pairs of pairs, over those that are no ties; None if flat."""
    a, b = (np.unique(values, return_inverse=True)[1].reshape(-1) for values in (x, y))
    agreement = a_untied = b_untied = 0
    for i in range(1, len(a)):
        a_order, b_order = np.sign(a[:i] - a[i]), np.sign(b[:i] - b[i])
        agreement += int((a_order * b_order).sum())
        a_untied += int(np.count_nonzero(a_order))
        b_untied += int(np.count_nonzero(b_order))
    if not a_untied or not b_untied:
        return None
    return max(-1.0, min(1.0, agreement / sqrt(a_untied * b_untied)))


def compute_selection_regret(lower: FloatArray, higher: FloatArray, k: int) -> float:
    """How much is lost at the higher budget by going on with the best `k` at the lower one alone.

    That is the best utility of all pairs less the best among these `k`. Where equal utilities at the lower budget
    leave it open which are the best, it is the mean over all ways of choosing.
    """
    if k >= len(lower):
        return 0.0
    threshold = np.sort(lower)[-k]
    certain = higher[lower > threshold]
    tied = np.sort(higher[lower == threshold])[::-1]
    drawn = k - len(certain)
    ways = comb(len(tied), drawn)
    # The i-th best of the tied is the best that is drawn, where the others come from those that are worse.
    shares = [comb(len(tied) - 1 - i, drawn - 1) / ways for i in range(len(tied) - drawn + 1)]
    best, floor = float(higher.max()), float(certain.max(initial=-np.inf))
    losses = [best - max(float(value), floor) for value in tied[: len(shares)]]
    return fsum(share * loss for share, loss in zip(shares, losses, strict=True))
