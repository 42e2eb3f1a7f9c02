"""Labelled images by name: what a data set is like, known at once, and its three splits, read when needed."""

import os
from math import prod
from pathlib import Path
from typing import Protocol

from archwright.core.errors import ArchwrightError, suggest_names
from archwright.evaluate.config import FIRST_READER, LATEST_READER
from archwright.evaluate.data import builtin
from archwright.evaluate.data.dataset import (
    BadData,
    ClassCounts,
    DataInfo,
    Dataset,
    Images,
    Source,
    SourceInfo,
    draw_splits,
    format_shape,
    share_counts,
)
from archwright.evaluate.data.folder import Folder
from archwright.evaluate.data.npz import Npz
from archwright.evaluate.data.reader1 import folder as folder1
from archwright.evaluate.data.reader1 import npz as npz1
from archwright.evaluate.data.reader1 import splits as splits1

TEST = 0.2  # the fraction that is kept for reports, where a data set has no test images of its own
FEWEST = 10  # images; with fewer, a split would be empty
PATHS = ("folder", "npz")  # what is given by its path
SPLITS = ("train", "validation", "test")


class UnknownData(ArchwrightError, ValueError):
    """A data set that is neither built in nor given by its path."""


class DatasetConfig(Protocol):
    """Which images are wanted and how, as the configuration of an evaluator says."""

    @property
    def data(self) -> str | None: ...  # noqa: D102  (see describe)
    @property
    def data_dir(self) -> str | None: ...  # noqa: D102
    @property
    def validation(self) -> float: ...  # noqa: D102
    @property
    def split_seed(self) -> int: ...  # noqa: D102
    @property
    def image_size(self) -> tuple[int, int] | None: ...  # noqa: D102
    @property
    def reader(self) -> int: ...  # noqa: D102


def describe_dataset(
    spec: str,
    data_dir: str | None = None,
    validation: float = 0.2,
    *,
    image_size: tuple[int, int] | None = None,
    reader: int = LATEST_READER,
) -> DataInfo:
    """What the data set `spec` is like, without torch and without decoding images.

    `spec` is digits, mnist, fashion_mnist, cifar10, cifar100, folder:PATH or npz:PATH. Built-in sets are known even
    where they are not on disk. `validation` is the fraction of the images to learn from that is held out of training,
    where the source has no validation images of its own. `image_size`, height and width, is what the images of a
    folder get. `reader` is the way in which files are read and split. Raises UnknownData, NoSuchData or BadData.
    """
    return _info(spec, _source(spec, data_dir, image_size, reader).outline(), validation, reader)


def load_dataset(
    spec: str,
    data_dir: str | None = None,
    validation: float = 0.2,
    seed: int = 0,
    *,
    image_size: tuple[int, int] | None = None,
    reader: int = LATEST_READER,
) -> Dataset:
    """The data set that `describe_dataset` describes in memory, downloaded first if it is built in and not on disk.

    `seed` alone decides which images are for validation and for testing, where the source has no such splits.
    """
    source = _source(spec, data_dir, image_size, reader)
    info = _info(spec, source.outline(), validation, reader)
    return Dataset(info, *_parts(info, source, seed, reader))


def describe_configured_dataset(wanted: DatasetConfig) -> DataInfo:
    """What the data set of a configuration is like; raises what describe does."""
    assert wanted.data is not None
    more = {"image_size": wanted.image_size, "reader": wanted.reader}
    return describe_dataset(wanted.data, wanted.data_dir, wanted.validation, **more)


def load_configured_dataset(wanted: DatasetConfig) -> Dataset:
    """The data set of a configuration in memory; raises what read does."""
    assert wanted.data is not None
    more = {"image_size": wanted.image_size, "reader": wanted.reader}
    return load_dataset(wanted.data, wanted.data_dir, wanted.validation, wanted.split_seed, **more)


def require_local_dataset(spec: str, data_dir: str | None = None) -> None:
    """Nothing, if nothing need be downloaded for the data set `spec` to be read; NoSuchData or UnknownData if not."""
    if spec in builtin.BUILTIN_NAMES:
        builtin.require_local_builtin(spec, find_data_folder(data_dir))


def find_data_folder(data_dir: str | None) -> Path:
    """The folder in which built-in data sets lie: `data_dir`, else $ARCHWRIGHT_DATA, else the user's cache folder."""
    return Path(data_dir or os.environ.get("ARCHWRIGHT_DATA") or "~/.cache/archwright/data").expanduser()


