"""A random forest (Breiman 2001), whose trees disagree where they know little (Hutter et al. 2011: SMAC)."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from archwright.search.surrogates.features import Matrix

TREES = 100  # as scikit-learn has it
# The share of the features that a split may choose among: Breiman's for regression. Trees that are grown to the end and
# choose among few differ more: in NAS-Bench-201 (CIFAR-100, 20 seeds) the regret after 100 trials is .002, with SMAC's
# 5/6 and leaves of three trials .305.
FEATURES = 1 / 3
SURE = 1e-3  # the deviation where all trees agree: little beside that of the targets, and something to divide by


def random_forest(
    groups: Sequence[Matrix], targets: Matrix, pending: int, uniform: Callable[[], float]
) -> tuple[Matrix, Matrix]:
    """The mean of the trees, and their spread; a surrogate that consumes one number, from which the trees are grown."""
    rows, n, seed = np.hstack(groups).astype(np.float32), len(targets), int(uniform() * 2**32)
    if pending:
        believed = _votes(rows[:n], targets, rows[n : n + pending], seed).mean(0)
        targets = np.concatenate([targets, believed])
    votes = _votes(rows[: len(targets)], targets, rows[len(targets) :], seed)
    return votes.mean(0), np.sqrt(votes.var(0) + SURE**2)


def _votes(known: Any, targets: Matrix, asked: Any, seed: int) -> Matrix:
    """[trees, rows]: what each tree says of the rows that are asked for. On one thread."""
    # Imported here as that takes a second, and most searches need none.
    from sklearn.ensemble import RandomForestRegressor  # pyright: ignore[reportMissingTypeStubs]

    forest: Any = RandomForestRegressor(TREES, max_features=FEATURES, random_state=seed, n_jobs=1)
    forest.fit(known, targets)
    return np.array([tree.predict(asked, check_input=False) for tree in forest.estimators_])
