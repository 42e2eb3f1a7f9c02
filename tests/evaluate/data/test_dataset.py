"""What was found in a data set is said in a line."""

import numpy as np

from archwright.evaluate.data.dataset import DataInfo, summarize_dataset, warn_of_absent_classes
from archwright.evaluate.data.loading import describe_dataset
from tests.evaluate.data.sample_images import file_names, random_images


def test_what_was_found_is_a_line(folder):
    spec = folder(
        [*file_names("train/cat"), *file_names("train/dog", count=12), *file_names("val/cat", "val/dog", count=2)]
    )
    info = describe_dataset(spec)
    assert summarize_dataset(info) == (
        f"{spec}: 3x6x4, 2 classes (cat, dog): train 18 (cat 8, dog 10), validation 4 (2 a class), test 4 (2 a class)"
    )
    assert list(warn_of_absent_classes(info)) == []


def test_many_classes_are_told_by_the_least_and_the_most():
    info = describe_dataset("digits")
    assert summarize_dataset(info) == (
        "digits: 1x8x8, 10 classes (0, 1, 2 ... 9): train 1,150 (111 to 117 a class), "
        "validation 288 (28 to 29 a class), test 359 (35 to 37 a class)"
    )


def test_what_was_decided_and_takes_much_memory_is_said():
    info = DataInfo("npz:a", (3, 1000, 1000), ("a", "b"), 900, 100, 100, remarks=("float32 times 255 read as uint8",))
    assert summarize_dataset(info).endswith(
        "train 900, validation 100, test 100; 3.3 GB in memory; float32 times 255 read as uint8"
    )


def test_a_class_that_is_too_rare_for_a_split_is_warned_of(npz):
    labels = np.array([0] * 50 + [1] * 50 + [2])
    spec = npz(images=random_images(101, 4, 4), labels=labels, classes=np.array(["a", "b", "c"]))
    assert [line[: line.index(";")] for line in warn_of_absent_classes(describe_dataset(spec))] == [
        f"warning: no {split} image of {spec} is of c" for split in ("validation", "test")
    ]