def _source(spec: str, data_dir: str | None, image_size: tuple[int, int] | None, reader: int) -> Source:
    kind, colon, path = spec.partition(":")
    place = Path(path).expanduser()
    if colon and kind == "folder":
        return Folder(place, image_size) if reader > FIRST_READER else folder1.Folder(place)
    if image_size is not None:
        size = format_shape(image_size)
        raise BadData(f"an image size of {size} is for folder:PATH; the images of {spec} keep theirs")
    if colon and kind == "npz":
        return Npz(place) if reader > FIRST_READER else npz1.Npz(place)
    if spec in builtin.BUILTIN_NAMES:
        return builtin.open_builtin(spec, find_data_folder(data_dir))
    if Path(spec).exists():
        raise UnknownData(f"the data is {spec!r}, a path; write {'folder' if Path(spec).is_dir() else 'npz'}:{spec}")
    offered = [*builtin.BUILTIN_NAMES, *(f"{name}:PATH" for name in PATHS)]
    raise UnknownData(f"there is no data set {spec!r}; {suggest_names(spec, offered)}")


def _info(spec: str, outline: SourceInfo, validation: float, reader: int) -> DataInfo:
    counts = [outline.train, outline.validation or (), outline.test or ()]
    total, classes = sum(map(sum, counts)), len(outline.class_names)
    if total < FEWEST or classes < 2:
        raise BadData(
            f"{spec} has {total} images of {classes} classes; at least {FEWEST} images of 2 classes are needed"
        )
    _require_memory(spec, outline, total)
    if reader == FIRST_READER:
        sizes = splits1.sizes(spec, outline, validation)
        return DataInfo(spec, outline.input_shape, outline.class_names, *sizes, remarks=outline.remarks)
    by_class: dict[str, ClassCounts] = dict(zip(SPLITS, _split_counts(outline, validation), strict=True))
    sizes = train, held_out, test = tuple(map(sum, by_class.values()))
    if min(sizes) < 1:
        told = f"{train} to train on, {held_out} to validate on and {test} to test on"
        raise BadData(f"{spec} has too few images to split: {told}; give it more of each class")
    if sum(map(bool, by_class["validation"])) < 2:
        (only,) = (name for name, count in zip(outline.class_names, by_class["validation"], strict=True) if count)
        raise BadData(
            f"the validation images of {spec} are all of the class {only}, so that no score says anything; give it "
            "more images of the other classes"
        )
    return DataInfo(spec, outline.input_shape, outline.class_names, train, held_out, test, by_class, outline.remarks)


def _split_counts(outline: SourceInfo, validation: float) -> tuple[ClassCounts, ClassCounts, ClassCounts]:
    """How many images of each class are for training, validation and testing."""
    rest, held_out, test = outline.train, outline.validation, outline.test
    if test is None:
        test = share_counts(rest, TEST, others=2 if held_out is None else 1)
        rest = _less(rest, test)
    if held_out is None:
        held_out = share_counts(rest, validation, others=1)
        rest = _less(rest, held_out)
    return rest, held_out, test


def _less(counts: ClassCounts, taken: ClassCounts) -> ClassCounts:
    return tuple(count - gone for count, gone in zip(counts, taken, strict=True))


def _parts(info: DataInfo, source: Source, seed: int, reader: int) -> tuple[Images, Images, Images]:
    images, validation, test = source.read()
    if reader == FIRST_READER:
        train, held_out, rest = splits1.split(images, info.train, info.validation, seed)
        return train, held_out, rest if test is None else test
    # Test images are drawn first: they are the same whatever the share of the validation images is.
    missing = [name for name, part in (("test", test), ("validation", validation)) if part is None]
    drawn = iter(draw_splits(images.labels, [info.by_class[name] for name in missing], seed) if missing else [])
    test = images.take(next(drawn)) if test is None else test
    validation = images.take(next(drawn)) if validation is None else validation
    return images.take(next(drawn)) if missing else images, validation, test


def _require_memory(spec: str, outline: SourceInfo, total: int) -> None:
    """BadData where the images are more than the machine could hold, as far as it says what it has."""
    needed = total * prod(outline.input_shape)
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return
    if needed > memory:
        raise BadData(
            f"{spec} has {total:,} images of {format_shape(outline.input_shape)}, which take {needed / 1e9:.1f} GB as "
            f"they are decoded, and the machine has {memory / 1e9:.1f} GB; make them smaller, as with --image-size"
        )
