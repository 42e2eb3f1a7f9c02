"""Splits by class: each split of a data set holds its share of every class."""

from collections.abc import Sequence
from math import floor

import numpy as np

from archwright.evaluate.data.images import Counts


def share_of_each(counts: Counts, fraction: float, others: int) -> Counts:
    """How many images of each class a split holds that is this `fraction` of the images, of `counts` of each class.

    In all it is `fraction` of all, rounded; of each class it is its share rounded down or up, so that the sum comes
    out: up where the most was cut off. But a class with more images than the `others`, the number of splits that are
    filled with the rest, is in every split, and one with fewer leaves the rest to them.
    """
    shares = [fraction * count for count in counts]
    most = [max(0, count - others) for count in counts]
    held = [min(max(floor(share), 1), limit) for share, limit in zip(shares, most, strict=True)]
    missing = round(fraction * sum(counts)) - sum(held)
    for label in sorted(range(len(counts)), key=lambda label: held[label] - shares[label]):
        if missing > 0 and held[label] < most[label]:
            held[label], missing = held[label] + 1, missing - 1
    return tuple(held)


def split(labels: np.ndarray, sizes: Sequence[Counts], seed: int) -> list[np.ndarray]:
    """The indices of the images of several splits, each in random order, and last those of the rest.

    `labels` is int64 (n,), and `sizes[i][label]` is how many images of a class split i has. The seed alone decides.
    """
    order = np.random.RandomState(seed).permutation(len(labels))  # numpy keeps this stream for ever
    by_class = order[np.argsort(labels[order], kind="stable")]
    counts = np.bincount(labels, minlength=len(sizes[0]))
    place_in_class = np.arange(len(labels)) - np.repeat(np.cumsum(counts) - counts, counts)
    ends = np.cumsum(np.array(sizes), axis=0)[:, labels[by_class]]
    splits = np.empty(len(labels), np.int64)
    splits[by_class] = (place_in_class >= ends).sum(axis=0)
    return [order[splits[order] == number] for number in range(len(sizes) + 1)]
