"""The arrays of an npz file: which there are, what their headers say, and what they hold."""

import zipfile
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from attrs import frozen
from numpy.lib import format as npy

from archwright.core.errors import suggest_names
from archwright.evaluate.data.dataset import (
    BadData,
    Images,
    NoSuchData,
    SourceInfo,
    count_labels,
    format_shape,
    nothing_at,
)

WANTED = "an npz file, or a folder with *train.npz in it"


def files_in(folder: Path, ending: str) -> list[Path]:
    """The npz files of a folder whose names end so, in the order of their names."""
    return sorted(path for path in folder.glob(f"*{ending}.npz") if path.is_file())


def names(file: Path) -> list[str]:
    """Of the arrays of a file; raises BadData."""
    try:
        with zipfile.ZipFile(file) as archive:
            return [name.removesuffix(".npy") for name in archive.namelist()]
    except Exception as error:  # whatever a broken file makes Python raise, here and below
        raise BadData(f"{file} is no npz file ({error}); write it with numpy.savez") from error


def header(file: Path, name: str) -> tuple[tuple[int, ...], np.dtype]:
    """The shape and the type of an array, without reading it; raises BadData."""
    if name not in (known := names(file)):
        raise BadData(f"{file} has no array {name!r}; {suggest_names(name, known)}")
    try:
        with zipfile.ZipFile(file) as archive, archive.open(f"{name}.npy") as member:
            read = npy.read_array_header_1_0 if npy.read_magic(member) == (1, 0) else npy.read_array_header_2_0
            shape, _, dtype = read(member)
    except Exception as error:
        raise _unreadable(file, name, error) from error
    return shape, dtype


def array(file: Path, name: str) -> np.ndarray:
    """An array, read; raises BadData."""
    header(file, name)  # says in our words that it is not there
    try:
        with np.load(file) as arrays:
            return arrays[name]
    except Exception as error:
        raise _unreadable(file, name, error) from error


def _unreadable(file: Path, name: str, error: Exception) -> BadData:
    return BadData(f"{name} in {file} cannot be read ({error}); write it again with numpy.savez")


LAYOUTS = ("NHWC", "NCHW")  # what an array `layout` may say: images, height, width and channels, in this order
CHANNELS = (1, 3)  # numbers of channels that are recognised where no `layout` says which axis they are
WHITE = 255
AT_ONCE = 4096  # images, which take eight times their memory meanwhile


def axes(name: str, shape: Sequence[int], layout: str | None) -> tuple[int, int, int, int]:
    """Which axes of an array hold images, channels, height and width; -1: there is no axis of channels.

    Without `layout`, an axis of 1 or 3 is that of the channels, if it is at one end of an image alone. Raises BadData.
    """
    if len(shape) == 3:
        return 0, -1, 1, 2
    first, last = (len(shape) == 4 and shape[axis] in CHANNELS for axis in (1, 3))
    if len(shape) == 4 and (layout or first != last):
        return (0, 1, 2, 3) if layout == "NCHW" or (layout is None and first) else (0, 3, 1, 2)
    said = f"{name} are of shape {tuple(shape)}"
    if len(shape) == 4:
        what = "either end may be the channels" if first else "neither end is 1 or 3 channels"
        raise BadData(f"{said}, where {what}; add an array layout to the file that holds {' or '.join(LAYOUTS)}")
    raise BadData(
        f"{said}; they must be (n, height, width), (n, height, width, channels) or (n, channels, height, width)"
    )


def scale(name: str, values: np.ndarray) -> float:
    """What the values of images are multiplied by to go from 0, black, to 255, white; raises BadData.

    Whole numbers from 0 to 255 are as they should be, and floats from 0 to 1 are not yet.
    """
    if values.dtype == np.bool_:
        return WHITE
    if values.dtype.kind not in "iuf":
        raise BadData(f"{name} are {values.dtype}; they must be numbers from 0 to 255, or from 0 to 1")
    low, high = values.min(initial=0), values.max(initial=0)
    if np.isnan(low) or np.isnan(high):
        raise BadData(f"{name} have a NaN in image {_first(np.isnan(values))}; mend or remove it")
    if values.dtype.kind == "f" and low >= 0 and high <= 1:
        return WHITE
    if low >= 0 and high <= WHITE:
        if values.dtype.kind != "f" or not (odd := values != np.round(values)).any():
            return 1
        found = f"floats up to {high:g}, with fractions as in image {_first(odd)}"
    else:
        found = f"{values.dtype} from {low:g} to {high:g}"
    raise BadData(
        f"{name} are {found}; they must be whole numbers from 0 to 255, or floats from 0 to 1: do not normalise them, "
        "which the training does, and save, say, ((x - x.min()) / (x.max() - x.min()) * 255).round().astype('uint8')"
    )


