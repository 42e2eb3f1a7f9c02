"""A person's own images as arrays in npz files."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import numpy as np
from attrs import frozen

from archwright.core.errors import nearest
from archwright.evaluate.data import arrays
from archwright.evaluate.data.images import BadData, Images, NoSuchData, Outline, counted, nothing_at, times
from archwright.evaluate.data.npz_file import WANTED, array, files_in, header, names

PREFIXES = {  # of the arrays of a split, as in test_images and test_labels
    "train": ("", "train_"),
    "validation": ("val_", "valid_", "validation_"),
    "test": ("test_",),
}
ENDINGS = {"train": ("train",), "validation": ("val", "valid", "validation"), "test": ("test",)}  # *train.npz


@frozen
class Arrays:
    """One split: `images` and `labels` of a file, after a prefix."""

    file: Path
    prefix: str = ""

    @property
    def images_name(self) -> str:
        """For people."""
        return f"{self.prefix}images in {self.file}"

    @cached_property
    def axes(self) -> tuple[int, int, int, int]:
        """Which axes hold images, channels, height and width; -1: no axis holds channels. Raises BadData."""
        return arrays.axes(self.images_name, self._header[0], self._layout)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """How many images, and their channels, height and width, by the header alone; raises BadData."""
        count, channels, height, width = (1 if axis < 0 else self._header[0][axis] for axis in self.axes)
        return count, channels, height, width

    @cached_property
    def labels(self) -> np.ndarray:
        """(n,), int64 or texts; raises BadData."""
        name = f"{self.prefix}labels"
        return arrays.labels(f"{name} in {self.file}", array(self.file, name), self.shape[0])

    @cached_property
    def factor(self) -> float:
        """What values are multiplied by, for which those that are not uint8 are looked at; raises BadData."""
        return 1 if self._header[1] == np.uint8 else arrays.scale(self.images_name, self._values)

    @property
    def kind(self) -> np.dtype:
        """The type of the images."""
        return self._header[1]

    def read(self, labels: np.ndarray) -> Images:
        """The images, with these labels."""
        count, channels, height, width = self.axes
        made = arrays.pixels(self._values, self.factor)
        made = made[:, None] if channels < 0 else made.transpose(count, channels, height, width)
        return Images(np.ascontiguousarray(made), labels)

    @cached_property
    def _header(self) -> tuple[tuple[int, ...], np.dtype]:
        return header(self.file, f"{self.prefix}images")

    @property
    def _values(self) -> np.ndarray:
        return array(self.file, f"{self.prefix}images")

    @property
    def _layout(self) -> str | None:
        if "layout" not in names(self.file):
            return None
        said = str(array(self.file, "layout"))
        if said not in arrays.LAYOUTS:
            raise BadData(f"layout in {self.file} is {said!r}; it may be {' or '.join(arrays.LAYOUTS)}")
        return said


@frozen
class Npz:
    """The arrays of one npz file, those of its splits after their prefixes; or those of *train.npz, *test.npz."""

    path: Path

    def outline(self) -> Outline:
        """What it holds, by the headers of the images and by the labels."""
        train = self._splits["train"]
        count, channels, height, width = train.shape
        if not count:
            raise BadData(f"{train.images_name} are 0 images; there is nothing to learn from")
        for part in self._splits.values():
            if part.shape[1:] != train.shape[1:]:
                raise BadData(
                    f"{part.images_name} are {times(part.shape[1:])} (channels x height x width), and "
                    f"{train.images_name} are {times(train.shape[1:])}; make them of one shape"
                )
            if part.factor != train.factor:
                raise BadData(f"{part.images_name} and {train.images_name} differ in what is white; scale them alike")
        counts = {split: counted(self._labels(part), len(self._class_names)) for split, part in self._splits.items()}
        return Outline((channels, height, width), self._class_names, **counts, remarks=tuple(self._remarks()))

    def read(self) -> tuple[Images, Images | None, Images | None]:
        """The images for training and, if there are any, those for validation and for testing."""
        there = {split: part.read(self._labels(part)) for split, part in self._splits.items()}
        return there["train"], there.get("validation"), there.get("test")

    @cached_property
    def _splits(self) -> Mapping[str, Arrays]:
        if not self.path.is_file() and not self.path.is_dir():
            raise nothing_at(self.path, WANTED)
        found = self._of_file() if self.path.is_file() else self._of_folder()
        for split, parts in found.items():
            if len(parts) > 1:
                names = " and ".join(part.images_name for part in parts)
                raise BadData(f"{names} are both {split} images; keep one of them")
        return {split: parts[0] for split, parts in found.items() if parts}

    def _of_file(self) -> Mapping[str, list[Arrays]]:
        there = names(self.path)
        found = {
            split: [Arrays(self.path, prefix) for prefix in prefixes if f"{prefix}images" in there]
            for split, prefixes in PREFIXES.items()
        }
        if not found["train"]:
            raise BadData(f"{self.path} has no array 'images'; {nearest('images', there)}")
        return found

    def _of_folder(self) -> Mapping[str, list[Arrays]]:
        found = {
            split: [Arrays(file) for ending in endings for file in files_in(self.path, ending)]
            for split, endings in ENDINGS.items()
        }
        if not found["train"]:
            raise NoSuchData(f"{self.path} has no file *train.npz; name one file, or give one that name")
        return found

    @cached_property
    def _class_names(self) -> tuple[str, ...]:
        """As `classes` has them, or else the labels to learn themselves, in their order."""
        file = self._splits["train"].file
        if "classes" not in names(file):
            return tuple(map(str, np.unique(self._splits["train"].labels).tolist()))
        held = array(file, "classes")
        if held.ndim != 1 or held.dtype.kind not in "US" or len(set(held.tolist())) < len(held):
            raise BadData(
                f"classes in {file} are {held.dtype} of shape {held.shape}; they must be texts, each only once"
            )
        return tuple(arrays.texts(held).tolist())

    def _labels(self, part: Arrays) -> np.ndarray:
        """The labels of a split as numbers of classes, int64 (n,); raises BadData."""
        train, known = self._splits["train"], np.array(self._class_names)
        if part.labels.dtype.kind != "U":
            numbered = "classes" in names(train.file)
            known = np.arange(len(known)) if numbered else np.unique(train.labels)
        if known.dtype.kind != part.labels.dtype.kind:
            raise BadData(
                f"{part.prefix}labels in {part.file} are {part.labels.dtype}, others {known.dtype}; write them alike"
            )
        order = np.argsort(known)
        places = order[np.searchsorted(known, part.labels, sorter=order).clip(max=len(known) - 1)]
        strange = known[places] != part.labels
        if strange.any():
            raise BadData(
                f"{part.prefix}labels in {part.file} have {part.labels[strange][0]}, which is no class; the classes "
                f"are {', '.join(map(str, known[:10].tolist()))}{' ...' * (len(known) > 10)}"
            )
        return places.astype(np.int64)

    def _remarks(self) -> list[str]:
        train = self._splits["train"]
        scaled = " times 255" if train.factor != 1 else ""
        of_type = [] if train.kind == np.uint8 else [f"{train.kind}{scaled} read as uint8"]
        files = dict.fromkeys(part.file for part in self._splits.values())
        used = {f"{part.prefix}{what}" for part in self._splits.values() for what in ("images", "labels")}
        others = [name for file in files for name in names(file) if name not in used | {"classes", "layout"}]
        return [*of_type, *([f"passed over: {', '.join(others)}"] if others else [])]
