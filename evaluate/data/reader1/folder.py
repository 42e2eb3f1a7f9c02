"""Folders of images, as reader 1 reads them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from attrs import frozen
from PIL import Image

from archwright.core.errors import suggest_names
from archwright.evaluate.data.dataset import BadData, Images, SourceInfo, count_labels, nothing_at

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".webp"}
HELD_OUT = ("test", "val", "valid", "validation")  # the first of these that is there is kept for reports
GREY = {"1", "L", "LA", "I", "I;16", "F"}

Labelled = list[tuple[Path, int]]  # files, each with the number of its class


@frozen
class Folder:
    """Images in PATH/train/CLASS/ and perhaps PATH/test/CLASS/, or in PATH/CLASS/; classes in the order of their names.

    All get the size and the channels of the first image: others are resized to it, and turned grey or RGB like it.
    """

    path: Path

    def outline(self) -> SourceInfo:
        """What it holds, by the names of its files and its first image."""
        classes, train, test = self._files()
        with _open(train[0][0]) as first:
            (width, height), channels = first.size, 1 if first.mode in GREY else 3
        counts = [None if files is None else count_labels(_labels(files), len(classes)) for files in (train, test)]
        return SourceInfo((channels, height, width), tuple(classes), counts[0] or (), test=counts[1])

    def read(self) -> tuple[Images, None, Images | None]:
        """The images for training, and those that are held out if there are any."""
        _, train, test = self._files()
        shape = self.outline().input_shape
        return _decoded(train, shape), None, None if test is None else _decoded(test, shape)

    def _files(self) -> tuple[list[str], Labelled, Labelled | None]:
        if not self.path.is_dir():
            raise nothing_at(self.path, "a folder with a folder of images for each class")
        train = self.path / "train" if (self.path / "train").is_dir() else self.path
        classes = [p.name for p in _subfolders(train) if any(map(_is_image, p.iterdir()))]
        if not classes:
            raise BadData(f"{train} has no folder with images ({', '.join(sorted(SUFFIXES))}); make one for each class")
        test = self._held_out() if train != self.path else None
        for place in _subfolders(test) if test else []:
            if place.name not in classes:
                raise BadData(f"{place} is a class that {train} has not; {suggest_names(place.name, classes)}")
        return classes, _listed(train, classes), _listed(test, classes) if test else None

    def _held_out(self) -> Path | None:
        return next((self.path / name for name in HELD_OUT if (self.path / name).is_dir()), None)


def _subfolders(path: Path) -> list[Path]:
    return sorted(p for p in path.iterdir() if p.is_dir() and not p.name.startswith("."))


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def _listed(path: Path, classes: Sequence[str]) -> Labelled:
    places = [(path / name, label) for label, name in enumerate(classes) if (path / name).is_dir()]
    return [(file, label) for place, label in places for file in sorted(place.iterdir()) if _is_image(file)]


def _open(path: Path) -> Image.Image:
    try:
        return Image.open(path)
    except (OSError, Image.DecompressionBombError) as error:
        raise BadData(f"{path} cannot be read as an image ({error}); mend or remove it") from error


def _decoded(files: Labelled, shape: tuple[int, int, int]) -> Images:
    images = np.empty((len(files), *shape), np.uint8)
    for place, (path, _) in zip(images, files, strict=True):
        place[:] = _pixels(path, *shape)
    return Images(images, _labels(files))


def _labels(files: Labelled) -> np.ndarray:
    return np.array([label for _, label in files], np.int64)


def _pixels(path: Path, channels: int, height: int, width: int) -> np.ndarray:
    with _open(path) as image:
        try:
            pixels = image.convert("L" if channels == 1 else "RGB")
        except (OSError, SyntaxError, ValueError) as error:  # its header is whole, the rest is not
            raise BadData(f"{path} cannot be read as an image ({error}); mend or remove it") from error
    if pixels.size != (width, height):
        pixels = pixels.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(pixels).reshape(height, width, channels).transpose(2, 0, 1)
