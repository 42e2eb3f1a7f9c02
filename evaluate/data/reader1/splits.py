"""Splits as reader 1 draws them: at random from all images, whatever their classes."""

import numpy as np

from archwright.evaluate.data.dataset import BadData, Images, SourceInfo

TEST = 0.2  # the fraction that is kept for reports, where a data set has no test images of its own


def sizes(spec: str, outline: SourceInfo, validation: float) -> tuple[int, int, int]:
    """How many images are for training, validation and test; raises BadData where that would be none."""
    total = sum(outline.train)
    test = round(TEST * total) if outline.test is None else sum(outline.test)
    learning = total - (test if outline.test is None else 0)
    held_out = min(max(1, round(validation * learning)), learning - 1)
    if held_out < 1 or test < 1:
        raise BadData(f"{spec} has {total} images to learn from and {test} to test on; that is too few to split")
    return learning - held_out, held_out, test


def split(images: Images, train: int, validation: int, seed: int) -> tuple[Images, Images, Images]:
    """So many of the images for training and for validation, and the rest; the seed alone decides which."""
    order = np.random.RandomState(seed).permutation(len(images))  # numpy keeps this stream for ever
    first, second, rest = np.split(order, [train, train + validation])
    return images.take(first), images.take(second), images.take(rest)
