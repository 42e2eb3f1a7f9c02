"""A Gaussian process over groups of features.

In closed form with numpy on one thread: a proposal depends on no solver's state and not on the number of cores.
"""

import math
from collections.abc import Iterable, Sequence
from itertools import product
from typing import final

import numpy as np
from attrs import evolve, frozen

from archwright.search.magnitude import FloatArray
from archwright.search.randomness import UniformStream
from archwright.search.surrogates.surrogate import Posterior

# Length scales that are tried. A choice: octaves, from one at which only numbers have something in common that are less
# than a quarter of their domain apart, to one at which two options, 1 apart, hardly differ (a correlation of 0.97); a
# group that says nothing gets that. Without the three below 1/2, the regret after 100 trials is 29 times as large in
# Hartmann's function of three numbers, and 365 times in Branin's (medians of 16 seeds); with half octaves below 1/2 and
# above, it is no better in NAS-Bench-201, as far as 20 seeds tell.
LENGTH_SCALES = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0, 2.0, 4.0)
# Variances of the noise that are tried; the signal's is 1. A choice: decades, from next to none to that of scores that
# would have a correlation of 0.9 if they were measured again.
NOISE_VARIANCES = (1e-3, 1e-2, 1e-1)
# Trials at most that the parameters of the kernel are fitted to. A choice: so many take 7 ms, and all 400 that are seen
# would take 100.
MAX_FITTED_TRIALS = 128
JITTER = 1e-9  # keeps variances above 0, also where all targets are equal
# Log likelihoods that differ by no more are the same. Where all trials are far apart in a group, several lengths have
# the same but for rounding, and processors round differently.
LIKELIHOOD_TOLERANCE = 1e-6
CHUNK_ROWS = 128  # predicted at once: what they need stays in the cache; 500 at once take half as long again
BLOCK_ROWS = 32  # of a triangular matrix: of blocks of 32 to 128, the fastest for 400 of them (measured)


@final
@frozen
class KernelParameters:
    """A length scale for each group of features, and the variance of the noise, where the signal's is 1."""

    length_scales: tuple[float, ...]
    noise: float = 1e-2


def fit_gaussian_process(
    groups: Sequence[FloatArray],
    targets: FloatArray,
    pending: int,
    uniform: UniformStream,  # noqa: ARG001  (it draws nothing)
) -> Posterior:
    """The posterior under the most likely parameters; a surrogate that consumes no numbers."""
    parameters = fit([group[: len(targets)] for group in groups], targets)
    return compute_posterior(groups, targets, pending, parameters)


def fit(groups: Sequence[FloatArray], targets: FloatArray) -> KernelParameters:
    """The parameters of the largest marginal likelihood: one length for all groups first, then each by itself in turn.

    Where several have it, the first one counts: the shortest.
    """
    fitted = np.linspace(0, len(targets) - 1, min(len(targets), MAX_FITTED_TRIALS)).astype(int)
    log_kernels = [log_kernel(group[fitted], group[fitted]) for group in groups]

    def choose(options: Iterable[KernelParameters]) -> KernelParameters:
        likelihoods = [(option, log_marginal_likelihood(log_kernels, targets[fitted], option)) for option in options]
        largest = max(likelihood for _, likelihood in likelihoods)
        return next(option for option, likelihood in likelihoods if likelihood >= largest - LIKELIHOOD_TOLERANCE)

    best = choose(
        KernelParameters((length,) * len(groups), noise) for length, noise in product(LENGTH_SCALES, NOISE_VARIANCES)
    )
    for i in range(len(groups) if len(groups) > 1 else 0):
        lengths = best.length_scales
        options = ((*lengths[:i], length, *lengths[i + 1 :]) for length in LENGTH_SCALES)
        best = choose([evolve(best, length_scales=option) for option in options])
    return best


def log_marginal_likelihood(
    log_kernels: Sequence[FloatArray], targets: FloatArray, parameters: KernelParameters
) -> float:
    """Up to a constant, at the signal's variance that maximises it; `log_kernels` are those of each group's rows."""
    n = len(targets)
    # The last row of the Cholesky factor of the Gram matrix bordered by the targets is the whitened targets.
    bordered = np.empty((n + 1, n + 1))
    bordered[:n, :n] = combine_kernels(log_kernels, parameters.length_scales)
    bordered[np.arange(n), np.arange(n)] += parameters.noise
    bordered[n, :n] = targets
    bordered[n, n] = 2 * float(targets @ targets) / parameters.noise + 1
    lower = np.linalg.cholesky(bordered)
    whitened = lower[n, :n]
    signal = float(whitened @ whitened) / n + JITTER
    return -0.5 * n * math.log(signal) - float(np.log(np.diag(lower)[:n]).sum())


