"""A person's own images: a folder of files for each class."""

from collections import Counter
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import numpy as np
from attrs import frozen

from archwright.evaluate.data.image_file import Header, decoded, header
from archwright.evaluate.data.images import BadData, Images, Outline, counted, times
from archwright.evaluate.data.layout import Labelled, Layout, layout


@frozen
class Folder:
    """Images in folders, as layout.layout finds them; grey if all of them are, and else RGB.

    They have to be of one size, or get `image_size`: height and width.
    """

    path: Path
    image_size: tuple[int, int] | None = None

    def outline(self) -> Outline:
        """What it holds, by the names of its files and their headers."""
        found, (height, width) = self._layout, self._size
        channels = 1 if all(each.is_grey for each in self._headers.values()) else 3
        counts = {split: self._counts(files) for split, files in found.files.items()}
        passed_over = ", ".join(f"{count} {kind}" for kind, count in found.passed_over.items())
        remarks = [*self._remarks(channels), *([f"passed over: {passed_over}"] if passed_over else [])]
        return Outline((channels, height, width), found.class_names, **counts, remarks=tuple(remarks))

    def read(self) -> tuple[Images, Images | None, Images | None]:
        """The images for training, and those of the other splits that there are."""
        shape = self.outline().input_shape
        there = {split: self._decoded(files, shape) for split, files in self._layout.files.items()}
        return there["train"], there.get("validation"), there.get("test")

    @cached_property
    def _layout(self) -> Layout:
        return layout(self.path)

    @cached_property
    def _headers(self) -> Mapping[Path, Header]:
        """Of every file; BadData with the first that cannot be used, and how many more cannot."""
        headers: dict[Path, Header] = {}
        bad: list[BadData] = []
        for files in self._layout.files.values():
            for path, _ in files:
                try:
                    headers[path] = header(path)
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
            one, other = (f"{times(size)}, as {path}" for size, path in list(first.items())[:2])
            raise BadData(
                f"the images of {self.path} have {len(first)} sizes (height x width): {one}, {other}; say which size "
                f"they get, as in --image-size {times(next(iter(first)))}"
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
        low, high = (times(pick(each.size for each in self._headers.values())) for pick in (min, max))
        sizes = f"all {low}" if low == high else f"sizes from {low} to {high}"
        stretched = sum(each.height * width != each.width * height for each in others)
        return [f"{sizes}, {len(others)} resized to {times(self.image_size)}, {stretched} of them stretched"]

    def _counts(self, files: Labelled) -> tuple[int, ...]:
        return counted(np.array([label for _, label in files], np.int64), len(self._layout.class_names))

    def _decoded(self, files: Labelled, shape: tuple[int, int, int]) -> Images:
        images = np.empty((len(files), *shape), np.uint8)
        for place, (path, _) in zip(images, files, strict=True):
            place[:] = decoded(path, *shape, resize=self.image_size is not None)
        return Images(images, np.array([label for _, label in files], np.int64))
