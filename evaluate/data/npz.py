"""Images and labels in npz files: one file with the arrays of all splits, or a folder with a file for each split."""

import zipfile
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import numpy as np
from attrs import frozen
from numpy.lib import format as npy

from archwright.core.errors import suggest_names
from archwright.core.shape import format_shape
from archwright.evaluate.data.arrays import (
    LAYOUTS,
    as_class_names,
    as_labels,
    as_uint8,
    find_axes,
    find_scale,
    number_labels,
)
from archwright.evaluate.data.dataset import BadData, Images, NoSuchData, SourceInfo, count_labels, explain_missing

NPZ_EXPECTED = "an npz file, or a folder with *train.npz in it"
ARRAY_PREFIXES = {  # of the arrays of a split, as in test_images and test_labels
    "train": ("", "train_"),
    "validation": ("val_", "valid_", "validation_"),
    "test": ("test_",),
}
FILE_ENDINGS = {  # of the files of a split, as in *train.npz
    "train": ("train",),
    "validation": ("val", "valid", "validation"),
    "test": ("test",),
}


@frozen
class NpzSource:
    """The arrays of one npz file, those of its splits after their prefixes; or those of *train.npz, *test.npz."""

    path: Path

    def describe(self) -> SourceInfo:
        """What it holds, by the headers of the images and by the labels."""
        train = self._splits["train"]
        count, channels, height, width = train.shape
        if not count:
            raise BadData(f"{train.images_name} are 0 images; there is nothing to learn from")
        for split in self._splits.values():
            self._require_alike(split, train)
        classes = len(self._class_names)
        counts = {name: count_labels(self._number_labels(split), classes) for name, split in self._splits.items()}
        return SourceInfo((channels, height, width), self._class_names, **counts, remarks=tuple(self._list_remarks()))

    def read(self) -> tuple[Images, Images | None, Images | None]:
        """The images for training and, if there are any, those for validation and for testing."""
        splits = {name: split.read(self._number_labels(split)) for name, split in self._splits.items()}
        return splits["train"], splits.get("validation"), splits.get("test")

    @cached_property
    def _splits(self) -> Mapping[str, "NpzSplit"]:
        if not self.path.is_file() and not self.path.is_dir():
            raise NoSuchData(explain_missing(self.path, NPZ_EXPECTED))
        candidates = self._find_in_file() if self.path.is_file() else self._find_in_folder()
        for name, same_name in candidates.items():
            if len(same_name) > 1:
                arrays = " and ".join(split.images_name for split in same_name)
                raise BadData(f"{arrays} are both {name} images; keep one of them")
        return {name: same_name[0] for name, same_name in candidates.items() if same_name}

    def _find_in_file(self) -> Mapping[str, list["NpzSplit"]]:
        arrays = list_arrays(self.path)
        splits = {
            name: [NpzSplit(self.path, prefix) for prefix in prefixes if f"{prefix}images" in arrays]
            for name, prefixes in ARRAY_PREFIXES.items()
        }
        if not splits["train"]:
            raise BadData(f"{self.path} has no array 'images'; {suggest_names('images', arrays)}")
        return splits

    def _find_in_folder(self) -> Mapping[str, list["NpzSplit"]]:
        splits = {
            name: [NpzSplit(file) for ending in endings for file in find_npz_files(self.path, ending)]
            for name, endings in FILE_ENDINGS.items()
        }
        if not splits["train"]:
            raise NoSuchData(f"{self.path} has no file *train.npz; name one file, or give one that name")
        return splits

    def _require_alike(self, split: "NpzSplit", train: "NpzSplit") -> None:
        """Nothing, if the images of both have one shape and one scale; else BadData."""
        if split.shape[1:] != train.shape[1:]:
            raise BadData(
                f"{split.images_name} are {format_shape(split.shape[1:])} (channels x height x width), and "
                f"{train.images_name} are {format_shape(train.shape[1:])}; make them of one shape"
            )
        if split.scale != train.scale:
            raise BadData(f"{split.images_name} and {train.images_name} differ in what is white; scale them alike")

    @cached_property
    def _class_names(self) -> tuple[str, ...]:
        """The names in the array `classes`, or else the training labels themselves, in their order."""
        names, train = self._listed_names, self._splits["train"]
        return tuple(map(str, np.unique(train.labels).tolist())) if names is None else names

    @cached_property
    def _listed_names(self) -> tuple[str, ...] | None:
        """The names in the array `classes`; None where there is none."""
        train = self._splits["train"]
        if not train.has_class_names:
            return None
        return as_class_names(f"classes in {train.file}", read_array(train.file, "classes"))

    def _number_labels(self, split: "NpzSplit") -> np.ndarray:
        """The labels of a split as numbers of classes, int64 (n,); raises BadData."""
        name = f"{split.prefix}labels in {split.file}"
        train = self._splits["train"].labels if self._listed_names is None else None
        return number_labels(name, split.labels, self._class_names, train)

    def _list_remarks(self) -> list[str]:
        """How the images are converted, and the arrays that are skipped."""
        train = self._splits["train"]
        scaled = " times 255" if train.scale != 1 else ""
        conversions = [] if train.dtype == np.uint8 else [f"{train.dtype}{scaled} read as uint8"]
        files = dict.fromkeys(split.file for split in self._splits.values())
        used = {f"{split.prefix}{kind}" for split in self._splits.values() for kind in ("images", "labels")}
        skipped = [name for file in files for name in list_arrays(file) if name not in used | {"classes", "layout"}]
        return [*conversions, *([f"passed over: {', '.join(skipped)}"] if skipped else [])]


