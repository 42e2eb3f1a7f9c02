"""Images in folders that are named after splits and classes: which files they are, and what is read from them."""

import os
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from attrs import frozen

from archwright.core.errors import suggest_names
from archwright.core.shape import format_shape
from archwright.evaluate.data.dataset import (
    BadData,
    ClassCounts,
    Images,
    NoSuchData,
    SourceInfo,
    count_labels,
    explain_missing,
)
from archwright.evaluate.data.image_file import ImageHeader, decode_image, is_image, read_image_header

SPLIT_FOLDERS = {  # the names that the folder of a split may have, in capital letters or small ones
    "train": ("train", "training"),
    "validation": ("val", "valid", "validation"),
    "test": ("test", "testing"),
}
IGNORED_FOLDERS = ("__MACOSX", "__pycache__", "@eaDir")  # folders that programs leave

LabelledFiles = Sequence[tuple[Path, int]]  # files, each with the number of its class


@frozen
class FolderLayout:
    """The image files of a folder."""

    class_names: tuple[str, ...]
    files: Mapping[str, LabelledFiles]  # by split; always "train"
    skipped: Mapping[str, int]  # how many files or folders of each kind


@frozen
class FolderSource:
    """Images in folders, as `scan_folder` finds them; grey if all of them are, and else RGB.

    They have to be of one size, or get `image_size`: height and width.
    """

    path: Path
    image_size: tuple[int, int] | None = None

    def describe(self) -> SourceInfo:
        """What it holds, by the names of its files and their headers."""
        layout, (height, width) = self._layout, self._size
        channels = 1 if all(header.is_grey for header in self._headers.values()) else 3
        counts = {split: self._count_classes(files) for split, files in layout.files.items()}
        skipped = ", ".join(f"{count} {kind}" for kind, count in layout.skipped.items())
        remarks = [*self._list_conversions(channels), *([f"passed over: {skipped}"] if skipped else [])]
        return SourceInfo((channels, height, width), layout.class_names, **counts, remarks=tuple(remarks))

    def read(self) -> tuple[Images, Images | None, Images | None]:
        """The images for training, and those of the other splits that the folder has."""
        channels, height, width = self.describe().input_shape
        shape = channels, height, width
        splits = {split: self._decode_all(files, shape) for split, files in self._layout.files.items()}
        return splits["train"], splits.get("validation"), splits.get("test")

    @cached_property
    def _layout(self) -> FolderLayout:
        return scan_folder(self.path)

    @cached_property
    def _headers(self) -> Mapping[Path, ImageHeader]:
        """The header of every file; raises BadData for the first that is bad, with how many more are."""
        headers: dict[Path, ImageHeader] = {}
        errors: list[BadData] = []
        for files in self._layout.files.values():
            for path, _ in files:
                try:
                    headers[path] = read_image_header(path)
                except BadData as error:
                    errors.append(error)
        if errors:
            more = f" (and {len(errors) - 1} more such files)" if len(errors) > 1 else ""
            raise BadData(f"{errors[0]}{more}")
        return headers

    @property
    def _size(self) -> tuple[int, int]:
        """The height and width that all images get; raises BadData where they differ, and `image_size` is not given."""
        if self.image_size is not None:
            return self.image_size
        examples: dict[tuple[int, int], Path] = {}  # of each size the first file
        for path, header in self._headers.items():
            examples.setdefault(header.size, path)
        if len(examples) > 1:
            first, _ = sizes = list(examples)[:2]
            one, other = (f"{format_shape(size)}, as {examples[size]}" for size in sizes)
            raise BadData(
                f"the images of {self.path} have {len(examples)} sizes (height x width): {one}, {other}; say which "
                f"size they get, as in --image-size {format_shape(first)} (image_size={first} in Python)"
            )
        return next(iter(examples))

    def _list_conversions(self, channels: int) -> list[str]:
        """How images are converted, and how many of them."""
        headers = self._headers.values()
        counts = Counter(remark for header in headers for remark in header.remarks)
        if channels == 3:
            counts["grey among coloured ones, read as RGB"] = sum(header.is_grey for header in headers)
        return [*self._describe_resizing(), *(f"{count} {remark}" for remark, count in counts.items() if count)]

    def _describe_resizing(self) -> list[str]:
        resized = [header for header in self._headers.values() if header.size != self.image_size]
        if self.image_size is None or not resized:
            return []
        height, width = self.image_size
        all_sizes = [header.size for header in self._headers.values()]
        smallest, largest = format_shape(min(all_sizes)), format_shape(max(all_sizes))
        sizes = f"all {smallest}" if smallest == largest else f"sizes from {smallest} to {largest}"
        stretched = sum(header.height * width != header.width * height for header in resized)
        return [f"{sizes}, {len(resized)} resized to {format_shape(self.image_size)}, {stretched} of them stretched"]

    def _count_classes(self, files: LabelledFiles) -> ClassCounts:
        return count_labels(_as_labels(files), len(self._layout.class_names))

    def _decode_all(self, files: LabelledFiles, shape: tuple[int, int, int]) -> Images:
        images = np.empty((len(files), *shape), np.uint8)
        for image, (path, _) in zip(images, files, strict=True):
            image[:] = decode_image(path, *shape, resize=self.image_size is not None)
        return Images(images, _as_labels(files))


