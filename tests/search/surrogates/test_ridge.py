"""Ridge regression."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge as SklearnRidge

from archwright.search.surrogates.ridge import fit_ridge


def rows(n: int, p: int, seed: int = 0):
    return np.random.default_rng(seed).normal(size=(n, p))


@pytest.mark.parametrize(("n", "p"), [(12, 4), (4, 12), (1, 3), (5, 5)])
@pytest.mark.parametrize("penalty", [1000.0, 0.5])
def test_ridge_is_that_of_sklearn(n, p, penalty):
    """With fewer features than trials, with more, and with one trial alone."""
    features, targets = rows(n, p) + 3, rows(n, 1)[:, 0]
    ours, reference = fit_ridge(features, targets, penalty), SklearnRidge(alpha=penalty).fit(features, targets)
    assert ours.weights == pytest.approx(reference.coef_)
    assert ours.intercept == pytest.approx(reference.intercept_)
    assert ours.predict(features) == pytest.approx(reference.predict(features))


def test_ridge_by_hand():
    """Features 0 and 2, targets 0 and 1, lambda 2: centred -1, 1 and -1/2, 1/2; the weight is 1 / (2 + 2)."""
    model = fit_ridge(np.array([[0.0], [2.0]]), np.array([0.0, 1.0]), 2.0)
    assert model.weights == pytest.approx([0.25])
    assert model.intercept == pytest.approx(0.5 - 0.25)
