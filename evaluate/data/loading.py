"""Data sets by name: what one is like, known without decoding images, and its three splits in memory."""

import os
from pathlib import Path

from archwright.core.errors import ArchwrightError, suggest_names
from archwright.core.input import describe_input, name_examples
from archwright.core.shape import format_shape
from archwright.evaluate.data.builtin import BUILTIN_NAMES, open_builtin, require_local_builtin
from archwright.evaluate.data.dataset import BadData, DataInfo, Dataset, Images, Source, SourceInfo
from archwright.evaluate.data.folder import FolderSource
from archwright.evaluate.data.npz import NpzSource
from archwright.evaluate.data.reader1 import (
    Reader1FolderSource,
    Reader1NpzSource,
    size_splits_at_random,
    split_at_random,
)
from archwright.evaluate.data.splits import count_splits, draw_splits
from archwright.evaluate.data.user_data import UserSource, describe_user_data
from archwright.evaluate.data_settings import DataFunction, DataSettings
from archwright.evaluate.settings import FIRST_READER, LATEST_READER
from archwright.store.user_code import NoSuchSource, find_module_files, is_source, resolve_file

MIN_IMAGES = 10  # with fewer, a split would be empty
PATH_KINDS = ("folder", "npz")  # data sets that are given as KIND:PATH


class UnknownData(ArchwrightError, ValueError):
    """A data set that is neither built in nor given by its path."""


def load_dataset(
    spec: str | DataFunction,
    data_dir: str | None = None,
    validation: float = 0.2,
    seed: int = 0,
    *,
    image_size: tuple[int, int] | None = None,
    reader: int = LATEST_READER,
) -> Dataset:
    """The data set `spec` in memory, downloaded first if it is built in and not on disk.

    `seed` alone decides which images are for validation and for testing, where the source has no such splits. The
    other arguments, and the errors, are those of `describe_dataset`.
    """
    source = _open_source(spec, data_dir, image_size, reader)
    info = _plan_splits(str(spec), source.describe(), validation, reader)
    return Dataset(info, *_split_images(info, source, seed, reader))


def describe_dataset(
    spec: str | DataFunction,
    data_dir: str | None = None,
    validation: float = 0.2,
    *,
    image_size: tuple[int, int] | None = None,
    reader: int = LATEST_READER,
) -> DataInfo:
    """What the data set `spec` is like, without torch and without decoding images.

    `spec` is digits, mnist, fashion_mnist, cifar10, cifar100, folder:PATH, npz:PATH, or a person's own function as
    file.py:function or module:function, or by value, which another process calls. Built-in sets are known even
    where they are not on disk. `validation` is the fraction of the images to learn from that is held out of training,
    where the source has no validation images of its own. `image_size`, height and width, is what the images of a
    folder get. `reader` is the way in which files are read and split. Raises UnknownData, NoSuchData or BadData, and
    DataNeeded for a function that this process was not given.
    """
    source = _open_source(spec, data_dir, image_size, reader)
    # A person's own file may import torch, which does not belong into the process that asks.
    described = describe_user_data(source) if isinstance(source, UserSource) else source.describe()
    return _plan_splits(str(spec), described, validation, reader)


def is_user_data(spec: str) -> bool:
    """Whether `spec` names a person's own function, `file.py:function` or `module:function`, and there is such code.

    Raises NoSuchSource where a file is named that is not there.
    """
    return spec.partition(":")[0] not in PATH_KINDS and is_source(spec) and _has_code(spec)


def load_configured_dataset(settings: DataSettings) -> Dataset:
    """The data set of an evaluation in memory; raises what `load_dataset` does."""
    options = {"image_size": settings.image_size, "reader": settings.reader}
    return load_dataset(settings.data, settings.data_dir, settings.validation, settings.split_seed, **options)


def describe_configured_dataset(settings: DataSettings) -> DataInfo:
    """What the data set of an evaluation is like; raises what `describe_dataset` does."""
    options = {"image_size": settings.image_size, "reader": settings.reader}
    return describe_dataset(settings.data, settings.data_dir, settings.validation, **options)


def require_local_dataset(spec: str, data_dir: str | None = None) -> None:
    """Nothing, if the data set `spec` can be read without a download; else NoSuchData or UnknownData."""
    if spec in BUILTIN_NAMES:
        require_local_builtin(spec, find_data_folder(data_dir))


def find_data_folder(data_dir: str | None) -> Path:
    """The folder in which built-in data sets lie: `data_dir`, else $ARCHWRIGHT_DATA, else the user's cache folder."""
    return Path(data_dir or os.environ.get("ARCHWRIGHT_DATA") or "~/.cache/archwright/data").expanduser()


