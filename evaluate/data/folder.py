"""How a person's folders are laid out: which files are images of which split and class, and which are passed over."""

import os
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from attrs import frozen

from archwright.core.errors import suggest_names
from archwright.evaluate.data.dataset import BadData, Images, SourceInfo, count_labels, format_shape, nothing_at
from archwright.evaluate.data.image_file import ImageHeader, decode_image, is_image, read_image_header

SPLITS = {  # the names that the folder of a split may have, in capital letters or small ones
    "train": ("train", "training"),
    "validation": ("val", "valid", "validation"),
    "test": ("test", "testing"),
}
NOT_CLASSES = ("__MACOSX", "__pycache__", "@eaDir")  # folders that programs leave

Labelled = Sequence[tuple[Path, int]]  # files, each with the number of its class


@frozen
class Layout:
    """The image files of a folder."""

    class_names: tuple[str, ...]
    files: Mapping[str, Labelled]  # by split; always "train"
    passed_over: Mapping[str, int]  # how many files or folders of each kind


def layout(path: Path) -> Layout:
    """The images in PATH/train/CLASS/ and, if there are such folders, PATH/val/CLASS/ and PATH/test/CLASS/.

    Or those in PATH/CLASS/, also where a class is called train: then PATH/train/ has no folders. Classes are in the
    order of their names. Raises NoSuchData or BadData.
    """
    if not path.is_dir():
        raise nothing_at(path, "a folder with a folder of images for each class")
    passed_over = Counter[str]()
    places = _places(path, passed_over)
    _, train = places["train"]
    if not train:
        raise BadData(f"{places['train'][0]} has no folder with images; make one for each class")
    class_names = tuple(sorted(train))
    files: dict[str, Labelled] = {}
    for split, (place, classes) in places.items():
        for name, folder in classes.items():
            if name not in train:
                raise BadData(f"{folder} is a class that {places['train'][0]} has not; {suggest_names(name, train)}")
        if not classes:
            raise BadData(f"{place} has no folder with images; make one for each class, or give it another name")
        files[split] = [
            (file, label)
            for label, name in enumerate(class_names)
            if name in classes
            for file in _images(classes[name], passed_over)
        ]
    return Layout(class_names, files, dict(passed_over))


def _places(path: Path, passed_over: Counter[str]) -> Mapping[str, tuple[Path, Mapping[str, Path]]]:
    """The folder of each split, with those of its classes by their names."""
    folders = _folders(path, passed_over)
    named = {split: [f for f in folders if f.name.casefold() in names] for split, names in SPLITS.items()}
    inside = {folder: _folders(folder, Counter()) for folder in named["train"]}
    if not any(inside.values()):
        if folders and len(folders) == sum(map(len, named.values())) and named["train"]:
            raise BadData(f"{named['train'][0]} has no folder with images; make one for each class in it")
        return {"train": (path, _by_name(folders))}
    for split, found in named.items():
        if len(found) > 1:
            raise BadData(f"{found[0]} and {found[1]} are both named after the {split} images; keep one of the names")
    (train,) = named["train"]
    if loose := next((p for p in _listed(train) if not _is_hidden(p) and p.is_file() and is_image(p)), None):
        raise BadData(
            f"{train} has folders and, beside them, images such as {loose.name}: if it is a class, move the folders "
            "away; if not, the images"
        )
    others = [folder for folder in folders if not any(folder in found for found in named.values())]
    passed_over.update(f"folder {folder.name}/ beside {train.name}/" for folder in others)
    there = {split: found[0] for split, found in named.items() if found}
    return {split: (place, _by_name(_folders(place, passed_over))) for split, place in there.items()}


def _by_name(folders: Sequence[Path]) -> Mapping[str, Path]:
    named: dict[str, Path] = {}
    for folder in folders:
        name = unicodedata.normalize("NFC", os.fsencode(folder.name).decode("utf-8", "replace"))
        if name in named:
            raise BadData(f"{folder} and {named[name]} have the same name, written in two ways; rename one of them")
        named[name] = folder
    return named


def _folders(path: Path, passed_over: Counter[str]) -> Sequence[Path]:
    """The folders in a folder of folders; what else is there is passed over."""
    found: list[Path] = []
    for place in _listed(path):
        if _is_hidden(place):
            passed_over["hidden"] += 1
        elif place.is_dir():
            found.append(place)
        else:
            passed_over["image beside the classes" if is_image(place) else _kind(place)] += 1
    return found


