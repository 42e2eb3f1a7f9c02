"""Images as the first release read and split them, for runs that were begun with it and go on with the same data.

Nothing here is changed any more. Its faults are why there is another reader: images get the size of the first one, 16
bits are cut off at white, files of other suffixes and transparency are lost, `val/` is tested on where there is no
`test/`, arrays have their channels last, and splits are drawn from all images at once, whatever their classes.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from attrs import frozen
from PIL import Image

from archwright.core.errors import suggest_names
from archwright.evaluate.data.dataset import BadData, Images, NoSuchData, SourceInfo, count_labels, explain_missing
from archwright.evaluate.data.npz import NPZ_EXPECTED, find_npz_files, list_arrays, read_array, read_array_header

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".webp"}  # of the files that are read as images
TEST_FOLDERS = ("test", "val", "valid", "validation")  # the first of these that exists is kept for reports
MAX_CHANNELS = 16  # more than this on the last axis, and it is not the axis of channels

_GREY_MODES = {"1", "L", "LA", "I", "I;16", "F"}
_TEST_FRACTION = 0.2  # of the images, kept for reports where a source has no test images of its own
_LabelledFiles = list[tuple[Path, int]]  # files, each with the number of its class


def size_splits_at_random(spec: str, source: SourceInfo, validation: float) -> tuple[int, int, int]:
    """How many images are for training, validation and test; raises BadData where that would be none."""
    total = sum(source.train)
    test = round(_TEST_FRACTION * total) if source.test is None else sum(source.test)
    learning = total - (test if source.test is None else 0)
    held_out = min(max(1, round(validation * learning)), learning - 1)
    if held_out < 1 or test < 1:
        raise BadData(f"{spec} has {total} images to learn from and {test} to test on; that is too few to split")
    return learning - held_out, held_out, test


def split_at_random(images: Images, train: int, validation: int, seed: int) -> tuple[Images, Images, Images]:
    """So many of the images for training and for validation, and the others; the seed alone decides which."""
    order = np.random.RandomState(seed).permutation(len(images))  # numpy keeps this stream for ever
    first, second, others = np.split(order, [train, train + validation])
    return images.take(first), images.take(second), images.take(others)


@frozen
class Reader1FolderSource:
    """Images in PATH/train/CLASS/ and perhaps PATH/test/CLASS/, or in PATH/CLASS/; classes in the order of their names.

    All get the size and the channels of the first image: others are resized to it, and turned grey or RGB like it.
    """

    path: Path

    def describe(self) -> SourceInfo:
        """What it holds, by the names of its files and its first image."""
        classes, train, test = self._find_files()
        with _open_image(train[0][0]) as first:
            (width, height), channels = first.size, 1 if first.mode in _GREY_MODES else 3
        counts = [None if files is None else count_labels(_as_labels(files), len(classes)) for files in (train, test)]
        return SourceInfo((channels, height, width), tuple(classes), counts[0] or (), test=counts[1])

    def read(self) -> tuple[Images, None, Images | None]:
        """The images for training, and those for testing if there are any."""
        _, train, test = self._find_files()
        channels, height, width = self.describe().input_shape
        shape = channels, height, width
        return _decode_all(train, shape), None, None if test is None else _decode_all(test, shape)

    def _find_files(self) -> tuple[list[str], _LabelledFiles, _LabelledFiles | None]:
        """The names of the classes, the files for training and, if there are any, those for testing."""
        if not self.path.is_dir():
            raise NoSuchData(explain_missing(self.path, "a folder with a folder of images for each class"))
        train = self.path / "train" if (self.path / "train").is_dir() else self.path
        classes = [p.name for p in _find_subfolders(train) if any(map(_has_image_suffix, p.iterdir()))]
        if not classes:
            raise BadData(f"{train} has no folder with images ({', '.join(sorted(SUFFIXES))}); make one for each class")
        test = self._find_test_folder() if train != self.path else None
        for folder in _find_subfolders(test) if test else []:
            if folder.name not in classes:
                raise BadData(f"{folder} is a class that {train} has not; {suggest_names(folder.name, classes)}")
        return classes, _find_labelled(train, classes), _find_labelled(test, classes) if test else None

    def _find_test_folder(self) -> Path | None:
        return next((self.path / name for name in TEST_FOLDERS if (self.path / name).is_dir()), None)


def _find_subfolders(path: Path) -> list[Path]:
    return sorted(p for p in path.iterdir() if p.is_dir() and not p.name.startswith("."))


def _has_image_suffix(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def _find_labelled(path: Path, classes: Sequence[str]) -> _LabelledFiles:
    folders = [(path / name, label) for label, name in enumerate(classes) if (path / name).is_dir()]
    return [(file, label) for folder, label in folders for file in sorted(folder.iterdir()) if _has_image_suffix(file)]


def _open_image(path: Path) -> Image.Image:
    try:
        return Image.open(path)
    except (OSError, Image.DecompressionBombError) as error:
        raise BadData(f"{path} cannot be read as an image ({error}); mend or remove it") from error


def _decode_all(files: _LabelledFiles, shape: tuple[int, int, int]) -> Images:
    images = np.empty((len(files), *shape), np.uint8)
    for image, (path, _) in zip(images, files, strict=True):
        image[:] = _decode(path, *shape)
    return Images(images, _as_labels(files))


def _as_labels(files: _LabelledFiles) -> np.ndarray:
    return np.array([label for _, label in files], np.int64)


def _decode(path: Path, channels: int, height: int, width: int) -> np.ndarray:
    with _open_image(path) as image:
        try:
            pixels = image.convert("L" if channels == 1 else "RGB")
        except (OSError, SyntaxError, ValueError) as error:  # its header is whole, the pixels are not
            raise BadData(f"{path} cannot be read as an image ({error}); mend or remove it") from error
    if pixels.size != (width, height):
        pixels = pixels.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(pixels).reshape(height, width, channels).transpose(2, 0, 1)


@frozen
class Reader1NpzSource:
    """The arrays of one npz file, `test_images` and `test_labels` among them; or of *train.npz and *test.npz."""

    path: Path

    def describe(self) -> SourceInfo:
        """What it holds, by the headers of the images and by the labels."""
        train, test = self._find_splits()
        _, *shape = train.read_shape()
        classes = int(train.read_labels().max(initial=0)) + 1
        if test is not None:
            if list(test.read_shape()[1:]) != shape:
                raise BadData(
                    f"images to test on are {test.read_shape()[1:]} in {test.file}, to learn from {tuple(shape)}"
                )
            if (highest := test.read_labels().max(initial=0)) >= classes:
                raise BadData(f"{test.file} tests on class {highest}; the classes to learn are 0 to {classes - 1}")
        counts = [None if split is None else count_labels(split.read_labels(), classes) for split in (train, test)]
        names = tuple(map(str, range(classes)))
        return SourceInfo((shape[0], shape[1], shape[2]), names, counts[0] or (), test=counts[1])

    def read(self) -> tuple[Images, None, Images | None]:
        """The images for training and, if there are any, those for testing."""
        train, test = self._find_splits()
        return train.read(), None, None if test is None else test.read()

    def _find_splits(self) -> tuple["_Split", "_Split | None"]:
        if not self.path.is_file() and not self.path.is_dir():
            raise NoSuchData(explain_missing(self.path, NPZ_EXPECTED))
        if self.path.is_file():
            test = _Split(self.path, "test_")
            return _Split(self.path), test if test.exists else None
        train, test_files = (find_npz_files(self.path, split) for split in ("train", "test"))
        if len(train) != 1 or len(test_files) > 1:
            raise NoSuchData(
                f"{self.path} has {len(train)} files *train.npz and {len(test_files)} *test.npz; name one file"
            )
        return _Split(train[0]), _Split(test_files[0]) if test_files else None


@frozen
class _Split:
    """One split: `images`, uint8 (n, h, w) or (n, h, w, channels), and `labels`, integers (n,), after a prefix."""

    file: Path
    prefix: str = ""

    @property
    def exists(self) -> bool:
        """Whether the file holds its arrays."""
        return f"{self.prefix}images" in list_arrays(self.file)

    def read_shape(self) -> tuple[int, int, int, int]:
        """(n, channels, h, w), by the header alone; raises BadData."""
        shape, dtype = read_array_header(self.file, f"{self.prefix}images")
        if dtype != np.uint8 or len(shape) not in (3, 4) or (len(shape) == 4 and shape[3] > MAX_CHANNELS):
            raise BadData(
                f"{self.prefix}images in {self.file} are {dtype} of shape {shape}; "
                "they must be uint8 of shape (n, height, width) or (n, height, width, channels)"
            )
        count, height, width, channels = (*shape, 1)[:4]
        return count, channels, height, width

    def read_labels(self) -> np.ndarray:
        """int64 (n,), each 0 or more; raises BadData."""
        labels, count = read_array(self.file, f"{self.prefix}labels"), self.read_shape()[0]
        if labels.dtype.kind not in "iu" or labels.size != count or labels.min(initial=0) < 0:
            raise BadData(
                f"{self.prefix}labels in {self.file} are {labels.dtype} of shape {labels.shape}; "
                f"they must be {count} integers of 0 or more, one for each image"
            )
        return labels.reshape(-1).astype(np.int64)

    def read(self) -> Images:
        """The images with their labels."""
        count, channels, height, width = self.read_shape()
        images = read_array(self.file, f"{self.prefix}images").reshape(count, height, width, channels)
        return Images(np.ascontiguousarray(images.transpose(0, 3, 1, 2)), self.read_labels())
