"""The functional analysis of variance of a random forest (Hutter, Hoos and Leyton-Brown 2014), exact for each tree.

The leaves of a tree are boxes that fill the unit cube, so its mean over all hyperparameters but one or two is a sum
over leaves, weighted by their volumes in the others (sections 3.2 and 3.3).
"""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any, final

import numpy as np
from attrs import frozen

from archwright.core.value import Value
from archwright.search.importance.axes import Axis, Cells, Scale, encode_all
from archwright.search.magnitude import FloatArray, find_exponent, scale_down, scale_up
from archwright.search.surrogates.surrogate import on_one_thread

FANOVA_TREES = 64
MIN_LEAF = 2  # trials; a node of four or more can be parted again, so that leaves have two or three
# From which a tree is grown, at most: more boxes make pairs slow, and a share of the variance no more certain.
MAX_TREE_TRIALS = 1000


@final
@frozen
class Boxes:
    """The leaves of a tree: each holds, of each column, what is above `lower` and up to `upper`."""

    lower: FloatArray  # [leaves, columns]; -inf where it has no bound
    upper: FloatArray  # [leaves, columns]; +inf where it has none
    values: FloatArray  # [leaves]


@final
@frozen
class Decomposition:
    """The variance of a function that is constant on boxes, and the shares of it that parts of the function have."""

    mean: float
    variance: float
    singles: FloatArray  # [axes]: shares; 0 where there is no variance
    pairs: FloatArray | None  # [axes, axes]: of what two do together, beyond what each does; 0 on the diagonal
    curves: Sequence[FloatArray]  # for each axis [points]: the mean over all other axes


@final
@frozen
class Estimate:
    """A number of each tree: their mean, and their standard deviation."""

    mean: float
    deviation: float


@final
@frozen
class MarginalCurve:
    """The mean score over all other hyperparameters, at values of one."""

    points: Sequence[Value]
    scale: Scale
    means: FloatArray  # [points], of the trees
    deviations: FloatArray  # [points], between the trees


@final
@frozen
class Fanova:
    """What a forest says of the hyperparameters of its axes, by their indices."""

    r2: float  # out-of-bag: of what the trees predict for trials that they have not seen; at most 1
    singles: Sequence[Estimate]  # shares of the variance
    pairs: Mapping[tuple[int, int], Estimate]
    curves: Sequence[MarginalCurve]


@on_one_thread
def analyze_variance(
    axes: Sequence[Axis],
    columns: Sequence[Sequence[Value]],
    scores: FloatArray,
    seed: int,
    *,
    with_pairs: bool = False,
) -> Fanova | None:
    """Grow a forest on the values in `columns`, by axis, and their `scores`, and decompose each tree's variance.

    None where no tree has any variance, as where all scores are the same. Two calls with the same `seed` give the same.
    """
    exponent = find_exponent(scores)
    targets = scale_down(scores, exponent)
    rows = encode_all(axes, columns)
    forest = _grow_forest(rows, targets, seed)
    decompositions = [decompose(list_boxes(tree.tree_), axes, with_pairs=with_pairs) for tree in forest.estimators_]
    varied = [part for part in decompositions if part.variance > 0]
    if not varied:
        return None
    pairs = np.array([part.pairs for part in varied if part.pairs is not None])
    return Fanova(
        float(forest.oob_score_),
        _estimate(np.array([part.singles for part in varied])),
        {(i, j): _estimate(pairs[:, i, [j]])[0] for i, j in combinations(range(len(axes)), 2) if with_pairs},
        [
            _make_curve(axis, np.array([part.curves[i] for part in decompositions]), exponent)
            for i, axis in enumerate(axes)
        ],
    )


