"""Data sets by name: their shapes, classes and splits, and what is said where there is none."""

from urllib.error import URLError

import numpy as np
import pytest

from archwright.evaluate.data.dataset import BadData, NoSuchData
from archwright.evaluate.data.loading import UnknownData, describe_dataset, load_dataset
from tests.evaluate.data.idx_files import write_idx
from tests.evaluate.data.sample_images import random_images, sort_images
from tests.paths import DATA


def test_digits_are_split_into_three_parts_that_share_no_image():
    data = load_dataset("digits")
    assert data.info == describe_dataset("digits")
    assert (data.info.input_shape, data.info.class_names) == ((1, 8, 8), tuple("0123456789"))
    for split, counts in data.info.by_class.items():
        assert np.bincount(getattr(data, split).labels).tolist() == list(counts)
    parts = [data.train, data.validation, data.test]
    assert [len(part) for part in parts] == [data.info.train, data.info.validation, data.info.test]
    assert sum(map(len, parts)) == 1797
    assert data.train.images.dtype == np.uint8
    assert data.train.images.max() == 255
    assert data.train.labels.dtype == np.int64


def test_the_split_follows_from_its_seed_alone():
    first, again, other = load_dataset("digits", seed=1), load_dataset("digits", seed=1), load_dataset("digits", seed=2)
    assert np.array_equal(first.validation.images, again.validation.images)
    assert not np.array_equal(first.validation.images, other.validation.images)


@pytest.mark.parametrize("seed", [0, 1])
def test_a_final_training_gets_the_validation_images_and_none_of_the_test(seed, npz):
    """Of digits, which have no test split of their own, the search's test images stay apart from the rest."""
    for source, total in (("digits", 1797), (npz(images=random_images(100, 4, 5), labels=np.arange(100) % 3), 100)):
        searched = load_dataset(source, seed=seed)
        final = searched.merge_validation()
        assert sort_images(final.train) == sort_images(searched.train, searched.validation)
        assert sort_images(final.test) == sort_images(searched.test)
        assert (len(final.validation), len(final.train) + len(final.test)) == (0, total)
        assert (final.info.train, final.info.validation) == (len(final.train), 0)


def test_mnist_is_read_where_it_lies_without_writing():
    if not (DATA / "MNIST").is_dir():
        pytest.skip(f"there is no MNIST in {DATA}")
    data = load_dataset("mnist", str(DATA))
    assert data.info == describe_dataset("mnist", str(DATA))
    assert (len(data.train), len(data.validation), len(data.test)) == (48_000, 12_000, 10_000)
    assert data.train.images.shape[1:] == (1, 28, 28)
    assert np.bincount(data.validation.labels).tolist() == [1185, 1348, 1192, 1226, 1168, 1084, 1184, 1253, 1170, 1190]
    # which is a fifth of the numbers that are published: 5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949


def test_a_missing_file_of_mnist_is_named(tmp_path):
    write_idx(tmp_path / "train-images-idx3-ubyte", random_images(3, 28, 28))
    with pytest.raises(NoSuchData, match="there is no train-labels-idx1-ubyte"):
        load_dataset("mnist", str(tmp_path))


def test_what_cannot_be_downloaded_says_where_it_was_looked_for(tmp_path):
    (tmp_path / "file").write_text("in the way of a folder")
    for name in ("fashion_mnist", "cifar10"):
        with pytest.raises(NoSuchData, match=rf"{name} is not in .*file.*--data-dir"):
            load_dataset(name, str(tmp_path / "file"))


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "cifar10", "cifar100"])
def test_a_download_that_fails_leaves_no_folder(tmp_path, monkeypatch, name):
    """Not of those that were there: what lies in them is left alone."""

    def fails(*_: object) -> None:
        raise URLError("no network here")

    monkeypatch.setattr("torchvision.datasets.utils._urlretrieve", fails)
    monkeypatch.setattr("torchvision.datasets.utils._get_redirect_url", lambda url, **_: url)
    (tmp_path / "theirs").mkdir()
    for folder in (tmp_path / "new" / "data", tmp_path / "theirs"):
        with pytest.raises(NoSuchData, match=rf"{name} is not in {folder} and could not be downloaded"):
            load_dataset(name, str(folder))
    assert [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")] == ["theirs"]


def test_the_data_folder_is_taken_from_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("ARCHWRIGHT_DATA", str(tmp_path))
    write_idx(tmp_path / "train-images-idx3-ubyte", random_images(3, 28, 28))
    with pytest.raises(NoSuchData, match=f"there is no train-labels-idx1-ubyte .* in {tmp_path}"):
        load_dataset("mnist")


@pytest.mark.parametrize("count", [20, 60_000])
def test_files_of_other_images_are_not_taken_for_mnist(tmp_path, count):
    """Of another number, or of other labels."""
    for split in ("train", "t10k"):
        write_idx(tmp_path / f"{split}-images-idx3-ubyte", np.zeros((count, 28, 28), np.uint8))
        write_idx(tmp_path / f"{split}-labels-idx1-ubyte", np.zeros(count, np.uint8))
    with pytest.raises(BadData, match="are not those of mnist; give images of your own as an npz"):
        load_dataset("mnist", str(tmp_path))


@pytest.mark.parametrize(
    ("spec", "told"),
    [("mnits", "did you mean mnist"), ("xyz", "there are: cifar10, cifar100, digits"), ("/tmp", "write folder:/tmp")],
)
def test_an_unknown_name_comes_with_the_nearest(spec, told):
    with pytest.raises(UnknownData, match=told):
        describe_dataset(spec)
