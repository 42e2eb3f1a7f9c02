"""A Gaussian process over groups of features.

In closed form with numpy on one thread: a proposal depends on no solver's state and not on the number of cores.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import product

import numpy as np
from attrs import evolve, frozen

from archwright.search.surrogates.features import Matrix

# Length scales that are tried. A choice: octaves, from one at which only numbers have something in common that are less
# than a quarter of their domain apart, to one at which two options, 1 apart, hardly differ (a correlation of 0.97); a
# group that says nothing gets that. Without the three below 1/2, the regret after 100 trials is 29 times as large in
# Hartmann's function of three numbers, and 365 times in Branin's (medians of 16 seeds); with half octaves below 1/2 and
# above, it is no better in NAS-Bench-201, as far as 20 seeds tell.
LENGTHS = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0, 2.0, 4.0)
# Variances of the noise that are tried; the signal's is 1. A choice: decades, from next to none to that of scores that
# would have a correlation of 0.9 if they were measured again.
NOISES = (1e-3, 1e-2, 1e-1)
# Trials at most that lengths and noise are fitted to. A choice: so many take 7 ms, and all 400 that are seen would take
# 100.
FITTED = 128
JITTER = 1e-9  # keeps variances above 0, also where all targets are equal
# Evidence that differs by no more is the same. Where all trials are far apart in a group, several lengths have the same
# but for rounding, and processors round differently.
SAME = 1e-6


def gaussian_process(
    groups: Sequence[Matrix],
    targets: Matrix,
    pending: int,
    uniform: Callable[[], float],  # noqa: ARG001  (it draws nothing)
) -> tuple[Matrix, Matrix]:
    """The posterior under what has most evidence; a surrogate that consumes no numbers."""
    supposed = suppose([group[: len(targets)] for group in groups], targets)
    return posterior(groups, targets, pending, supposed)


def nearness(a: Matrix, b: Matrix) -> Matrix:
    """[rows of a, rows of b]: half the squared Euclidean distance, below 0: the logarithm of the kernel."""
    found = a @ b.T
    found -= 0.5 * np.einsum("ij,ij->i", a, a)[:, None]
    found -= 0.5 * np.einsum("ij,ij->i", b, b)
    return np.minimum(found, 0.0, out=found)


def alike(a: Matrix, b: Matrix) -> Matrix:
    """[rows of a, rows of b]: the squared exponential, of rows in units of its lengths."""
    near = nearness(a, b)
    return np.exp(near, out=near)


@frozen
class Supposed:
    """What a process supposes: how far its values are alike in each group of features, and the noise."""

    lengths: tuple[float, ...]
    noise: float = 1e-2


def kernel(near: Sequence[Matrix], lengths: Sequence[float]) -> Matrix:
    """The squared exponential: of each group's nearness, in units of its length."""
    total = near[0] * (1 / lengths[0] ** 2)
    for each, length in zip(near[1:], lengths[1:], strict=True):
        total += each * (1 / length**2)
    return np.exp(total, out=total)


def evidence(near: Sequence[Matrix], targets: Matrix, supposed: Supposed) -> float:
    """The log marginal likelihood up to a constant, at the signal's variance that maximises it."""
    n = len(targets)
    # The last row of the Cholesky factor of the Gram matrix bordered by the targets is the whitened targets.
    bordered = np.empty((n + 1, n + 1))
    bordered[:n, :n] = kernel(near, supposed.lengths)
    bordered[np.arange(n), np.arange(n)] += supposed.noise
    bordered[n, :n] = targets
    bordered[n, n] = 2 * float(targets @ targets) / supposed.noise + 1
    lower = np.linalg.cholesky(bordered)
    white = lower[n, :n]
    return -0.5 * n * math.log(float(white @ white) / n + JITTER) - float(np.log(np.diag(lower)[:n]).sum())


