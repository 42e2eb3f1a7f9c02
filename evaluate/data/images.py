"""Labelled images as arrays, and what a place that they come from has to say of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from attrs import frozen

from archwright.core.errors import ArchwrightError, nearest
from archwright.evaluate.paths import beginning, kind_of

Counts = tuple[int, ...]  # images of each class


class NoSuchData(ArchwrightError, FileNotFoundError):
    """A data set whose files are not where they should be and cannot be downloaded."""


class BadData(ArchwrightError, ValueError):
    """Files that are there but do not hold labelled images as they should."""


@frozen(eq=False)
class Images:
    """Labelled images: uint8 (n, channels, height, width) and their classes, int64 (n,), in [0, classes)."""

    images: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, which: np.ndarray) -> "Images":
        """The images with the indices `which`."""
        return Images(self.images[which], self.labels[which])

    def with_also(self, other: "Images") -> "Images":
        """These and then the `other` images."""
        return Images(np.concatenate([self.images, other.images]), np.concatenate([self.labels, other.labels]))


@frozen
class Outline:
    """What a source holds, as far as it can be said without decoding images; a split that it has not is None."""

    input_shape: tuple[int, int, int]  # channels, height, width
    class_names: tuple[str, ...]  # in the order of the labels
    train: Counts
    validation: Counts | None = None
    test: Counts | None = None
    remarks: tuple[str, ...] = ()  # what was decided about the images, and what was passed over


class Source(Protocol):
    """A place that images come from."""

    def outline(self) -> Outline:
        """What it holds; raises NoSuchData or BadData where that can be seen already."""
        ...

    def read(self) -> tuple[Images, Images | None, Images | None]:
        """All images for training and, if the source has such splits, for validation and for testing."""
        ...


def counted(labels: np.ndarray, classes: int) -> Counts:
    """How many of the labels are of each class."""
    return tuple(np.bincount(labels, minlength=classes).tolist())


def times(shape: Sequence[int]) -> str:
    """A shape as people write it: 3x32x32."""
    return "x".join(map(str, shape))


def nothing_at(path: Path, wanted: str) -> NoSuchData:
    """The error for a path that leads to nothing that is `wanted`; where it leads nowhere, with the nearest names."""
    if path.exists():
        return NoSuchData(f"{path.absolute()} is {kind_of(path)}; name {wanted}")
    place = path.absolute().parent
    there = [p.name for p in place.iterdir()] if place.is_dir() else []
    return NoSuchData(
        f"there is nothing at {path.absolute()}; in its place {nearest(path.name, there)}{beginning(path)}"
    )
