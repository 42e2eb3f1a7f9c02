"""Images as arrays in npz files, as reader 1 reads them."""

from pathlib import Path

import numpy as np
from attrs import frozen

from archwright.evaluate.data.dataset import BadData, Images, NoSuchData, SourceInfo, count_labels, nothing_at
from archwright.evaluate.data.npz import WANTED, array, files_in, header
from archwright.evaluate.data.npz import names as names_of

MOST_CHANNELS = 16  # more than this on the last axis, and it is not the axis of channels


@frozen
class Arrays:
    """One split: `images`, uint8 (n, h, w) or (n, h, w, channels), and `labels`, integers (n,), after a prefix."""

    file: Path
    prefix: str = ""

    @property
    def there(self) -> bool:
        """Whether the file holds them."""
        return f"{self.prefix}images" in names_of(self.file)

    def shape(self) -> tuple[int, int, int, int]:
        """(n, channels, h, w), by the header alone; raises BadData."""
        shape, dtype = header(self.file, f"{self.prefix}images")
        if dtype != np.uint8 or len(shape) not in (3, 4) or (len(shape) == 4 and shape[3] > MOST_CHANNELS):
            raise BadData(
                f"{self.prefix}images in {self.file} are {dtype} of shape {shape}; "
                "they must be uint8 of shape (n, height, width) or (n, height, width, channels)"
            )
        count, height, width, channels = (*shape, 1)[:4]
        return count, channels, height, width

    def labels(self) -> np.ndarray:
        """int64 (n,), each 0 or more; raises BadData."""
        labels, count = array(self.file, f"{self.prefix}labels"), self.shape()[0]
        if labels.dtype.kind not in "iu" or labels.size != count or labels.min(initial=0) < 0:
            raise BadData(
                f"{self.prefix}labels in {self.file} are {labels.dtype} of shape {labels.shape}; "
                f"they must be {count} integers of 0 or more, one for each image"
            )
        return labels.reshape(-1).astype(np.int64)

    def read(self) -> Images:
        """The images with their labels."""
        count, channels, height, width = self.shape()
        images = array(self.file, f"{self.prefix}images").reshape(count, height, width, channels)
        return Images(np.ascontiguousarray(images.transpose(0, 3, 1, 2)), self.labels())


@frozen
class Npz:
    """The arrays of one npz file, `test_images` and `test_labels` among them; or of *train.npz and *test.npz."""

    path: Path

    def outline(self) -> SourceInfo:
        """What it holds, by the headers of the images and by the labels."""
        train, test = self._splits()
        _, *shape = train.shape()
        classes = int(train.labels().max(initial=0)) + 1
        if test is not None:
            if list(test.shape()[1:]) != shape:
                raise BadData(f"images to test on are {test.shape()[1:]} in {test.file}, to learn from {tuple(shape)}")
            if (highest := test.labels().max(initial=0)) >= classes:
                raise BadData(f"{test.file} tests on class {highest}; the classes to learn are 0 to {classes - 1}")
        counts = [None if part is None else count_labels(part.labels(), classes) for part in (train, test)]
        names = tuple(map(str, range(classes)))
        return SourceInfo((shape[0], shape[1], shape[2]), names, counts[0] or (), test=counts[1])

    def read(self) -> tuple[Images, None, Images | None]:
        """The images for training and, if there are any, those for testing."""
        train, test = self._splits()
        return train.read(), None, None if test is None else test.read()

    def _splits(self) -> tuple[Arrays, Arrays | None]:
        if not self.path.is_file() and not self.path.is_dir():
            raise nothing_at(self.path, WANTED)
        if self.path.is_file():
            test = Arrays(self.path, "test_")
            return Arrays(self.path), test if test.there else None
        train, held_out = (files_in(self.path, split) for split in ("train", "test"))
        if len(train) != 1 or len(held_out) > 1:
            raise NoSuchData(
                f"{self.path} has {len(train)} files *train.npz and {len(held_out)} *test.npz; name one file"
            )
        return Arrays(train[0]), Arrays(held_out[0]) if held_out else None