def compute_posterior(
    groups: Sequence[FloatArray], targets: FloatArray, pending: int, parameters: KernelParameters
) -> Posterior:
    """The posterior at the last rows of the groups, as a surrogate gives it.

    A pending row that turns out at its mean leaves every mean as it is, and narrows the deviations nearby.
    """
    observed, first = len(targets), len(targets) + pending  # the first candidate
    conditions = scale_features([group[:first] for group in groups], parameters.length_scales)
    factor = CholeskyFactor.of(_compute_gram(conditions, parameters.noise))
    whitened_targets = factor.solve(np.pad(targets, (0, pending))[:, None])[:observed, 0]
    mean, explained = np.empty(len(groups[0]) - first), np.empty(len(groups[0]) - first)
    for i in range(0, len(mean), CHUNK_ROWS):
        candidates = [group[first + i : first + i + CHUNK_ROWS] for group in groups]
        whitened = factor.solve(kernel(conditions, scale_features(candidates, parameters.length_scales)))
        mean[i : i + CHUNK_ROWS] = whitened_targets @ whitened[:observed]
        explained[i : i + CHUNK_ROWS] = np.einsum("ij,ij->j", whitened, whitened)  # share of the prior variance
    signal = float(whitened_targets @ whitened_targets) / observed + JITTER
    return Posterior(mean, np.sqrt(signal * np.maximum(1.0 - explained, JITTER)))


def log_kernel(a: FloatArray, b: FloatArray) -> FloatArray:
    """[rows of a, rows of b]: the logarithm of the squared exponential of length 1, minus half the squared distance."""
    log = a @ b.T
    log -= 0.5 * np.einsum("ij,ij->i", a, a)[:, None]
    log -= 0.5 * np.einsum("ij,ij->i", b, b)
    return np.minimum(log, 0.0, out=log)


def kernel(a: FloatArray, b: FloatArray) -> FloatArray:
    """[rows of a, rows of b]: the squared exponential, of rows that are scaled to a length of 1."""
    log = log_kernel(a, b)
    return np.exp(log, out=log)


def combine_kernels(log_kernels: Sequence[FloatArray], length_scales: Sequence[float]) -> FloatArray:
    """The product of each group's squared exponential, which has that group's length scale."""
    log = log_kernels[0] * (1 / length_scales[0] ** 2)
    for group, length in zip(log_kernels[1:], length_scales[1:], strict=True):
        log += group * (1 / length**2)
    return np.exp(log, out=log)


def scale_features(groups: Sequence[FloatArray], length_scales: Sequence[float]) -> FloatArray:
    """[rows, features of all groups]: each group divided by its length scale."""
    scaled, column = np.empty((len(groups[0]), sum(group.shape[1] for group in groups))), 0
    for group, length in zip(groups, length_scales, strict=True):
        np.divide(group, length, out=scaled[:, column : column + group.shape[1]])
        column += group.shape[1]
    return scaled


def _compute_gram(rows: FloatArray, noise: float) -> FloatArray:
    gram = kernel(rows, rows)
    gram[np.arange(len(rows)), np.arange(len(rows))] = 1 + noise  # rounding leaves no distance from itself
    return gram


@final
@frozen(eq=False)
class CholeskyFactor:
    """A lower triangular matrix, ready to be solved for block by block; numpy by itself solves full ones."""

    lower: FloatArray
    inverses: tuple[FloatArray, ...]  # of the blocks on the diagonal

    @classmethod
    def of(cls, gram: FloatArray) -> "CholeskyFactor":
        """The factor of a Gram matrix."""
        lower = np.asarray(np.linalg.cholesky(gram), dtype=np.float64)
        blocks = (slice(i, i + BLOCK_ROWS) for i in range(0, len(lower), BLOCK_ROWS))
        return cls(lower, tuple(np.linalg.inv(lower[block, block]).astype(np.float64) for block in blocks))

    def solve(self, right: FloatArray) -> FloatArray:
        """[rows, columns]: what the matrix turns into `right`."""
        solution = np.empty_like(right)
        for i, inverse in zip(range(0, len(solution), BLOCK_ROWS), self.inverses, strict=True):
            rest = right[i : i + BLOCK_ROWS] - self.lower[i : i + BLOCK_ROWS, :i] @ solution[:i]
            solution[i : i + BLOCK_ROWS] = inverse @ rest
        return solution
