"""Images drawn at random into splits that each hold their share of every class."""

from collections.abc import Mapping, Sequence
from math import floor

import numpy as np

from archwright.evaluate.data.dataset import ClassCounts, SourceInfo

TEST_FRACTION = 0.2  # of the images, kept for reports where a source has no test images of its own


def count_splits(source: SourceInfo, validation: float) -> Mapping[str, ClassCounts]:
    """How many images of each class are for training, validation and testing, by the name of the split.

    `validation` is the fraction of the images to learn from that is held out, where the source has no such split.
    """
    train, held_out, test = source.train, source.validation, source.test
    if test is None:
        test = apportion_classes(train, TEST_FRACTION, other_splits=2 if held_out is None else 1)
        train = _subtract(train, test)
    if held_out is None:
        held_out = apportion_classes(train, validation, other_splits=1)
        train = _subtract(train, held_out)
    return {"train": train, "validation": held_out, "test": test}


def apportion_classes(counts: ClassCounts, fraction: float, other_splits: int) -> ClassCounts:
    """How many images of each class a split gets that holds `fraction` of all images, given the `counts` of all.

    The method of the largest remainder: the sum is `fraction` of all, rounded; each class gets its share rounded down,
    or up where the most was cut off. A class with more images than `other_splits`, the number of splits that share the
    remaining images, is in every split; a rarer one is left to the others.
    """
    shares = [fraction * count for count in counts]
    limits = [max(0, count - other_splits) for count in counts]
    sizes = [min(max(floor(share), 1), limit) for share, limit in zip(shares, limits, strict=True)]
    missing = round(fraction * sum(counts)) - sum(sizes)
    for label in sorted(range(len(counts)), key=lambda label: sizes[label] - shares[label]):
        if missing > 0 and sizes[label] < limits[label]:
            sizes[label], missing = sizes[label] + 1, missing - 1
    return tuple(sizes)


def draw_splits(labels: np.ndarray, sizes: Sequence[ClassCounts], seed: int) -> list[np.ndarray]:
    """The indices of the images of several splits, each in random order, and last those of the remaining images.

    `labels` is int64 (n,), and `sizes[i][label]` is how many images of a class split i gets. The seed alone decides.
    """
    order = np.random.RandomState(seed).permutation(len(labels))  # numpy keeps this stream for ever
    by_class = order[np.argsort(labels[order], kind="stable")]
    counts = np.bincount(labels, minlength=len(sizes[0]))
    rank_in_class = np.arange(len(labels)) - np.repeat(np.cumsum(counts) - counts, counts)
    ends = np.cumsum(np.array(sizes), axis=0)[:, labels[by_class]]
    splits = np.empty(len(labels), np.int64)
    splits[by_class] = (rank_in_class >= ends).sum(axis=0)
    return [order[splits[order] == number] for number in range(len(sizes) + 1)]


def _subtract(counts: ClassCounts, others: ClassCounts) -> ClassCounts:
    return tuple(count - other for count, other in zip(counts, others, strict=True))
