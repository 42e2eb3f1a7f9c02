"""Labelled images by name: what a data set is like, known at once, and its three splits, read when needed."""

import os
from pathlib import Path

import numpy as np
from attrs import evolve, frozen

from archwright.core.errors import ArchwrightError, nearest
from archwright.evaluate.data import builtin
from archwright.evaluate.data.folder import Folder
from archwright.evaluate.data.images import BadData, Images, Outline, Source
from archwright.evaluate.data.npz import Npz

TEST = 0.2  # the fraction that is kept for reports, where a data set has no test images of its own
FEWEST = 10  # images; with fewer, a split would be empty
BY_PATH = {"folder": Folder, "npz": Npz}


class UnknownData(ArchwrightError, ValueError):
    """A data set that is neither built in nor given by its path."""


@frozen
class DataInfo:
    """What a data set is like; sizes are numbers of images."""

    name: str
    input_shape: tuple[int, int, int]  # channels, height, width
    classes: int
    train: int
    validation: int  # what searchers are scored on
    test: int  # for reports only


@frozen(eq=False)
class Dataset:
    """A data set in memory."""

    info: DataInfo
    train: Images
    validation: Images
    test: Images

    def joined(self) -> "Dataset":
        """The data set for a final training: what was for validation is for training, too, and the test is the same."""
        info = evolve(self.info, train=self.info.train + self.info.validation, validation=0)
        train = self.train.with_also(self.validation)
        return Dataset(info, train, self.validation.take(np.arange(0)), self.test)


def describe(spec: str, data_dir: str | None = None, validation: float = 0.2) -> DataInfo:
    """What the data set `spec` is like, without torch and without decoding images.

    `spec` is digits, mnist, fashion_mnist, cifar10, cifar100, folder:PATH or npz:PATH. Built-in sets are known even
    where they are not on disk. `validation` is the fraction of the images to learn from that is held out of training.
    Raises UnknownData, NoSuchData or BadData.
    """
    return _info(spec, _source(spec, data_dir).outline(), validation)


def read(spec: str, data_dir: str | None = None, validation: float = 0.2, seed: int = 0) -> Dataset:
    """The data set `spec` in memory, downloaded first if it is built in and not on disk.

    `seed` alone decides which images are for validation and, where the source has no test split, which for testing.
    """
    source = _source(spec, data_dir)
    info = _info(spec, source.outline(), validation)
    images, test = source.read()
    order = np.random.RandomState(seed).permutation(len(images))  # numpy keeps this stream for ever
    train, held_out, rest = np.split(order, [info.train, info.train + info.validation])
    return Dataset(info, images.take(train), images.take(held_out), images.take(rest) if test is None else test)


def require_at_hand(spec: str, data_dir: str | None = None) -> None:
    """Nothing, if nothing need be downloaded for the data set `spec` to be read; raises what is wrong with it."""
    if spec in builtin.NAMES:
        builtin.require_there(spec, root(data_dir))
    else:
        _source(spec, data_dir).outline()


def root(data_dir: str | None) -> Path:
    """The folder in which built-in data sets lie: `data_dir`, else $ARCHWRIGHT_DATA, else the user's cache folder."""
    return Path(data_dir or os.environ.get("ARCHWRIGHT_DATA") or "~/.cache/archwright/data").expanduser()


def _info(spec: str, outline: Outline, validation: float) -> DataInfo:
    total = outline.train + (outline.test or 0)
    if total < FEWEST or outline.classes < 2:
        raise BadData(f"{spec} has {total} images of {outline.classes} classes; at least {FEWEST} of 2 are needed")
    test = round(TEST * outline.train) if outline.test is None else outline.test
    learning = outline.train - (test if outline.test is None else 0)
    held_out = min(max(1, round(validation * learning)), learning - 1)
    if held_out < 1 or test < 1:
        raise BadData(
            f"{spec} has {outline.train} images to learn from and {test} to test on; that is too few to split"
        )
    return DataInfo(spec, outline.input_shape, outline.classes, learning - held_out, held_out, test)


def _source(spec: str, data_dir: str | None) -> Source:
    kind, colon, path = spec.partition(":")
    if colon and kind in BY_PATH:
        return BY_PATH[kind](Path(path).expanduser())
    if spec in builtin.NAMES:
        return builtin.source(spec, root(data_dir))
    if Path(spec).exists():
        raise UnknownData(f"the data is {spec!r}, a path; write {'folder' if Path(spec).is_dir() else 'npz'}:{spec}")
    raise UnknownData(f"there is no data set {spec!r}; {nearest(spec, [*builtin.NAMES, 'folder:PATH', 'npz:PATH'])}")