def _grow_forest(rows: Any, targets: FloatArray, seed: int) -> Any:
    """A forest of trees, each of a bootstrap sample. On one thread."""
    # Imported here as that takes a second.
    from sklearn.ensemble import RandomForestRegressor  # pyright: ignore[reportMissingTypeStubs]

    forest: Any = RandomForestRegressor(
        FANOVA_TREES,
        min_samples_leaf=MIN_LEAF,
        max_samples=min(len(rows), MAX_TREE_TRIALS),
        oob_score=True,
        random_state=seed % 2**32,
        n_jobs=1,
    )
    return forest.fit(rows, targets)


def _estimate(values: FloatArray) -> list[Estimate]:
    """The mean and the deviation over trees, of [trees, quantities]."""
    pairs = zip(values.mean(axis=0).tolist(), values.std(axis=0).tolist(), strict=True)
    return [Estimate(mean, deviation) for mean, deviation in pairs]


def _make_curve(axis: Axis, values: FloatArray, exponent: int) -> MarginalCurve:
    return MarginalCurve(
        axis.points, axis.scale, scale_up(values.mean(axis=0), exponent), scale_up(values.std(axis=0), exponent)
    )


def list_boxes(tree: Any) -> Boxes:
    """The leaves of a tree of scikit-learn (its `tree_`), each with its bounds."""
    left, right = tree.children_left.tolist(), tree.children_right.tolist()
    columns, thresholds = tree.feature.tolist(), tree.threshold.tolist()
    lower, upper = np.full((len(left), tree.n_features), -np.inf), np.full((len(left), tree.n_features), np.inf)
    for node, child in enumerate(left):  # parents come before their children
        if child >= 0:
            other, column = right[node], columns[node]
            lower[[child, other]], upper[[child, other]] = lower[node], upper[node]
            upper[child, column] = lower[other, column] = thresholds[node]
    is_leaf = tree.children_left < 0
    return Boxes(lower[is_leaf], upper[is_leaf], tree.value[is_leaf, 0, 0])


def decompose(boxes: Boxes, axes: Sequence[Axis], *, with_pairs: bool = False) -> Decomposition:
    """The variance of the function that has a value on each box, and what single axes and pairs of them have of it.

    Each axis is uniform. With B holding, for a box and a cell, 1 over the box's length along the cell's axis where it
    has the cell, and w the value of each box times its volume, w B is the mean of the function in each cell, and
    B' diag(w) B that in each pair of cells of two axes.
    """
    cells = _cut_axes(boxes, axes)
    lengths = np.stack([part.member @ part.shares for part in cells], axis=1)
    volumes = lengths.prod(axis=1)
    mean = float(volumes @ boxes.values)
    weights = volumes * (boxes.values - mean)
    variance = float(weights @ (boxes.values - mean))
    scaled = np.hstack([part.member / lengths[:, [i]] for i, part in enumerate(cells)])
    shares = np.concatenate([part.shares for part in cells])
    starts = np.cumsum([0, *(len(part.shares) for part in cells[:-1])])
    means, scale = weights @ scaled, variance if variance > 0 else np.inf
    singles = np.add.reduceat(shares * means**2, starts) / scale
    pairs = None
    if with_pairs:
        joint = shares[:, None] * (scaled.T @ (weights[:, None] * scaled)) ** 2 * shares
        pairs = np.add.reduceat(np.add.reduceat(joint, starts, axis=0), starts, axis=1) / scale
        pairs = np.maximum(pairs - singles[:, None] - singles, 0.0)  # what is below 0 is rounding
        np.fill_diagonal(pairs, 0.0)
    curves = [
        mean + means[start : start + len(part.shares)][part.lookup] for start, part in zip(starts, cells, strict=True)
    ]
    return Decomposition(mean, variance, singles, pairs, curves)


def _cut_axes(boxes: Boxes, axes: Sequence[Axis]) -> list[Cells]:
    """The cells of each axis."""
    ends = np.cumsum([axis.width for axis in axes])
    columns = [slice(end - axis.width, end) for axis, end in zip(axes, ends, strict=True)]
    return [axis.cut(boxes.lower[:, part], boxes.upper[:, part]) for axis, part in zip(axes, columns, strict=True)]
