"""Ridge regression in closed form."""

import numpy as np
from attrs import frozen

from archwright.search.magnitude import FloatArray


@frozen(eq=False)
class Ridge:
    """A linear prediction."""

    weights: FloatArray  # [features]
    intercept: float

    def predict(self, features: FloatArray) -> FloatArray:
        """[rows]: the predictions for [rows, features]."""
        return features @ self.weights + self.intercept


def fit_ridge(features: FloatArray, targets: FloatArray, penalty: float) -> Ridge:
    """The least squared errors + penalty * squared weights; the intercept is not penalised, as in scikit-learn's."""
    feature_means, target_mean = features.mean(0), float(targets.mean())
    x, y = features - feature_means, targets - target_mean
    rows, columns = features.shape
    is_dual = columns > rows  # the smaller system of the two
    gram: FloatArray = x @ x.T if is_dual else x.T @ x
    solution = np.linalg.solve(gram + penalty * np.eye(len(gram)), y if is_dual else x.T @ y).astype(np.float64)
    weights = x.T @ solution if is_dual else solution
    return Ridge(weights, target_mean - float(feature_means @ weights))
