"""A data set with its three splits: what it is like, and its images in memory."""

from collections.abc import Mapping

import numpy as np
from attrs import evolve, field, frozen

from archwright.evaluate.data.images import Counts, Images


@frozen
class DataInfo:
    """What a data set is like; sizes are numbers of images."""

    name: str
    input_shape: tuple[int, int, int]  # channels, height, width
    class_names: tuple[str, ...]  # in the order of the labels
    train: int
    validation: int  # what searchers are scored on
    test: int  # for reports only
    by_class: Mapping[str, Counts] = field(factory=dict[str, Counts])  # of each split by its name, where that is known
    remarks: tuple[str, ...] = ()  # what the reader decided and passed over

    @property
    def classes(self) -> int:
        """How many there are."""
        return len(self.class_names)


@frozen(eq=False)
class Dataset:
    """A data set in memory."""

    info: DataInfo
    train: Images
    validation: Images
    test: Images

    def joined(self) -> "Dataset":
        """The data set for a final training: what was for validation is for training, too, and the test is the same."""
        by_class = dict(self.info.by_class)
        if held := by_class.pop("validation", None):
            by_class["train"] = tuple(map(sum, zip(by_class["train"], held, strict=True)))
        info = evolve(self.info, train=self.info.train + self.info.validation, validation=0, by_class=by_class)
        train = self.train.with_also(self.validation)
        return Dataset(info, train, self.validation.take(np.arange(0)), self.test)
