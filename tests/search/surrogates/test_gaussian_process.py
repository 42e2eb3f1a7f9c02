"""Gaussian processes."""

import math

import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF

from archwright.search.surrogates.gaussian_process import (
    BLOCK_ROWS,
    CHUNK_ROWS,
    CholeskyFactor,
    KernelParameters,
    combine_kernels,
    compute_posterior,
    fit,
    fit_gaussian_process,
    log_kernel,
    log_marginal_likelihood,
)


def rows(n: int, p: int, seed: int = 0):
    return np.random.default_rng(seed).normal(size=(n, p))


def process(length: float, noise: float) -> GaussianProcessRegressor:
    return GaussianProcessRegressor(RBF(length, "fixed"), alpha=noise, optimizer=None)  # type: ignore[arg-type]


def test_posterior_is_that_of_sklearn():
    """Two groups on one scale are one; the signal's variance, 1 in sklearn's, is as the likelihood has it."""
    known, asked, targets = rows(9, 5), rows(4, 5, 1), rows(9, 1, 2)[:, 0]
    reference = process(1.5, 0.01).fit(known, targets)
    mean, deviation = reference.predict(asked, return_std=True)
    everything = np.vstack([known, asked])
    ours = compute_posterior([everything[:, :2], everything[:, 2:]], targets, 0, KernelParameters((1.5, 1.5), 0.01))
    signal = targets @ reference.alpha_ / 9
    assert ours.mean == pytest.approx(mean)
    assert ours.standard_deviation == pytest.approx(np.multiply(deviation, math.sqrt(signal)), rel=1e-6)


@pytest.mark.parametrize("n", [1, BLOCK_ROWS - 1, BLOCK_ROWS, BLOCK_ROWS + 1, 200])
def test_triangular_systems_are_solved_whatever_the_blocks(n):
    """Rows that fill no block, one, one and a little more, and several."""
    lower, right = np.tril(rows(n, n)) + 2 * n * np.eye(n), rows(n, 3, 1)
    factor = CholeskyFactor.of(lower @ lower.T)
    assert factor.lower == pytest.approx(lower)
    assert lower @ factor.solve(right) == pytest.approx(right)


@pytest.mark.parametrize("asked", [1, CHUNK_ROWS - 1, CHUNK_ROWS, CHUNK_ROWS + 1, 3 * CHUNK_ROWS + 5])
def test_what_is_predicted_does_not_depend_on_what_else_is(asked):
    """However many rows are predicted, each has the mean and the deviation that it has alone."""
    known, targets, candidates = rows(20, 3), rows(20, 1, 1)[:, 0], rows(asked, 3, 2)
    parameters = KernelParameters((1.2, 0.8), 0.01)

    def predict(some):
        everything = np.vstack([known, some])
        return compute_posterior([everything[:, :2], everything[:, 2:]], targets, 0, parameters)

    together = predict(candidates)[::7]
    alone = [predict(candidates[i : i + 1]) for i in range(0, asked, 7)]
    deviations = [posterior.standard_deviation for posterior in alone]
    assert together.mean == pytest.approx(np.concatenate([posterior.mean for posterior in alone]))
    assert together.standard_deviation == pytest.approx(np.concatenate(deviations))


def test_the_log_kernel_is_minus_half_the_squared_distance():
    a, b = rows(4, 3), rows(5, 3, 1)
    assert log_kernel(a, b) == pytest.approx(-0.5 * ((a[:, None] - b[None]) ** 2).sum(2))
    assert (log_kernel(a, a) <= 0).all()


def test_the_surrogate_has_the_parameters_of_the_largest_likelihood():
    """And consumes no numbers."""

    def never() -> float:
        raise AssertionError("a number was drawn")

    groups, targets = [rows(14, 2), rows(14, 3, 1)], rows(9, 1, 2)[:, 0]
    parameters = fit([group[:9] for group in groups], targets)
    expected = compute_posterior(groups, targets, 2, parameters)
    found = fit_gaussian_process(groups, targets, 2, never)
    assert found.mean.tolist() == expected.mean.tolist()
    assert found.standard_deviation.tolist() == expected.standard_deviation.tolist()
    assert len(found.mean) == 3


def test_pending_rows_are_taken_to_have_their_mean():
    """As if they had turned out at their mean: every mean stays, and deviations nearby are narrower."""
    known, pending, asked, targets = rows(9, 3), rows(2, 3, 1), rows(5, 3, 3), rows(9, 1, 2)[:, 0]
    asked[0] = pending[0]
    parameters = KernelParameters((1.2,), 0.01)
    plain = compute_posterior([np.vstack([known, pending, asked])], targets, 0, parameters)
    ours = compute_posterior([np.vstack([known, pending, asked])], targets, 2, parameters)
    deviations = ours.standard_deviation
    assert ours.mean == pytest.approx(plain[2:].mean)
    assert (deviations <= plain[2:].standard_deviation + 1e-12).all()
    assert deviations[0] < 0.5 * plain.standard_deviation[2]

    imputed = np.concatenate([targets, plain[:2].mean])
    reference = process(1.2, 0.01).fit(np.vstack([known, pending]), imputed)
    mean, deviation = reference.predict(asked, return_std=True)
    assert ours.mean == pytest.approx(mean)
    assert deviations / deviations[1] == pytest.approx(deviation / deviation[1])


def test_the_likelihood_is_that_at_its_best_signal():
    """Against the formula: -n/2 log(y' K^-1 y / n) - 1/2 log det K."""
    features, targets = rows(8, 3), rows(8, 1, 1)[:, 0]
    log_kernels = [log_kernel(features, features)]
    gram = combine_kernels(log_kernels, (1.3,)) + 0.1 * np.eye(8)
    expected = -4 * math.log(targets @ np.linalg.inv(gram) @ targets / 8) - 0.5 * np.linalg.slogdet(gram)[1]
    likelihood = log_marginal_likelihood(log_kernels, targets, KernelParameters((1.3,), 0.1))
    assert likelihood == pytest.approx(expected, rel=1e-6)


def test_a_group_that_says_nothing_gets_a_longer_length():
    """The targets follow the first group alone."""
    first, second = rows(60, 2), rows(60, 2, 1)
    found = fit([first, second], np.sin(2 * first).sum(1))
    assert found.length_scales[0] < found.length_scales[1]
    assert found.noise <= 0.01


@pytest.mark.parametrize("targets", [np.zeros(3), np.ones(1), np.array([0.0, 0.0, 1.0])])
def test_few_and_equal_targets_are_no_difficulty(targets):
    """Also where all trials have the same features."""
    group = np.ones((len(targets) + 2, 2))
    parameters = fit([group[: len(targets)]], targets)
    posterior = compute_posterior([group], targets, 1, parameters)
    assert np.isfinite(posterior.mean).all()
    assert (posterior.standard_deviation > 0).all()
