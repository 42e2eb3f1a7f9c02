"""Images come with the right shapes, classes and splits, and bad files are told by name."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from archwright.evaluate.data import builtin
from archwright.evaluate.data.images import BadData, NoSuchData
from archwright.evaluate.data.named import UnknownData, describe, read
from tests.places import DATA


def content(images):
    """The images as a sorted list, to compare without regard to their order."""
    return sorted((image.tobytes(), int(label)) for image, label in zip(images.images, images.labels, strict=True))


@pytest.fixture
def npz(tmp_path):
    def write(name="mine.npz", **arrays):
        np.savez(tmp_path / name, **arrays)
        return f"npz:{tmp_path / name}"

    return write


def some_images(count, *shape, seed=0):
    return np.random.RandomState(seed).randint(0, 256, (count, *shape), np.uint8)


@pytest.fixture
def folder(tmp_path):
    def write(files, size=(4, 6), mode="RGB"):
        for i, name in enumerate(files):
            path = tmp_path / "data" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new(mode, size, i).save(path)
        return f"folder:{tmp_path / 'data'}"

    return write


def test_digits_are_split_into_three_parts_that_share_no_image():
    data = read("digits")
    assert data.info == describe("digits")
    assert (data.info.input_shape, data.info.classes) == ((1, 8, 8), 10)
    parts = [data.train, data.validation, data.test]
    assert [len(part) for part in parts] == [data.info.train, data.info.validation, data.info.test]
    assert sum(map(len, parts)) == 1797
    assert data.train.images.dtype == np.uint8
    assert data.train.images.max() == 255
    assert data.train.labels.dtype == np.int64


def test_the_split_follows_from_its_seed_alone():
    first, again, other = read("digits", seed=1), read("digits", seed=1), read("digits", seed=2)
    assert np.array_equal(first.validation.images, again.validation.images)
    assert not np.array_equal(first.validation.images, other.validation.images)


@pytest.mark.parametrize("seed", [0, 1])
def test_a_final_training_gets_the_validation_images_and_none_of_the_test(seed, npz):
    """Of digits, which have no test split of their own, the search's test images stay apart from the rest."""
    for source, total in (("digits", 1797), (npz(images=some_images(100, 4, 5), labels=np.arange(100) % 3), 100)):
        searched = read(source, seed=seed)
        final = searched.joined()
        assert content(final.train) == sorted(content(searched.train) + content(searched.validation))
        assert content(final.test) == content(searched.test)
        assert (len(final.validation), len(final.train) + len(final.test)) == (0, total)
        assert (final.info.train, final.info.validation) == (len(final.train), 0)


def test_mnist_is_read_where_it_lies_without_writing():
    if not (DATA / "MNIST").is_dir():
        pytest.skip(f"there is no MNIST in {DATA}")
    data = read("mnist", str(DATA))
    assert data.info == describe("mnist", str(DATA))
    assert (len(data.train), len(data.validation), len(data.test)) == (48_000, 12_000, 10_000)
    assert data.train.images.shape[1:] == (1, 28, 28)
    labels = np.concatenate([data.train.labels, data.validation.labels])
    assert np.bincount(labels).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]  # as published


def idx(path, array, magic=None):
    header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) if magic is None else magic
    with gzip.open(path, "wb") if path.suffix == ".gz" else path.open("wb") as file:
        file.write(header + array.tobytes())


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_an_idx_file_is_read_gzipped_or_not(tmp_path, suffix):
    array = some_images(3, 4, 5)
    idx(tmp_path / f"a{suffix}", array)
    assert np.array_equal(builtin.read_idx(tmp_path / f"a{suffix}"), array)


@pytest.mark.parametrize("content", [b"", b"\0\0\x08", b"PNG-whatever", b"\0\0\x08\x01\0\0\0\x09abc"])
def test_a_broken_idx_file_is_named(tmp_path, content):
    (tmp_path / "a").write_bytes(content)
    (tmp_path / "b.gz").write_bytes(content)
    for name in ("a", "b.gz"):
        with pytest.raises(BadData, match=f"{name} is no idx file"):
            builtin.read_idx(tmp_path / name)