@frozen
class NpzSplit:
    """One split: `images` and `labels` of a file, after a prefix."""

    file: Path
    prefix: str = ""

    @property
    def images_name(self) -> str:
        """The array and its file, for messages."""
        return f"{self.prefix}images in {self.file}"

    @cached_property
    def axes(self) -> tuple[int, int, int, int]:
        """Which axes are images, channels, height and width; -1: no axis is the channels. Raises BadData."""
        return find_axes(self.images_name, self._header[0], self._layout)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """The number of images, and their channels, height and width, by the header alone; raises BadData."""
        count, channels, height, width = (1 if axis < 0 else self._header[0][axis] for axis in self.axes)
        return count, channels, height, width

    @property
    def dtype(self) -> np.dtype:
        """The type of the images."""
        return self._header[1]

    @cached_property
    def labels(self) -> np.ndarray:
        """(n,), int64 or texts; raises BadData."""
        name = f"{self.prefix}labels"
        return as_labels(f"{name} in {self.file}", read_array(self.file, name), self.shape[0])

    @cached_property
    def scale(self) -> float:
        """What the values of images are multiplied by; reads them, unless they are uint8. Raises BadData."""
        return 1 if self.dtype == np.uint8 else find_scale(self.images_name, self._values)

    @property
    def has_class_names(self) -> bool:
        """Whether the file has an array `classes`."""
        return "classes" in list_arrays(self.file)

    def read(self, labels: np.ndarray) -> Images:
        """The images, with these labels."""
        count, channels, height, width = self.axes
        images = as_uint8(self._values, self.scale)
        images = images[:, None] if channels < 0 else images.transpose(count, channels, height, width)
        return Images(np.ascontiguousarray(images), labels)

    @cached_property
    def _header(self) -> tuple[tuple[int, ...], np.dtype]:
        return read_array_header(self.file, f"{self.prefix}images")

    @property
    def _values(self) -> np.ndarray:
        return read_array(self.file, f"{self.prefix}images")

    @property
    def _layout(self) -> str | None:
        if "layout" not in list_arrays(self.file):
            return None
        layout = str(read_array(self.file, "layout"))
        if layout not in LAYOUTS:
            raise BadData(f"layout in {self.file} is {layout!r}; it may be {' or '.join(LAYOUTS)}")
        return layout


def find_npz_files(folder: Path, ending: str) -> list[Path]:
    """The npz files of a folder whose names have this ending, in the order of their names."""
    return sorted(path for path in folder.glob(f"*{ending}.npz") if path.is_file())


def list_arrays(file: Path) -> list[str]:
    """The names of the arrays of a file; raises BadData."""
    try:
        with zipfile.ZipFile(file) as archive:
            return [name.removesuffix(".npy") for name in archive.namelist()]
    except Exception as error:  # whatever a broken file makes Python raise, here and below
        raise BadData(f"{file} is no npz file ({error}); write it with numpy.savez") from error


def read_array_header(file: Path, name: str) -> tuple[tuple[int, ...], np.dtype]:
    """The shape and the type of an array, without reading it; raises BadData."""
    if name not in (names := list_arrays(file)):
        raise BadData(f"{file} has no array {name!r}; {suggest_names(name, names)}")
    try:
        with zipfile.ZipFile(file) as archive, archive.open(f"{name}.npy") as member:
            is_first_version = npy.read_magic(member) == (1, 0)
            read_header = npy.read_array_header_1_0 if is_first_version else npy.read_array_header_2_0
            shape, _, dtype = read_header(member)
    except Exception as error:
        raise BadData(_explain_unreadable(file, name, error)) from error
    return shape, dtype


def read_array(file: Path, name: str) -> np.ndarray:
    """An array; raises BadData."""
    read_array_header(file, name)  # whose error for an array that is missing is better than numpy's
    try:
        with np.load(file) as arrays:
            return arrays[name]
    except Exception as error:
        raise BadData(_explain_unreadable(file, name, error)) from error


def _explain_unreadable(file: Path, name: str, error: Exception) -> str:
    return f"{name} in {file} cannot be read ({error}); write it again with numpy.savez"
