"""Ridge regression in closed form."""

import numpy as np
from attrs import frozen

from archwright.search.surrogates.features import Matrix


@frozen(eq=False)
class Ridge:
    """A linear prediction."""

    weights: Matrix  # [features]
    intercept: float

    def predict(self, features: Matrix) -> Matrix:
        """[rows]: the predictions for [rows, features]."""
        return features @ self.weights + self.intercept


def ridge(features: Matrix, targets: Matrix, penalty: float) -> Ridge:
    """The least squared errors + penalty * squared weights; the intercept goes free, as in scikit-learn's."""
    means, mean = features.mean(0), float(targets.mean())
    x, y = features - means, targets - mean
    rows, columns = features.shape
    dual = columns > rows  # the smaller system of the two
    gram: Matrix = x @ x.T if dual else x.T @ x
    solved = np.linalg.solve(gram + penalty * np.eye(len(gram)), y if dual else x.T @ y).astype(np.float64)
    weights = x.T @ solved if dual else solved
    return Ridge(weights, mean - float(means @ weights))
