"""Labelled images as arrays, the sources that they are read from, and the data sets of three splits made of them."""

from collections.abc import Iterator, Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Protocol

import numpy as np
from attrs import evolve, field, frozen

from archwright.core.errors import ArchwrightError, suggest_names
from archwright.core.input import ElementType, Input, as_input, describe_input, name_examples
from archwright.core.shape import Shape
from archwright.store.named_paths import describe_file_kind, explain_relative_path

WHITE = 255  # the value of white in uint8 images; black is 0
ELEMENT_BYTES: Mapping[ElementType, int] = {"float32": 4, "int64": 8}
IMAGES_PER_CHUNK = 4096  # images that are computed on as float64 at a time, in eight times their memory

ClassCounts = tuple[int, ...]  # the number of images of each class, in the order of the labels


class NoSuchData(ArchwrightError, FileNotFoundError):
    """A data set whose files are not where they should be and cannot be downloaded."""


class BadData(ArchwrightError, ValueError):
    """Files that exist but do not hold labelled images as they should."""


@frozen(eq=False)
class Images:
    """Labelled inputs: (n, *shape), and their classes, int64 (n,), in [0, classes).

    Images are uint8 (n, channels, height, width), tokens int64, and all other inputs float32.
    """

    images: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, indices: np.ndarray) -> "Images":
        """The images with these indices."""
        return Images(self.images[indices], self.labels[indices])

    def concatenate(self, other: "Images") -> "Images":
        """These images and then the `other` images."""
        return Images(np.concatenate([self.images, other.images]), np.concatenate([self.labels, other.labels]))


@frozen
class SourceInfo:
    """What a source holds, as far as it is known without decoding images; a split that it does not have is None."""

    input: Input = field(converter=as_input)  # or its shape; of images: channels, height, width
    class_names: tuple[str, ...]  # in the order of the labels
    train: ClassCounts
    validation: ClassCounts | None = None
    test: ClassCounts | None = None
    remarks: tuple[str, ...] = ()  # how the images are converted, and which files or arrays are skipped

    @property
    def input_shape(self) -> Shape:
        """The shape of an input, without the batch."""
        return self.input.shape


class Source(Protocol):
    """A place that images are read from: a folder, an npz file or a built-in data set."""

    def describe(self) -> SourceInfo:
        """What it holds; raises NoSuchData or BadData where that can be seen already."""
        ...

    def read(self) -> tuple[Images, Images | None, Images | None]:
        """All images for training and, if the source has such splits, for validation and for testing."""
        ...


@frozen
class DataInfo:
    """What a data set is like; sizes are numbers of images."""

    name: str
    input: Input = field(converter=as_input)  # or its shape; of images: channels, height, width
    class_names: tuple[str, ...]  # in the order of the labels
    train: int
    validation: int  # what searchers are scored on
    test: int  # for reports only
    by_class: Mapping[str, ClassCounts] = field(factory=dict[str, ClassCounts])  # by the split's name, where known
    remarks: tuple[str, ...] = ()  # how the images are converted, and which files or arrays are skipped

    @property
    def input_shape(self) -> Shape:
        """The shape of an input, without the batch."""
        return self.input.shape

    @property
    def bytes_per_input(self) -> int:
        """The memory that an input takes: images are of 8 bits."""
        element_size = 1 if self.input.kind == "image" else ELEMENT_BYTES[self.input.element_type]
        return element_size * prod(self.input.shape)

    @property
    def classes(self) -> int:
        """The number of classes."""
        return len(self.class_names)

    @property
    def split_sizes(self) -> Mapping[str, int]:
        """The number of images of each split, by its name."""
        return {"train": self.train, "validation": self.validation, "test": self.test}


@frozen(eq=False)
class Dataset:
    """A data set in memory."""

    info: DataInfo
    train: Images
    validation: Images
    test: Images

    def merge_validation(self) -> "Dataset":
        """The data set for a final training, on the validation images too; the test images stay the same."""
        by_class = dict(self.info.by_class)
        if counts := by_class.pop("validation", None):
            by_class["train"] = tuple(map(sum, zip(by_class["train"], counts, strict=True)))
        info = evolve(self.info, train=self.info.train + self.info.validation, validation=0, by_class=by_class)
        train = self.train.concatenate(self.validation)
        return Dataset(info, train, self.validation.take(np.arange(0)), self.test)


def count_labels(labels: np.ndarray, classes: int) -> ClassCounts:
    """The number of labels of each class."""
    return tuple(np.bincount(labels, minlength=classes).tolist())


def explain_missing(path: Path, expected: str) -> str:
    """The message for a path that leads to nothing that is `expected`; where nothing exists, with similar names."""
    if path.exists():
        return f"{path.absolute()} is {describe_file_kind(path)}; name {expected}"
    parent = path.absolute().parent
    siblings = [p.name for p in parent.iterdir()] if parent.is_dir() else []
    suggestion = suggest_names(path.name, siblings)
    return f"there is nothing at {path.absolute()}; in its place {suggestion}{explain_relative_path(path)}"


MAX_LISTED_CLASSES = 4  # classes that are listed one by one; of more, only the first and last, or fewest and most
MIN_REPORTED_BYTES = 1e9  # of images; the memory that they take is reported from here on


def summarize_dataset(info: DataInfo) -> str:
    """In one line: the shape of the images, their number by split and class, and the remarks."""
    sizes = info.split_sizes
    splits = [_summarize_split(info, split, size) for split, size in sizes.items() if size]
    total_bytes = info.bytes_per_input * sum(sizes.values())
    memory = [f"{total_bytes / 1e9:.1f} GB in memory"] if total_bytes >= MIN_REPORTED_BYTES else []
    classes = f"{info.classes} classes ({_abbreviate(info.class_names)})"
    outline = f"{info.name}: {describe_input(info.input)}, {classes}: {', '.join(splits)}"
    return "; ".join([outline, *memory, *info.remarks])


def warn_of_absent_classes(info: DataInfo) -> Iterator[str]:
    """A line for each split without an image of some class, as where a class has fewer images than there are splits."""
    noun = name_examples(info.input)
    for split, counts in info.by_class.items():
        absent = [name for name, count in zip(info.class_names, counts, strict=True) if not count]
        if absent:
            yield (
                f"warning: no {split} {noun.removesuffix('s')} of {info.name} is of {_abbreviate(absent)}; for each "
                f"split to have one of every class, a class needs at least as many {noun} as there are splits"
            )


def _summarize_split(info: DataInfo, split: str, size: int) -> str:
    counts = info.by_class.get(split)
    return f"{split} {size:,}" + (f" ({_summarize_counts(info.class_names, counts)})" if counts else "")


def _summarize_counts(names: Sequence[str], counts: ClassCounts) -> str:
    if len(names) <= MAX_LISTED_CLASSES and len(set(counts)) > 1:
        return ", ".join(f"{name} {count:,}" for name, count in zip(names, counts, strict=True))
    fewest, most = min(counts), max(counts)
    return f"{fewest:,} a class" if fewest == most else f"{fewest:,} to {most:,} a class"


def _abbreviate(names: Sequence[str]) -> str:
    """All names, or the first and the last of many."""
    if len(names) <= MAX_LISTED_CLASSES:
        return ", ".join(names)
    return f"{', '.join(names[: MAX_LISTED_CLASSES - 1])} ... {names[-1]}"