def test_a_missing_file_of_mnist_is_named(tmp_path):
    idx(tmp_path / "train-images-idx3-ubyte", some_images(3, 28, 28))
    with pytest.raises(NoSuchData, match="there is no train-labels-idx1-ubyte"):
        read("mnist", str(tmp_path))


def test_what_cannot_be_downloaded_says_where_it_was_looked_for(tmp_path):
    (tmp_path / "file").write_text("in the way of a folder")
    for name in ("fashion_mnist", "cifar10"):
        with pytest.raises(NoSuchData, match=rf"{name} is not in .*file.*--data-dir"):
            read(name, str(tmp_path / "file"))


def test_the_data_folder_is_taken_from_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("ARCHWRIGHT_DATA", str(tmp_path))
    for split, count in (("train", 20), ("t10k", 5)):
        idx(tmp_path / f"{split}-images-idx3-ubyte", some_images(count, 28, 28))
        idx(tmp_path / f"{split}-labels-idx1-ubyte", np.arange(count, dtype=np.uint8) % 10)
    source = builtin.source("mnist", tmp_path)
    train, test = source.read()
    assert test is not None
    assert (len(train), len(test)) == (20, 5)


@pytest.mark.parametrize(
    ("spec", "told"),
    [("mnits", "did you mean mnist"), ("xyz", "there are: cifar10, cifar100, digits"), ("/tmp", "write folder:/tmp")],
)
def test_an_unknown_name_comes_with_the_nearest(spec, told):
    with pytest.raises(UnknownData, match=told):
        describe(spec)


def test_arrays_of_grey_images_are_read_and_split(npz):
    images, labels = some_images(50, 5, 7), np.arange(50) % 3
    spec = npz(images=images, labels=labels)
    data = read(spec)
    assert data.info == describe(spec)
    assert (data.info.input_shape, data.info.classes) == ((1, 5, 7), 3)
    assert (data.info.train, data.info.validation, data.info.test) == (32, 8, 10)
    found = content(data.train) + content(data.validation) + content(data.test)
    assert sorted(found) == sorted((image.tobytes(), i % 3) for i, image in enumerate(images))


def test_arrays_with_a_test_split_keep_it(npz):
    images, test = some_images(20, 4, 4, 3), some_images(5, 4, 4, 3, seed=1)
    labels = np.arange(20, dtype=np.uint8) % 2
    data = read(npz(images=images, labels=labels, test_images=test, test_labels=labels[:5]))
    assert (len(data.train), len(data.validation), len(data.test)) == (16, 4, 5)
    assert np.array_equal(data.test.images, test.transpose(0, 3, 1, 2))


def test_a_folder_with_two_npz_files_is_a_data_set(npz):
    labels = np.arange(20) % 2
    npz("my_train.npz", images=some_images(20, 4, 4), labels=labels)
    spec = npz("my_test.npz", images=some_images(6, 4, 4), labels=labels[:6])
    data = read(f"npz:{Path(spec.removeprefix('npz:')).parent}")
    assert (data.info.train, data.info.validation, data.info.test) == (16, 4, 6)