def _open_source(
    spec: str | DataFunction, data_dir: str | None, image_size: tuple[int, int] | None, reader: int
) -> Source:
    kind, colon, text = ("", "", "") if isinstance(spec, DataFunction) else spec.partition(":")
    path = Path(text).expanduser()
    if colon and kind == "folder":
        return FolderSource(path, image_size) if reader > FIRST_READER else Reader1FolderSource(path)
    if image_size is not None:
        size = format_shape(image_size)
        raise BadData(f"an image size of {size} is for folder:PATH; the images of {spec} keep theirs")
    if isinstance(spec, DataFunction):
        return UserSource(spec.source, spec)
    if colon and kind == "npz":
        return NpzSource(path) if reader > FIRST_READER else Reader1NpzSource(path)
    if spec in BUILTIN_NAMES:
        return open_builtin(spec, find_data_folder(data_dir))
    if is_user_data(spec):
        return UserSource(spec)
    if Path(spec).exists():
        raise UnknownData(f"the data is {spec!r}, a path; write {'folder' if Path(spec).is_dir() else 'npz'}:{spec}")
    known = [*BUILTIN_NAMES, *(f"{kind}:PATH" for kind in PATH_KINDS)]
    raise UnknownData(
        f"there is no data set {spec!r}; {suggest_names(spec, known)} (one of your own is file.py:function or "
        "module:function)"
    )


def _has_code(source: str) -> bool:
    """Whether there is such a module; raises NoSuchSource where a file of code is named that is not there."""
    place = source.rpartition(":")[0]
    if place.endswith(".py"):
        resolve_file(place)
        return True
    try:
        find_module_files(place)
    except NoSuchSource:  # a misspelt kind of path, rather than a module
        return False
    return True


def _plan_splits(spec: str, source: SourceInfo, validation: float, reader: int) -> DataInfo:
    """What the data set is like that the images of a source are split into; raises BadData where they are too few."""
    total = sum(map(sum, (source.train, source.validation or (), source.test or ())))
    classes, noun = len(source.class_names), name_examples(source.input)
    if total < MIN_IMAGES or classes < 2:
        raise BadData(
            f"{spec} has {total} {noun} of {classes} classes; at least {MIN_IMAGES} {noun} of 2 classes are needed"
        )
    _require_memory(spec, source, total)
    if reader == FIRST_READER:
        sizes = size_splits_at_random(spec, source, validation)
        return DataInfo(spec, source.input, source.class_names, *sizes, remarks=source.remarks)
    by_class = count_splits(source, validation)
    sizes = train, held_out, test = [sum(counts) for counts in by_class.values()]
    if min(sizes) < 1:
        raise BadData(
            f"{spec} has too few {noun} to split: {train} to train on, {held_out} to validate on and {test} to test "
            "on; give it more of each class"
        )
    validation_classes = [name for name, count in zip(source.class_names, by_class["validation"], strict=True) if count]
    if len(validation_classes) < 2:
        raise BadData(
            f"the validation {noun} of {spec} are all of the class {validation_classes[0]}, so that no score says "
            f"anything; give it more {noun} of the other classes"
        )
    return DataInfo(spec, source.input, source.class_names, train, held_out, test, by_class, source.remarks)


def _split_images(info: DataInfo, source: Source, seed: int, reader: int) -> tuple[Images, Images, Images]:
    images, validation, test = source.read()
    if reader == FIRST_READER:
        train, held_out, others = split_at_random(images, info.train, info.validation, seed)
        return train, held_out, others if test is None else test
    # Test images are drawn first: they are the same whatever the share of the validation images is.
    missing = [name for name, split in (("test", test), ("validation", validation)) if split is None]
    drawn = iter(draw_splits(images.labels, [info.by_class[name] for name in missing], seed) if missing else [])
    test = images.take(next(drawn)) if test is None else test
    validation = images.take(next(drawn)) if validation is None else validation
    return images.take(next(drawn)) if missing else images, validation, test


def _require_memory(spec: str, source: SourceInfo, total: int) -> None:
    """Raises BadData where the images are more than the machine could hold, as far as it says what it has."""
    remedy = (
        "make them smaller, as with --image-size (image_size= in Python)"
        if source.input.kind == "image"
        else "give fewer, or smaller ones"
    )
    needed = total * DataInfo(spec, source.input, (), 0, 0, 0).bytes_per_input
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return
    if needed > memory:
        raise BadData(
            f"{spec} has {total:,} {name_examples(source.input)} of {describe_input(source.input)}, which take "
            f"{needed / 1e9:.1f} GB as they are decoded, and the machine has {memory / 1e9:.1f} GB; {remedy}"
        )
