"""The models behind model-based search."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF
from sklearn.linear_model import Ridge as SklearnRidge

from archwright.search.ridge import ridge
from archwright.search.surrogate import (
    Supposed,
    evidence,
    expected_improvement,
    first_best,
    gaussian_ranks,
    kernel,
    posterior,
    solved,
    squared_distances,
    suppose,
)


def rows(n: int, p: int, seed: int = 0):
    return np.random.default_rng(seed).normal(size=(n, p))


@pytest.mark.parametrize(("n", "p"), [(12, 4), (4, 12), (1, 3), (5, 5)])
@pytest.mark.parametrize("penalty", [1000.0, 0.5])
def test_ridge_is_that_of_sklearn(n, p, penalty):
    """With fewer features than trials, with more, and with one trial alone."""
    features, targets = rows(n, p) + 3, rows(n, 1)[:, 0]
    ours, theirs = ridge(features, targets, penalty), SklearnRidge(alpha=penalty).fit(features, targets)
    assert ours.weights == pytest.approx(theirs.coef_)
    assert ours.intercept == pytest.approx(theirs.intercept_)
    assert ours.predict(features) == pytest.approx(theirs.predict(features))


def test_ridge_by_hand():
    """Features 0 and 2, targets 0 and 1, lambda 2: centred -1, 1 and -1/2, 1/2; the weight is 1 / (2 + 2)."""
    model = ridge(np.array([[0.0], [2.0]]), np.array([0.0, 1.0]), 2.0)
    assert model.weights == pytest.approx([0.25])
    assert model.intercept == pytest.approx(0.5 - 0.25)


def test_expected_improvement_by_hand():
    """At the best itself, it is the deviation times 1 / sqrt(2 pi); a deviation above, phi(1) + Phi(1) = 1.0833."""
    found = expected_improvement(np.array([0.0, 1.0, 1.0, -1.0]), np.array([2.0, 2.0, 1.0, 1.0]), 0.0)
    assert found[0] == pytest.approx(2 * 0.3989423)
    assert found[1] == pytest.approx(2 * (0.5 * 0.6914625 + 0.3520653))
    assert found[2] == pytest.approx(1.0833155)
    assert found[3] == pytest.approx(0.0833155)


def test_expected_improvement_of_what_is_nearly_certain():
    """It is the improvement itself, or nothing, however small the deviation."""
    found = expected_improvement(np.array([3.0, -3.0]), np.array([1e-6, 1e-6]), 1.0)
    assert found == pytest.approx([2.0, 0.0])


def test_gaussian_ranks_by_hand():
    """Of four, the middles of the ranks are 1/8, 3/8, 5/8, 7/8; the two that are equal share 1/2."""
    assert gaussian_ranks([5.0, -1.0, 1e9, 7.0]) == pytest.approx([-0.3186394, -1.1503494, 1.1503494, 0.3186394])
    assert gaussian_ranks([2.0, 2.0, 1.0, 3.0]) == pytest.approx([0.0, 0.0, -1.1503494, 1.1503494])


@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=40))
def test_gaussian_ranks_do_not_depend_on_the_scale(merits):
    a, b = gaussian_ranks(merits), gaussian_ranks([each * 8.0 + 3 for each in merits])
    assert a.tolist() == b.tolist()
    assert np.array_equal(np.argsort(a, kind="stable"), np.argsort(merits, kind="stable"))


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


@pytest.mark.parametrize("n", [1, 63, 64, 65, 200])
def test_triangular_systems_are_solved_whatever_the_blocks(n):
    """Rows that fill no block, one, one and a little more, and several."""
    lower, right = np.tril(rows(n, n)) + 2 * n * np.eye(n), rows(n, 3, 1)
    assert lower @ solved(lower, right) == pytest.approx(right)


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
    distances = [squared_distances(features, features)]
    gram = kernel(distances, (1.3,)) + 0.1 * np.eye(8)
    expected = -4 * math.log(targets @ np.linalg.inv(gram) @ targets / 8) - 0.5 * np.linalg.slogdet(gram)[1]
    assert evidence(distances, targets, Supposed((1.3,), 0.1)) == pytest.approx(expected, rel=1e-6)


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


def test_ties_by_rounding_go_to_the_first():
    assert first_best(np.array([0.1, 0.3, 0.1 + 0.2, 0.3])) == 1
    assert first_best(np.array([0.0, 0.0])) == 0
    assert first_best(np.array([-3.0, -2.0])) == 1