def scan_folder(path: Path) -> FolderLayout:
    """The images in PATH/train/CLASS/ and, if there are such folders, PATH/val/CLASS/ and PATH/test/CLASS/.

    Or those in PATH/CLASS/, also where a class is called train: then PATH/train/ has no folders. Classes are in the
    order of their names. Raises NoSuchData or BadData.
    """
    if not path.is_dir():
        raise NoSuchData(explain_missing(path, "a folder with a folder of images for each class"))
    skipped = Counter[str]()
    splits = _find_splits(path, skipped)
    train_folder, train_classes = splits["train"]
    if not train_classes:
        raise BadData(f"{train_folder} has no folder with images; make one for each class")
    class_names = tuple(sorted(train_classes))
    files: dict[str, LabelledFiles] = {}
    for split, (split_folder, classes) in splits.items():
        for name, folder in classes.items():
            if name not in train_classes:
                suggestion = suggest_names(name, train_classes)
                raise BadData(f"{folder} is a class that {train_folder} has not; {suggestion}")
        if not classes:
            raise BadData(f"{split_folder} has no folder with images; make one for each class, or give it another name")
        files[split] = [
            (file, label)
            for label, name in enumerate(class_names)
            if name in classes
            for file in _find_images(classes[name], skipped)
        ]
    return FolderLayout(class_names, files, dict(skipped))


def _find_splits(path: Path, skipped: Counter[str]) -> Mapping[str, tuple[Path, Mapping[str, Path]]]:
    """The folder of each split, with the folders of its classes by their names."""
    folders = _find_folders(path, skipped)
    candidates = {split: [f for f in folders if f.name.casefold() in names] for split, names in SPLIT_FOLDERS.items()}
    if not any(_find_folders(folder, Counter()) for folder in candidates["train"]):
        if folders and len(folders) == sum(map(len, candidates.values())) and candidates["train"]:
            raise BadData(f"{candidates['train'][0]} has no folder with images; make one for each class in it")
        return {"train": (path, _map_class_names(folders))}
    for split, same_split in candidates.items():
        if len(same_split) > 1:
            raise BadData(
                f"{same_split[0]} and {same_split[1]} are both named after the {split} images; keep one of the names"
            )
    (train,) = candidates["train"]
    _refuse_loose_images(train)
    split_folders = {split: same_split[0] for split, same_split in candidates.items() if same_split}
    others = [folder for folder in folders if folder not in split_folders.values()]
    skipped.update(f"folder {folder.name}/ beside {train.name}/" for folder in others)
    return {
        split: (folder, _map_class_names(_find_folders(folder, skipped))) for split, folder in split_folders.items()
    }


def _refuse_loose_images(train: Path) -> None:
    for path in _list_directory(train):
        if not _is_ignored(path) and path.is_file() and is_image(path):
            raise BadData(
                f"{train} has folders and, beside them, images such as {path.name}: if it is a class, move the folders "
                "away; if not, the images"
            )


def _map_class_names(folders: Sequence[Path]) -> Mapping[str, Path]:
    """The folders of classes by their names in Unicode's composed form; raises BadData for two of the same name."""
    by_name: dict[str, Path] = {}
    for folder in folders:
        name = unicodedata.normalize("NFC", os.fsencode(folder.name).decode("utf-8", "replace"))
        if name in by_name:
            raise BadData(f"{folder} and {by_name[name]} have the same name, written in two ways; rename one of them")
        by_name[name] = folder
    return by_name


def _find_folders(path: Path, skipped: Counter[str]) -> Sequence[Path]:
    """The folders in a folder of folders; everything else in it is skipped."""
    folders: list[Path] = []
    for entry in _list_directory(path):
        if _is_ignored(entry):
            skipped["hidden"] += 1
        elif entry.is_dir():
            folders.append(entry)
        else:
            skipped["image beside the classes" if is_image(entry) else _describe_non_image(entry)] += 1
    return folders


def _find_images(folder: Path, skipped: Counter[str]) -> Sequence[Path]:
    """The images of a class, in the order of their names; raises BadData where there are none, or folders."""
    images: list[Path] = []
    others = Counter[str]()
    for entry in _list_directory(folder):
        if _is_ignored(entry):
            others["hidden"] += 1
        elif entry.is_dir():
            raise BadData(
                f"{entry} is a folder within a class; move its images up, or begin its name with a dot to pass it over"
            )
        elif entry.is_symlink() and not entry.exists():
            raise BadData(f"{entry} is a link that leads nowhere; mend or remove it")
        elif entry.is_file() and is_image(entry):
            images.append(entry)
        else:
            others[_describe_non_image(entry)] += 1
    if not images:
        content = ", ".join(f"{count} {kind}" for kind, count in others.items()) or "nothing"
        raise BadData(
            f"{folder} has no image that Pillow can read ({content} is in it); save its images as PNG, say, or remove "
            "it"
        )
    skipped.update(others)
    return images


def _list_directory(path: Path) -> Sequence[Path]:
    try:
        return sorted(path.iterdir())
    except OSError as error:
        raise BadData(f"{path} cannot be read ({error.strerror}); change its permissions, or move it away") from error


def _is_ignored(path: Path) -> bool:
    return path.name.startswith(".") or path.name in IGNORED_FOLDERS


def _describe_non_image(path: Path) -> str:
    """The kind of a file that is no image, as skipped files are counted."""
    return (path.suffix.lower() or "without a suffix") + " that is no file" * (not path.is_file())


def _as_labels(files: LabelledFiles) -> np.ndarray:
    return np.array([label for _, label in files], np.int64)
