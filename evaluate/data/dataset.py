"""Labelled images as arrays, and what a place that they come from has to say of them."""

from collections.abc import Iterator, Mapping, Sequence
from math import floor
from pathlib import Path
from typing import Protocol

import numpy as np
from attrs import evolve, field, frozen

from archwright.core.errors import ArchwrightError, suggest_names
from archwright.evaluate.paths import describe_file_kind, explain_relative_path

ClassCounts = tuple[int, ...]  # images of each class


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
class SourceInfo:
    """What a source holds, as far as it can be said without decoding images; a split that it has not is None."""

    input_shape: tuple[int, int, int]  # channels, height, width
    class_names: tuple[str, ...]  # in the order of the labels
    train: ClassCounts
    validation: ClassCounts | None = None
    test: ClassCounts | None = None
    remarks: tuple[str, ...] = ()  # what was decided about the images, and what was passed over


class Source(Protocol):
    """A place that images come from."""

    def outline(self) -> SourceInfo:
        """What it holds; raises NoSuchData or BadData where that can be seen already."""
        ...

    def read(self) -> tuple[Images, Images | None, Images | None]:
        """All images for training and, if the source has such splits, for validation and for testing."""
        ...


def count_labels(labels: np.ndarray, classes: int) -> ClassCounts:
    """How many of the labels are of each class."""
    return tuple(np.bincount(labels, minlength=classes).tolist())


def format_shape(shape: Sequence[int]) -> str:
    """A shape as people write it: 3x32x32."""
    return "x".join(map(str, shape))


def nothing_at(path: Path, wanted: str) -> NoSuchData:
    """The error for a path that leads to nothing that is `wanted`; where it leads nowhere, with the nearest names."""
    if path.exists():
        return NoSuchData(f"{path.absolute()} is {describe_file_kind(path)}; name {wanted}")
    place = path.absolute().parent
    there = [p.name for p in place.iterdir()] if place.is_dir() else []
    near = suggest_names(path.name, there)
    return NoSuchData(f"there is nothing at {path.absolute()}; in its place {near}{explain_relative_path(path)}")


@frozen
class DataInfo:
    """What a data set is like; sizes are numbers of images."""

    name: str
    input_shape: tuple[int, int, int]  # channels, height, width
    class_names: tuple[str, ...]  # in the order of the labels
    train: int
    validation: int  # what searchers are scored on
    test: int  # for reports only
    by_class: Mapping[str, ClassCounts] = field(
        factory=dict[str, ClassCounts]
    )  # of each split by its name, where that is known
    remarks: tuple[str, ...] = ()  # what the reader decided and passed over

    @property
    def classes(self) -> int:
        """How many there are."""
        return len(self.class_names)


@frozen(eq=False)
class Dataset:
    """A data set in memory."""

    info: DataInfo
    train: Images
    validation: Images
    test: Images

    def joined(self) -> "Dataset":
        """The data set for a final training: what was for validation is for training, too, and the test is the same."""
        by_class = dict(self.info.by_class)
        if held := by_class.pop("validation", None):
            by_class["train"] = tuple(map(sum, zip(by_class["train"], held, strict=True)))
        info = evolve(self.info, train=self.info.train + self.info.validation, validation=0, by_class=by_class)
        train = self.train.with_also(self.validation)
        return Dataset(info, train, self.validation.take(np.arange(0)), self.test)


def share_counts(counts: ClassCounts, fraction: float, others: int) -> ClassCounts:
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


def draw_splits(labels: np.ndarray, sizes: Sequence[ClassCounts], seed: int) -> list[np.ndarray]:
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


NAMED = 4  # classes whose numbers are told one by one; of more, the least and the most
GIGABYTE = 1e9  # bytes, from which on it is told how much memory the images take


def summarize_dataset(info: DataInfo) -> str:
    """In one line: the images of each split and class, their shape, and what was decided and passed over."""
    splits = [_split(info, name, count) for name, count in _sizes(info).items() if count]
    size = info.input_shape[0] * info.input_shape[1] * info.input_shape[2] * sum(_sizes(info).values())
    memory = [f"{size / GIGABYTE:.1f} GB in memory"] if size >= GIGABYTE else []
    remarks = "; ".join([*memory, *info.remarks])
    classes = f"{info.classes} classes ({_some(info.class_names)})"
    outline = f"{info.name}: {format_shape(info.input_shape)}, {classes}: {', '.join(splits)}"
    return f"{outline}; {remarks}" if remarks else outline


def warn_of_absent_classes(info: DataInfo) -> Iterator[str]:
    """A line for each split without an image of some class, as where a class has fewer images than there are splits."""
    for split, counts in info.by_class.items():
        absent = [name for name, count in zip(info.class_names, counts, strict=True) if not count]
        if absent:
            yield (
                f"warning: no {split} image of {info.name} is of {_some(absent)}; for each split to have one of every "
                "class, a class needs at least as many images as there are splits"
            )


def _sizes(info: DataInfo) -> dict[str, int]:
    return {"train": info.train, "validation": info.validation, "test": info.test}


def _split(info: DataInfo, name: str, size: int) -> str:
    counts = info.by_class.get(name)
    return f"{name} {size:,}" + (f" ({_of_each(info.class_names, counts)})" if counts else "")


def _of_each(names: Sequence[str], counts: ClassCounts) -> str:
    if len(names) <= NAMED and len(set(counts)) > 1:
        return ", ".join(f"{name} {count:,}" for name, count in zip(names, counts, strict=True))
    low, high = min(counts), max(counts)
    return f"{low:,} a class" if low == high else f"{low:,} to {high:,} a class"


def _some(names: Sequence[str]) -> str:
    """Names, or the first and the last of many."""
    return ", ".join(names) if len(names) <= NAMED else f"{', '.join(names[: NAMED - 1])} ... {names[-1]}"