def _images(folder: Path, passed_over: Counter[str]) -> Sequence[Path]:
    """The images of a class, in the order of their names; raises BadData where there are none, or folders."""
    found: list[Path] = []
    others = Counter[str]()
    for place in _listed(folder):
        if _is_hidden(place):
            others["hidden"] += 1
        elif place.is_dir():
            raise BadData(
                f"{place} is a folder within a class; move its images up, or begin its name with a dot to pass it over"
            )
        elif place.is_symlink() and not place.exists():
            raise BadData(f"{place} is a link that leads nowhere; mend or remove it")
        elif place.is_file() and is_image(place):
            found.append(place)
        else:
            others[_kind(place)] += 1
    if not found:
        held = ", ".join(f"{count} {kind}" for kind, count in others.items()) or "nothing"
        raise BadData(
            f"{folder} has no image that Pillow can read ({held} is in it); save its images as PNG, say, or remove it"
        )
    passed_over.update(others)
    return found


def _listed(path: Path) -> Sequence[Path]:
    try:
        return sorted(path.iterdir())
    except OSError as error:
        raise BadData(f"{path} cannot be read ({error.strerror}); change its permissions, or move it away") from error


def _is_hidden(path: Path) -> bool:
    return path.name.startswith(".") or path.name in NOT_CLASSES


def _kind(path: Path) -> str:
    """What a file that is no image is called where several are counted."""
    return (path.suffix.lower() or "without a suffix") + " that is no file" * (not path.is_file())


@frozen
class Folder:
    """Images in folders, as layout.layout finds them; grey if all of them are, and else RGB.

    They have to be of one size, or get `image_size`: height and width.
    """

    path: Path
    image_size: tuple[int, int] | None = None

    def outline(self) -> SourceInfo:
        """What it holds, by the names of its files and their headers."""
        found, (height, width) = self._layout, self._size
        channels = 1 if all(each.is_grey for each in self._headers.values()) else 3
        counts = {split: self._counts(files) for split, files in found.files.items()}
        passed_over = ", ".join(f"{count} {kind}" for kind, count in found.passed_over.items())
        remarks = [*self._remarks(channels), *([f"passed over: {passed_over}"] if passed_over else [])]
        return SourceInfo((channels, height, width), found.class_names, **counts, remarks=tuple(remarks))

    def read(self) -> tuple[Images, Images | None, Images | None]:
        """The images for training, and those of the other splits that there are."""
        shape = self.outline().input_shape
        there = {split: self._decoded(files, shape) for split, files in self._layout.files.items()}
        return there["train"], there.get("validation"), there.get("test")

    @cached_property
    def _layout(self) -> Layout:
        return layout(self.path)

    @cached_property
    def _headers(self) -> Mapping[Path, ImageHeader]:
        """Of every file; BadData with the first that cannot be used, and how many more cannot."""
        headers: dict[Path, ImageHeader] = {}
        bad: list[BadData] = []
        for files in self._layout.files.values():
            for path, _ in files:
                try:
                    headers[path] = read_image_header(path)
                except BadData as error:
                    bad.append(error)
        if bad:
            more = f" (and {len(bad) - 1} more such files)" if len(bad) > 1 else ""
            raise BadData(f"{bad[0]}{more}")
        return headers

    @property
    def _size(self) -> tuple[int, int]:
        """The height and width that all images get; BadData where they differ, and nobody says which it is."""
        if self.image_size is not None:
            return self.image_size
        first: dict[tuple[int, int], Path] = {}
        for path, each in self._headers.items():
            first.setdefault(each.size, path)
        if len(first) > 1:
            one, other = (f"{format_shape(size)}, as {path}" for size, path in list(first.items())[:2])
            raise BadData(
                f"the images of {self.path} have {len(first)} sizes (height x width): {one}, {other}; say which size "
                f"they get, as in --image-size {format_shape(next(iter(first)))}"
            )
        return next(iter(first))

    def _remarks(self, channels: int) -> list[str]:
        """What is done to images that are not as they are wanted."""
        headers = self._headers.values()
        done = Counter(remark for each in headers for remark in each.remarks)
        if channels == 3:
            done["grey among coloured ones, read as RGB"] = sum(each.is_grey for each in headers)
        return [*self._resized(), *(f"{count} {what}" for what, count in done.items() if count)]

    def _resized(self) -> list[str]:
        others = [each for each in self._headers.values() if each.size != self.image_size]
        if self.image_size is None or not others:
            return []
        height, width = self.image_size
        low, high = (format_shape(pick(each.size for each in self._headers.values())) for pick in (min, max))
        sizes = f"all {low}" if low == high else f"sizes from {low} to {high}"
        stretched = sum(each.height * width != each.width * height for each in others)
        return [f"{sizes}, {len(others)} resized to {format_shape(self.image_size)}, {stretched} of them stretched"]

    def _counts(self, files: Labelled) -> tuple[int, ...]:
        return count_labels(np.array([label for _, label in files], np.int64), len(self._layout.class_names))

    def _decoded(self, files: Labelled, shape: tuple[int, int, int]) -> Images:
        images = np.empty((len(files), *shape), np.uint8)
        for place, (path, _) in zip(images, files, strict=True):
            place[:] = decode_image(path, *shape, resize=self.image_size is not None)
        return Images(images, np.array([label for _, label in files], np.int64))
