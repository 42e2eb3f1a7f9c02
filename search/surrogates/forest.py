"""A random forest (Breiman 2001), whose trees disagree where they know little (Hutter et al. 2011: SMAC)."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from archwright.search.magnitude import FloatArray
from archwright.search.randomness import UniformStream
from archwright.search.surrogates.surrogate import Posterior

TREES = 100  # as scikit-learn has it
# The share of the features that a split may choose among: Breiman's for regression. Trees that are grown to the end and
# choose among few differ more: in NAS-Bench-201 (CIFAR-100, 20 seeds) the regret after 100 trials is .002, with SMAC's
# 5/6 and leaves of three trials .305.
SPLIT_SHARE = 1 / 3
# The standard deviation where all trees agree: little beside that of the targets, and something to divide by.
MIN_DEVIATION = 1e-3


def fit_random_forest(
    groups: Sequence[FloatArray], targets: FloatArray, pending: int, uniform: UniformStream
) -> Posterior:
    """The mean of the trees, and their spread; a surrogate that consumes one number, from which the trees are grown."""
    rows, seed = np.hstack(groups).astype(np.float32), int(uniform() * 2**32)
    observed, candidates = len(targets), len(targets) + pending  # where rows of these end and begin
    if pending:
        pending_means = _predict_by_tree(rows[:observed], targets, rows[observed:candidates], seed).mean(0)
        targets = np.concatenate([targets, pending_means])
    predictions = _predict_by_tree(rows[:candidates], targets, rows[candidates:], seed)
    return Posterior(predictions.mean(0), np.sqrt(predictions.var(0) + MIN_DEVIATION**2))


def _predict_by_tree(observed: Any, targets: FloatArray, candidates: Any, seed: int) -> FloatArray:
    """[trees, candidates]: what each tree predicts. On one thread."""
    # Imported here as that takes a second, and most searches need none.
    from sklearn.ensemble import RandomForestRegressor  # pyright: ignore[reportMissingTypeStubs]

    forest: Any = RandomForestRegressor(TREES, max_features=SPLIT_SHARE, random_state=seed, n_jobs=1)
    forest.fit(observed, targets)
    return np.array([tree.predict(candidates, check_input=False) for tree in forest.estimators_])
