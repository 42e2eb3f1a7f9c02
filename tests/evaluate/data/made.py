"""Images that tests make, and how they are compared."""

import numpy as np


def some_images(count, *shape, seed=0):
    return np.random.RandomState(seed).randint(0, 256, (count, *shape), np.uint8)


def content(*parts):
    """The images of splits, with their labels, as a sorted list: to compare without regard to their order."""
    pairs = [pair for part in parts for pair in zip(part.images, part.labels, strict=True)]
    return sorted((image.tobytes(), int(label)) for image, label in pairs)


def names(*places, count=10, suffix=".png"):
    """Files in some folders."""
    return [f"{place}/{i}{suffix}" for place in places for i in range(count)]