@pytest.mark.parametrize(
    ("arrays", "told"),
    [
        ({"image": some_images(20, 4, 4)}, "no array 'images'; did you mean image"),
        ({"images": some_images(20, 4, 4)}, "no array 'labels'"),
        ({"images": some_images(20, 4, 4).astype("f4"), "labels": np.arange(20)}, "images in .* are float32"),
        ({"images": some_images(20, 3, 32, 32), "labels": np.arange(20)}, r"of shape \(20, 3, 32, 32\)"),
        ({"images": some_images(20, 4, 4), "labels": np.arange(19)}, "must be 20 integers"),
        ({"images": some_images(20, 4, 4), "labels": np.arange(20) - 1}, "0 or more"),
        ({"images": some_images(20, 4, 4), "labels": np.arange(20.0)}, "labels in .* are float64"),
        ({"images": some_images(5, 4, 4), "labels": np.arange(5)}, "5 images of 5 classes; at least 10 of 2"),
        ({"images": some_images(20, 4, 4), "labels": np.zeros(20, int)}, "20 images of 1 classes"),
        ({"images": some_images(0, 4, 4), "labels": np.zeros(0, int)}, "0 images"),
        (
            {
                "images": some_images(20, 4, 4),
                "labels": np.arange(20) % 2,
                "test_images": some_images(2, 5, 5),
                "test_labels": np.arange(2),
            },
            r"\(1, 5, 5\)",
        ),
        (
            {
                "images": some_images(20, 4, 4),
                "labels": np.arange(20) % 2,
                "test_images": some_images(2, 4, 4),
                "test_labels": np.array([0, 2]),
            },
            "tests on class 2; the classes to learn are 0 to 1",
        ),
    ],
)
def test_bad_arrays_are_told(npz, arrays, told):
    with pytest.raises(BadData, match=told):
        describe(npz(**arrays))


def test_a_file_that_is_no_npz_or_not_there_is_told(tmp_path):
    (tmp_path / "mine.npz").write_bytes(b"no zip")
    with pytest.raises(BadData, match="is no npz file"):
        describe(f"npz:{tmp_path / 'mine.npz'}")
    with pytest.raises(NoSuchData, match=r"did you mean mine\.npz"):
        describe(f"npz:{tmp_path / 'mien.npz'}")
    with pytest.raises(NoSuchData, match=r"0 files \*train\.npz"):
        describe(f"npz:{tmp_path}")


def names(*places, count=10):
    return [f"{place}/{i}.png" for place in places for i in range(count)]


def test_a_folder_for_each_class_is_a_data_set(folder):
    spec = folder(names("cat", "dog"))
    data = read(spec)
    assert data.info == describe(spec)
    assert (data.info.input_shape, data.info.classes) == ((3, 6, 4), 2)
    assert (data.info.train, data.info.validation, data.info.test) == (13, 3, 4)
    # The colour says which file it was: the first ten are cats.
    for part in (data.train, data.validation, data.test):
        assert ((part.images[:, 0, 0, 0] >= 10) == part.labels).all()


@pytest.mark.parametrize("held_out", ["test", "val"])
def test_a_folder_may_have_a_part_for_testing(folder, held_out):
    data = read(folder(names("train/cat", "train/dog", f"{held_out}/dog"), mode="L"))
    assert (data.info.input_shape, data.info.train, data.info.validation, data.info.test) == ((1, 6, 4), 16, 4, 10)
    assert set(data.test.labels) == {1}


def test_images_of_other_sizes_and_modes_become_like_the_first(folder):
    folder(names("cat"), size=(4, 6), mode="RGB")
    data = read(folder(names("dog"), size=(9, 9), mode="L"))
    assert data.train.images.shape[1:] == (3, 6, 4)


def test_bad_folders_are_told(folder, tmp_path):
    with pytest.raises(NoSuchData, match="there is nothing at"):
        describe(f"folder:{tmp_path / 'nowhere'}")
    with pytest.raises(BadData, match="no folder with images"):
        describe(f"folder:{tmp_path}")
    with pytest.raises(BadData, match="20 images of 1 classes"):
        describe(folder(names("cat", count=20)))
    folder(names("train/cat", "train/dog", "test/dgo"))
    with pytest.raises(BadData, match=r"dgo is a class that .* has not; did you mean dog"):
        describe(f"folder:{tmp_path / 'data'}")


@pytest.mark.parametrize("content", [b"no image", b""])
def test_a_broken_image_is_named(folder, tmp_path, content):
    spec = folder(names("cat", "dog"))
    (tmp_path / "data/dog/7.png").write_bytes(content)
    with pytest.raises(BadData, match=r"7\.png cannot be read as an image"):
        read(spec)


def test_an_image_that_is_cut_off_is_named(folder, tmp_path):
    spec = folder(names("cat", "dog"), size=(60, 60))
    path = tmp_path / "data/dog/7.png"
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(BadData, match=r"7\.png cannot be read as an image"):
        read(spec)
