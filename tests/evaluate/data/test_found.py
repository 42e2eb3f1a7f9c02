"""What was found in a data set is said in a line."""

import numpy as np

from archwright.evaluate.data.dataset import DataInfo, found, warnings
from archwright.evaluate.data.named import describe
from tests.evaluate.data.made import names, some_images


def test_what_was_found_is_a_line(folder):
    spec = folder([*names("train/cat"), *names("train/dog", count=12), *names("val/cat", "val/dog", count=2)])
    info = describe(spec)
    assert found(info) == (
        f"{spec}: 3x6x4, 2 classes (cat, dog): train 18 (cat 8, dog 10), validation 4 (2 a class), test 4 (2 a class)"
    )
    assert list(warnings(info)) == []


def test_many_classes_are_told_by_the_least_and_the_most():
    info = describe("digits")
    assert found(info) == (
        "digits: 1x8x8, 10 classes (0, 1, 2 ... 9): train 1,150 (111 to 117 a class), "
        "validation 288 (28 to 29 a class), test 359 (35 to 37 a class)"
    )


def test_what_was_decided_and_takes_much_memory_is_said():
    info = DataInfo("npz:a", (3, 1000, 1000), ("a", "b"), 900, 100, 100, remarks=("float32 times 255 read as uint8",))
    assert found(info).endswith(
        "train 900, validation 100, test 100; 3.3 GB in memory; float32 times 255 read as uint8"
    )


def test_a_class_that_is_too_rare_for_a_split_is_warned_of(npz):
    labels = np.array([0] * 50 + [1] * 50 + [2])
    spec = npz(images=some_images(101, 4, 4), labels=labels, classes=np.array(["a", "b", "c"]))
    assert [line[: line.index(";")] for line in warnings(describe(spec))] == [
        f"warning: no {split} image of {spec} is of c" for split in ("validation", "test")
    ]
