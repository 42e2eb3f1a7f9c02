"""Gaussian processes."""

import math

import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF

from archwright.search.surrogates.gaussian_process import (
    BLOCK,
    CHUNK,
    Supposed,
    Triangle,
    evidence,
    gaussian_process,
    kernel,
    nearness,
    posterior,
    suppose,
)


def rows(n: int, p: int, seed: int = 0):
    return np.random.default_rng(seed).normal(size=(n, p))


def process(length: float, noise: float) -> GaussianProcessRegressor:
    return GaussianProcessRegressor(RBF(length, "fixed"), alpha=noise, optimizer=None)  # type: ignore[arg-type]


def test_posterior_is_that_of_sklearn():
    """Two groups on one scale are one; the signal's variance, 1 in sklearn's, is as the evidence has it."""
    known, asked, targets = rows(9, 5), rows(4, 5, 1), rows(9, 1, 2)[:, 0]
    reference = process(1.5, 0.01).fit(known, targets)
    mean, deviation = reference.predict(asked, return_std=True)
    everything = np.vstack([known, asked])
    ours = posterior([everything[:, :2], everything[:, 2:]], targets, 0, Supposed((1.5, 1.5), 0.01))
    signal = targets @ reference.alpha_ / 9
    assert ours[0] == pytest.approx(mean)
    assert ours[1] == pytest.approx(np.multiply(deviation, math.sqrt(signal)), rel=1e-6)


@pytest.mark.parametrize("n", [1, BLOCK - 1, BLOCK, BLOCK + 1, 200])
def test_triangular_systems_are_solved_whatever_the_blocks(n):
    """Rows that fill no block, one, one and a little more, and several."""
    lower, right = np.tril(rows(n, n)) + 2 * n * np.eye(n), rows(n, 3, 1)
    triangle = Triangle.of(lower @ lower.T)
    assert triangle.lower == pytest.approx(lower)
    assert lower @ triangle.solved(right) == pytest.approx(right)


@pytest.mark.parametrize("asked", [1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 5])
def test_what_is_predicted_does_not_depend_on_what_else_is(asked):
    """However many rows are predicted, each has the mean and the deviation that it has alone."""
    known, targets, wanted = rows(20, 3), rows(20, 1, 1)[:, 0], rows(asked, 3, 2)
    supposed = Supposed((1.2, 0.8), 0.01)

    def predicted(some):
        everything = np.vstack([known, some])
        return posterior([everything[:, :2], everything[:, 2:]], targets, 0, supposed)

    mean, deviation = predicted(wanted)
    alone = [predicted(wanted[i : i + 1]) for i in range(0, asked, 7)]
    assert mean[::7] == pytest.approx(np.concatenate([each[0] for each in alone]))
    assert deviation[::7] == pytest.approx(np.concatenate([each[1] for each in alone]))


def test_nearness_is_half_the_squared_distance():
    a, b = rows(4, 3), rows(5, 3, 1)
    assert nearness(a, b) == pytest.approx(-0.5 * ((a[:, None] - b[None]) ** 2).sum(2))
    assert (nearness(a, a) <= 0).all()


def test_a_surrogate_supposes_what_has_most_evidence():
    """And consumes no numbers."""

    def never() -> float:
        raise AssertionError("a number was drawn")

    groups, targets = [rows(14, 2), rows(14, 3, 1)], rows(9, 1, 2)[:, 0]
    supposed = suppose([group[:9] for group in groups], targets)
    expected = posterior(groups, targets, 2, supposed)
    found = gaussian_process(groups, targets, 2, never)
    assert [each.tolist() for each in found] == [each.tolist() for each in expected]
    assert len(found[0]) == 3


def test_pending_rows_are_believed():
    """As if they had turned out at their mean: every mean stays, and deviations nearby are narrower."""
    known, pending, asked, targets = rows(9, 3), rows(2, 3, 1), rows(5, 3, 3), rows(9, 1, 2)[:, 0]
    asked[0] = pending[0]
    supposed = Supposed((1.2,), 0.01)
    plain = posterior([np.vstack([known, pending, asked])], targets, 0, supposed)
    ours = posterior([np.vstack([known, pending, asked])], targets, 2, supposed)
    assert ours[0] == pytest.approx(plain[0][2:])
    assert (ours[1] <= plain[1][2:] + 1e-12).all()
    assert ours[1][0] < 0.5 * plain[1][2]

    told = np.concatenate([targets, plain[0][:2]])
    believed = process(1.2, 0.01).fit(np.vstack([known, pending]), told)
    mean, deviation = believed.predict(asked, return_std=True)
    assert ours[0] == pytest.approx(mean)
    assert ours[1] / ours[1][1] == pytest.approx(deviation / deviation[1])


def test_evidence_is_the_likelihood_at_its_best_signal():
    """Against the formula: -n/2 log(y' K^-1 y / n) - 1/2 log det K."""
    features, targets = rows(8, 3), rows(8, 1, 1)[:, 0]
    near = [nearness(features, features)]
    gram = kernel(near, (1.3,)) + 0.1 * np.eye(8)
    expected = -4 * math.log(targets @ np.linalg.inv(gram) @ targets / 8) - 0.5 * np.linalg.slogdet(gram)[1]
    assert evidence(near, targets, Supposed((1.3,), 0.1)) == pytest.approx(expected, rel=1e-6)


def test_a_group_that_says_nothing_gets_a_longer_length():
    """The targets follow the first group alone."""
    first, second = rows(60, 2), rows(60, 2, 1)
    found = suppose([first, second], np.sin(2 * first).sum(1))
    assert found.lengths[0] < found.lengths[1]
    assert found.noise <= 0.01


@pytest.mark.parametrize("targets", [np.zeros(3), np.ones(1), np.array([0.0, 0.0, 1.0])])
def test_few_and_equal_targets_are_no_difficulty(targets):
    """Also where all trials have the same features."""
    group = np.ones((len(targets) + 2, 2))
    supposed = suppose([group[: len(targets)]], targets)
    mean, deviation = posterior([group], targets, 1, supposed)
    assert np.isfinite(mean).all()
    assert (deviation > 0).all()
