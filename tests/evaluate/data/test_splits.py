"""Splits hold their share of every class."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archwright.evaluate.data.dataset import BadData
from archwright.evaluate.data.loading import describe_dataset, load_dataset
from archwright.evaluate.data.splits import apportion_classes, draw_splits
from tests.evaluate.data.sample_images import random_images

counts = st.lists(st.integers(0, 40), min_size=1, max_size=8).map(tuple)
fractions = st.floats(0.01, 0.99)


@given(counts, fractions, st.integers(1, 2))
def test_each_class_has_its_share(counts, fraction, others):
    """To within one image, but for classes that are too rare: what is left of each is enough for the other splits."""
    held = apportion_classes(counts, fraction, others)
    for count, taken in zip(counts, held, strict=True):
        assert 0 <= taken <= max(0, count - others)
        assert taken >= 1 or count <= others
        assert abs(taken - fraction * count) < 1 or taken == max(0, count - others)


@given(st.lists(st.integers(10, 40), min_size=1, max_size=8).map(tuple), st.floats(0.1, 0.9))
def test_in_all_it_is_the_fraction_of_all(counts, fraction):
    """Where no class is rare."""
    assert sum(apportion_classes(counts, fraction, 1)) == round(fraction * sum(counts))


@pytest.mark.parametrize(
    ("counts", "fraction", "others", "held"),
    [
        ((10, 10), 0.2, 1, (2, 2)),
        ((8, 12), 0.2, 1, (2, 2)),  # 1.6 and 2.4
        ((13, 12), 0.2, 1, (3, 2)),  # 2.6 and 2.4
        ((100, 3), 0.2, 2, (20, 1)),
        ((100, 2), 0.2, 2, (20, 0)),  # which are for training and validation
        ((98, 2), 0.2, 1, (19, 1)),
        ((99, 1), 0.2, 1, (20, 0)),
        ((5, 5), 0.95, 1, (4, 4)),
    ],
)
def test_shares_worked_out_by_hand(counts, fraction, others, held):
    assert apportion_classes(counts, fraction, others) == held


@given(st.lists(st.integers(0, 5), min_size=1, max_size=80), fractions, fractions, st.integers(0, 2**32 - 1))
def test_splits_are_whole_and_disjoint_and_as_large_as_they_should_be(labels, first, second, seed):
    """And the seed alone decides."""
    labels = np.array(labels)
    counts = tuple(np.bincount(labels, minlength=6).tolist())
    test = apportion_classes(counts, first, 2)
    validation = apportion_classes(tuple(np.subtract(counts, test).tolist()), second, 1)
    parts = draw_splits(labels, [test, validation], seed)
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(labels)))
    for part, size in zip(parts, (test, validation), strict=False):
        assert np.bincount(labels[part], minlength=6).tolist() == list(size)
    again = draw_splits(labels, [test, validation], seed)
    assert all(np.array_equal(a, b) for a, b in zip(parts, again, strict=True))


def test_a_split_is_drawn_as_it_was_drawn_first():
    """By hand, of the order 6 11 4 10 2 8 1 7 9 3 0 5; a change of it changes runs that go on: raise LATEST_READER."""
    labels = np.array([0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 2, 2])
    parts = draw_splits(labels, [(1, 1, 0), (1, 1, 1)], seed=0)
    assert [part.tolist() for part in parts] == [[6, 1], [11, 4, 7], [10, 2, 8, 9, 3, 0, 5]]


def test_images_come_in_random_order():
    """Not class by class."""
    labels = np.repeat(np.arange(2), 500)
    _, rest = draw_splits(labels, [(100, 100)], seed=0)
    assert 300 < np.abs(np.diff(labels[rest])).sum() < 500


def test_test_images_are_the_same_whatever_the_validation(npz):
    spec = npz(images=random_images(100, 4, 4), labels=np.arange(100) % 3)
    parts = [load_dataset(spec, validation=validation).test for validation in (0.1, 0.5)]
    assert np.array_equal(parts[0].images, parts[1].images)


def test_a_rare_class_is_in_every_split(npz):
    """Of 3 images each split gets one, however the seed falls."""
    spec = npz(images=random_images(203, 4, 4), labels=np.array([0] * 200 + [1] * 3))
    assert describe_dataset(spec).by_class == {"train": (128, 1), "validation": (32, 1), "test": (40, 1)}
    for seed in range(5):
        data = load_dataset(spec, seed=seed)
        assert [part.labels.sum() for part in (data.train, data.validation, data.test)] == [1, 1, 1]


def test_validation_images_of_one_class_are_refused(npz):
    spec = npz(images=random_images(101, 4, 4), labels=np.array([0] * 100 + [1]), classes=np.array(["cat", "dog"]))
    with pytest.raises(BadData, match=r"the validation images of .* are all of the class cat, so that no score says"):
        describe_dataset(spec)
    labels = np.arange(20) % 2
    more = {"val_images": random_images(6, 4, 4), "val_labels": np.ones(6, int)}
    with pytest.raises(BadData, match="are all of the class 1"):
        describe_dataset(npz(images=random_images(20, 4, 4), labels=labels, **more))