def suppose(groups: Sequence[Matrix], targets: Matrix) -> Supposed:
    """The lengths and the noise of most evidence: one length for all groups first, then each by itself in turn.

    Of several that have it, the first: the shortest.
    """
    some = np.linspace(0, len(targets) - 1, min(len(targets), FITTED)).astype(int)
    near = [nearness(group[some], group[some]) for group in groups]

    def choose(options: Iterable[Supposed]) -> Supposed:
        worth = [(option, evidence(near, targets[some], option)) for option in options]
        most = max(each for _, each in worth)
        return next(option for option, each in worth if each >= most - SAME)

    best = choose(Supposed((length,) * len(groups), noise) for length, noise in product(LENGTHS, NOISES))
    for i in range(len(groups) if len(groups) > 1 else 0):
        options = ((*best.lengths[:i], length, *best.lengths[i + 1 :]) for length in LENGTHS)
        best = choose(evolve(best, lengths=lengths) for lengths in options)
    return best


CHUNK = 128  # rows that are predicted at once: what they need stays in the cache; 500 at once take half as long again


def posterior(groups: Sequence[Matrix], targets: Matrix, pending: int, supposed: Supposed) -> tuple[Matrix, Matrix]:
    """The mean and the standard deviation at the last rows of the groups, as a surrogate gives them.

    To believe of a pending row that it turns out at its mean leaves every mean as it is, and narrows the deviations
    nearby.
    """
    n, known = len(targets), len(targets) + pending
    seen = in_lengths([group[:known] for group in groups], supposed.lengths)
    triangle = Triangle.of(_gram(seen, supposed.noise))
    white = triangle.solved(np.pad(targets, (0, pending))[:, None])[:n, 0]
    mean, explained = np.empty(len(groups[0]) - known), np.empty(len(groups[0]) - known)
    for i in range(0, len(mean), CHUNK):
        some = in_lengths([group[known + i : known + i + CHUNK] for group in groups], supposed.lengths)
        whitened = triangle.solved(alike(seen, some))
        mean[i : i + CHUNK] = white @ whitened[:n]
        explained[i : i + CHUNK] = np.einsum("ij,ij->j", whitened, whitened)
    signal = float(white @ white) / n + JITTER
    return mean, np.sqrt(signal * np.maximum(1.0 - explained, JITTER))


def _gram(rows: Matrix, noise: float) -> Matrix:
    found = alike(rows, rows)
    found[np.arange(len(rows)), np.arange(len(rows))] = 1 + noise  # rounding leaves no distance from itself
    return found


def in_lengths(groups: Sequence[Matrix], lengths: Sequence[float]) -> Matrix:
    """[rows, features of all groups]: each group in units of its length."""
    found, column = np.empty((len(groups[0]), sum(group.shape[1] for group in groups))), 0
    for group, length in zip(groups, lengths, strict=True):
        np.divide(group, length, out=found[:, column : column + group.shape[1]])
        column += group.shape[1]
    return found


BLOCK = 32  # rows: of blocks of 32 to 128, the fastest for 400 of them (measured)


@frozen(eq=False)
class Triangle:
    """A lower triangular matrix, ready to be solved for block by block; numpy by itself solves full ones."""

    lower: Matrix
    inverses: tuple[Matrix, ...]  # of the blocks on the diagonal

    @classmethod
    def of(cls, gram: Matrix) -> "Triangle":
        """The Cholesky factor."""
        lower = np.asarray(np.linalg.cholesky(gram), dtype=np.float64)
        blocks = (slice(i, i + BLOCK) for i in range(0, len(lower), BLOCK))
        return cls(lower, tuple(np.linalg.inv(lower[block, block]).astype(np.float64) for block in blocks))

    def solved(self, right: Matrix) -> Matrix:
        """[rows, columns]: what the matrix turns into `right`."""
        found = np.empty_like(right)
        for i, inverse in zip(range(0, len(found), BLOCK), self.inverses, strict=True):
            rest = right[i : i + BLOCK] - self.lower[i : i + BLOCK, :i] @ found[:i]
            found[i : i + BLOCK] = inverse @ rest
        return found
