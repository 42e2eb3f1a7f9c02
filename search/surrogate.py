"""A Gaussian process over groups of features, and expected improvement.

In closed form with numpy on one thread: a proposal depends on no solver's state and not on the number of cores.
"""

import math
from collections.abc import Callable, Sequence
from functools import cache, wraps
from itertools import product
from statistics import NormalDist
from typing import Any, ParamSpec, TypeVar

import numpy as np
from attrs import evolve, frozen

from archwright.search.features import Matrix

P = ParamSpec("P")
R = TypeVar("R")

LENGTHS = (0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0)  # length scales that are tried: half octaves
NOISES = (1e-3, 1e-2, 1e-1)  # variances of the noise that are tried; the signal's is 1
FITTED = 128  # trials at most that lengths and noise are fitted to: more change them little and cost their cube
JITTER = 1e-9  # keeps variances above 0

_normal = NormalDist()


def on_one_thread(function: Callable[P, R]) -> Callable[P, R]:
    """`function` without threads in its linear algebra.

    They change the last digits with the number of cores, and where cores are shared they cost a hundred times more than
    they save on matrices of this size (measured: 38 ms instead of 0.1 for a Cholesky factor of 128 rows).
    """

    @wraps(function)
    def inner(*args: P.args, **kwargs: P.kwargs) -> R:
        with _threads().limit(limits=1, user_api="blas"):
            return function(*args, **kwargs)

    return inner


@cache
def _threads() -> Any:
    """What limits the threads of numpy's linear algebra; to look for its library takes as long as some of that."""
    from threadpoolctl import ThreadpoolController  # pyright: ignore[reportMissingTypeStubs]

    return ThreadpoolController()


def gaussian_ranks(merits: Sequence[float]) -> Matrix:
    """Normal quantiles of the ranks, ties at their middle: the same for any scale and any tail of the merits."""
    _, which, ties = np.unique(np.array(merits), return_inverse=True, return_counts=True)
    middles = (np.cumsum(ties) - 0.5 * ties) / len(merits)
    return np.array([_normal.inv_cdf(middle) for middle in middles.tolist()])[which]


def squared_distances(a: Matrix, b: Matrix) -> Matrix:
    """[rows of a, rows of b]: squared Euclidean distances."""
    found = a @ b.T
    found *= -2
    found += np.einsum("ij,ij->i", a, a)[:, None]
    found += np.einsum("ij,ij->i", b, b)
    return np.maximum(found, 0.0, out=found)


@frozen
class Supposed:
    """What a process supposes: how far its values are alike in each group of features, and the noise."""

    lengths: tuple[float, ...]
    noise: float = 1e-2


def kernel(distances: Sequence[Matrix], lengths: Sequence[float]) -> Matrix:
    """The squared exponential of the groups' squared distances, each in units of its length."""
    total = distances[0] * (-0.5 / lengths[0] ** 2)
    for distance, length in zip(distances[1:], lengths[1:], strict=True):
        total += distance * (-0.5 / length**2)
    return np.exp(total, out=total)


def evidence(distances: Sequence[Matrix], targets: Matrix, supposed: Supposed) -> float:
    """The log marginal likelihood up to a constant, at the signal's variance that maximises it."""
    n = len(targets)
    # The last row of the Cholesky factor of the Gram matrix bordered by the targets is the whitened targets.
    bordered = np.empty((n + 1, n + 1))
    bordered[:n, :n] = kernel(distances, supposed.lengths)
    bordered[np.arange(n), np.arange(n)] += supposed.noise
    bordered[n, :n] = targets
    bordered[n, n] = 2 * float(targets @ targets) / supposed.noise + 1
    lower = np.linalg.cholesky(bordered)
    white = lower[n, :n]
    return -0.5 * n * math.log(float(white @ white) / n + JITTER) - float(np.log(np.diag(lower)[:n]).sum())


def suppose(groups: Sequence[Matrix], targets: Matrix) -> Supposed:
    """The lengths and the noise of most evidence: one length for all groups first, then each by itself in turn."""
    some = np.linspace(0, len(targets) - 1, min(len(targets), FITTED)).astype(int)
    distances = [squared_distances(group[some], group[some]) for group in groups]

    def worth(supposed: Supposed) -> float:
        return evidence(distances, targets[some], supposed)

    best = max((Supposed((length,) * len(groups), noise) for length, noise in product(LENGTHS, NOISES)), key=worth)
    for i in range(len(groups) if len(groups) > 1 else 0):
        options = ((*best.lengths[:i], length, *best.lengths[i + 1 :]) for length in LENGTHS)
        best = max((evolve(best, lengths=lengths) for lengths in options), key=worth)
    return best


def posterior(groups: Sequence[Matrix], targets: Matrix, pending: int, supposed: Supposed) -> tuple[Matrix, Matrix]:
    """The mean and the standard deviation at the last rows of the groups.

    First come the rows of `targets`, then `pending` rows whose targets are not known, then those to predict. A pending
    row is believed to turn out at its own mean (the kriging believer of Ginsbourger et al. 2010), which leaves every
    mean as it is and narrows the deviations nearby.
    """
    n, known = len(targets), len(targets) + pending
    scaled = np.hstack([group / length for group, length in zip(groups, supposed.lengths, strict=True)])
    among = kernel([squared_distances(scaled[:known], scaled)], (1.0,))
    gram, cross = among[:, :known], among[:, known:]
    gram[np.arange(known), np.arange(known)] = 1 + supposed.noise  # rounding leaves no distance from itself
    lower = np.asarray(np.linalg.cholesky(gram), dtype=np.float64)
    whitened = solved(lower, cross)
    white = solved(lower[:n, :n], targets[:, None])[:, 0]
    signal = float(white @ white) / n + JITTER
    variance = signal * np.maximum(1.0 - (whitened * whitened).sum(0), JITTER)
    return white @ whitened[:n], np.sqrt(variance)


BLOCK = 64  # rows: of blocks of 32 to 100, none is faster for a few hundred rows


def solved(lower: Matrix, right: Matrix) -> Matrix:
    """[rows, columns]: what a lower triangular matrix turns into `right`, block by block; numpy solves full ones."""
    found = np.empty_like(right)
    for i in range(0, len(lower), BLOCK):
        rest = right[i : i + BLOCK] - lower[i : i + BLOCK, :i] @ found[:i]
        found[i : i + BLOCK] = np.linalg.solve(lower[i : i + BLOCK, i : i + BLOCK], rest)
    return found


def expected_improvement(mean: Matrix, deviation: Matrix, best: float) -> Matrix:
    """By how much a normal variable exceeds `best` on average, less counting as nothing (Jones et al. 1998)."""
    u = (mean - best) / deviation
    above = np.array([0.5 * math.erfc(-each / math.sqrt(2)) for each in u.tolist()])
    return (mean - best) * above + deviation * np.exp(-0.5 * u * u) / math.sqrt(2 * math.pi)


def first_best(values: Matrix) -> int:
    """The place of the largest value, the first of those that differ by rounding alone."""
    return int(np.argmax(values >= values.max() - 1e-9 * abs(values.max())))
