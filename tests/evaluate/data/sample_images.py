"""Images that tests draw, the files that they are written to, and how splits are compared."""

import numpy as np


def random_images(count, *shape, seed=0):
    return np.random.RandomState(seed).randint(0, 256, (count, *shape), np.uint8)


def sort_images(*splits):
    """The images of splits with their labels, as a sorted list: to compare without regard to their order."""
    pairs = [pair for split in splits for pair in zip(split.images, split.labels, strict=True)]
    return sorted((image.tobytes(), int(label)) for image, label in pairs)


def file_names(*folders, count=10, suffix=".png"):
    """So many files in each of some folders."""
    return [f"{folder}/{i}{suffix}" for folder in folders for i in range(count)]