def pixels(values: np.ndarray, factor: float) -> np.ndarray:
    """Images as uint8; of any shape."""
    if values.dtype == np.uint8 and factor == 1:
        return values
    made = np.empty(values.shape, np.uint8)
    for start in range(0, len(values), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        made[part] = np.round(values[part].astype(np.float64) * factor)
    return made


def texts(values: np.ndarray) -> np.ndarray:
    """Texts as a log can hold them: what UTF-8 has not is replaced."""
    encoded = values if values.dtype.kind == "S" else np.char.encode(values, "utf-8", "replace")
    return np.char.decode(encoded, "utf-8", "replace")


def _first(holds: np.ndarray) -> int:
    """The number of the first image of which something holds."""
    return int(np.argmax(holds.reshape(len(holds), -1).any(axis=1)))


def labels(name: str, values: np.ndarray, count: int) -> np.ndarray:
    """One label for each of `count` images, (n,): whole numbers of 0 or more, int64, or texts; raises BadData."""
    if values.ndim == 2 and len(values) == count and values.shape[1] > 1:
        raise BadData(f"{name} are of shape {values.shape}; write labels.argmax(1) if each row has a 1 for its class")
    if values.size != count:
        raise BadData(f"{name} are of shape {values.shape}; they must be {count}, one for each image")
    flat = values.reshape(-1)
    if flat.dtype.kind in "US":
        return texts(flat)
    if flat.dtype.kind not in "iufb" or not np.isfinite(flat).all() or (flat != np.floor(flat)).any():
        odd = (
            next((f", such as {value}" for value in flat.tolist() if value != value or value % 1), "")
            if flat.dtype.kind == "f"
            else ""
        )
        raise BadData(f"{name} are {flat.dtype}{odd}; they must be whole numbers, or texts")
    if flat.min(initial=0) < 0:
        raise BadData(
            f"{name} go down to {flat.min():g}; they must be 0 or more: leave out images without a class, and "
            "write labels - labels.min() if all have one"
        )
    return flat.astype(np.int64)


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
        return axes(self.images_name, self._header[0], self._layout)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """How many images, and their channels, height and width, by the header alone; raises BadData."""
        count, channels, height, width = (1 if axis < 0 else self._header[0][axis] for axis in self.axes)
        return count, channels, height, width

    @cached_property
    def labels(self) -> np.ndarray:
        """(n,), int64 or texts; raises BadData."""
        name = f"{self.prefix}labels"
        return labels(f"{name} in {self.file}", array(self.file, name), self.shape[0])

    @cached_property
    def factor(self) -> float:
        """What values are multiplied by, for which those that are not uint8 are looked at; raises BadData."""
        return 1 if self._header[1] == np.uint8 else scale(self.images_name, self._values)

    @property
    def kind(self) -> np.dtype:
        """The type of the images."""
        return self._header[1]

    def read(self, labels: np.ndarray) -> Images:
        """The images, with these labels."""
        count, channels, height, width = self.axes
        made = pixels(self._values, self.factor)
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
        if said not in LAYOUTS:
            raise BadData(f"layout in {self.file} is {said!r}; it may be {' or '.join(LAYOUTS)}")
        return said


@frozen
class Npz:
    """The arrays of one npz file, those of its splits after their prefixes; or those of *train.npz, *test.npz."""

    path: Path

    def outline(self) -> SourceInfo:
        """What it holds, by the headers of the images and by the labels."""
        train = self._splits["train"]
        count, channels, height, width = train.shape
        if not count:
            raise BadData(f"{train.images_name} are 0 images; there is nothing to learn from")
        for part in self._splits.values():
            if part.shape[1:] != train.shape[1:]:
                raise BadData(
                    f"{part.images_name} are {format_shape(part.shape[1:])} (channels x height x width), and "
                    f"{train.images_name} are {format_shape(train.shape[1:])}; make them of one shape"
                )
            if part.factor != train.factor:
                raise BadData(f"{part.images_name} and {train.images_name} differ in what is white; scale them alike")
        counts = {
            split: count_labels(self._labels(part), len(self._class_names)) for split, part in self._splits.items()
        }
        return SourceInfo((channels, height, width), self._class_names, **counts, remarks=tuple(self._remarks()))

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
            raise BadData(f"{self.path} has no array 'images'; {suggest_names('images', there)}")
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
        return tuple(texts(held).tolist())

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
