"""Folders of images: every layout, what is passed over, and what is refused."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from archwright.evaluate.data.dataset import BadData, NoSuchData
from archwright.evaluate.data.loading import describe_dataset, load_dataset
from tests.evaluate.data.sample_images import file_names


def test_a_folder_for_each_class_is_a_data_set(folder):
    spec = folder(file_names("cat", "dog"))
    data = load_dataset(spec)
    assert data.info == describe_dataset(spec)
    assert (data.info.input_shape, data.info.classes) == ((3, 6, 4), 2)
    assert (data.info.train, data.info.validation, data.info.test) == (13, 3, 4)
    # The colour says which file it was: the first ten are cats.
    for part in (data.train, data.validation, data.test):
        assert ((part.images[:, 0, 0, 0] >= 10) == part.labels).all()


def test_a_folder_may_have_a_part_for_testing(folder):
    data = load_dataset(folder(file_names("train/cat", "train/dog", "test/dog"), mode="L"))
    assert (data.info.input_shape, data.info.train, data.info.validation, data.info.test) == ((1, 6, 4), 16, 4, 10)
    assert set(data.test.labels) == {1}


@pytest.mark.parametrize("split", ["val", "valid", "Validation", "VAL"])
def test_a_folder_may_have_a_part_for_validation(folder, split):
    """Where there is none for testing, that is drawn from the images to learn from."""
    spec = folder(file_names("Train/cat", "Train/dog", f"{split}/cat", f"{split}/dog"), mode="L")
    data = load_dataset(spec, validation=0.5)
    assert data.info.by_class == {"train": (8, 8), "validation": (10, 10), "test": (2, 2)}
    assert data.validation.images.min() == 20  # the first image of the second folder
    folder(file_names("testing/dog", count=3))
    info = describe_dataset(spec)
    assert info.by_class == {"train": (10, 10), "validation": (10, 10), "test": (0, 3)}


def test_a_class_may_be_called_train(folder):
    """And another one test."""
    data = load_dataset(folder(file_names("train", "test", "bus"), mode="L"))
    assert data.info.class_names == ("bus", "test", "train")
    for part in (data.train, data.validation, data.test):
        assert np.array_equal(part.labels, [{0: 2, 1: 1, 2: 0}[int(shade) // 10] for shade in part.images[:, 0, 0, 0]])


def test_names_of_classes_are_kept_whatever_they_are(folder):
    """One is written in two ways, which mean the same."""
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    data = describe_dataset(folder(file_names("train/模型", f"train/{composed}", "train/a b|c", f"test/{decomposed}")))
    assert data.class_names == ("a b|c", composed, "模型")
    assert data.by_class["test"] == (0, 10, 0)
    with pytest.raises(BadData, match="have the same name, written in two ways"):
        describe_dataset(folder(file_names(f"train/{decomposed}")))


def test_files_of_every_format_are_images(folder):
    """Whatever their suffix is, or how it is written."""
    files = [f"{name}/{i}{suffix}" for name in ("cat", "dog") for i in range(2) for suffix in FORMATS]
    spec = folder(files)
    (path(spec) / "dog" / "0.png").rename(path(spec) / "dog" / "without")
    assert describe_dataset(spec).by_class["train"] == (9, 9)
    assert sum(map(len, (load_dataset(spec).train, load_dataset(spec).validation, load_dataset(spec).test))) == 28


FORMATS = (".png", ".JPG", ".tif", ".GIF", ".webp", ".Ppm", ".bmp")


def path(spec):
    return Path(spec.removeprefix("folder:"))


def test_what_is_passed_over_is_said(folder):
    spec = folder(file_names("train/cat", "train/dog"))
    for name in (".DS_Store", "train/.hidden", "train/cat/Thumbs.db", "train/dog/a.txt", "train/dog/b.txt", "README"):
        (path(spec) / name).write_text("no image")
    (path(spec) / "extra" / "cat").mkdir(parents=True)
    (path(spec) / "train" / "__MACOSX").mkdir()
    assert describe_dataset(spec).remarks == (
        "passed over: 3 hidden, 1 without a suffix, 1 folder extra/ beside train/, 1 .db, 2 .txt",
    )
    folder(["train/loose.png", "loose.png"])
    with pytest.raises(
        BadData, match=r"train has folders and, beside them, images such as loose.png: if it is a class"
    ):
        describe_dataset(spec)
    (path(spec) / "train" / "loose.png").unlink()
    assert "1 image beside the classes" in describe_dataset(spec).remarks[0]


@pytest.mark.parametrize(
    ("files", "told"),
    [
        (["cat/1.png"], r"dog has no image that Pillow can read \(2 \.heic is in it\); save its images as PNG"),
        (["cat/1.png", "dog/puppies/1.png"], "puppies is a folder within a class; move its images up"),
        (["train/1.png", "test/1.png"], "train has no folder with images; make one for each class in it"),
        (["train/cat/1.png", "train/dog/1.png", "test/dgo/1.png"], "dgo is a class that .*train has not; .* mean dog"),
        (["train/cat/1.png", "val/cat/1.png", "valid/cat/1.png"], "are both named after the validation images"),
        (["train/cat/1.png", "test/1.png"], "test has no folder with images"),
    ],
)
def test_what_would_be_lost_is_refused(folder, files, told):
    spec = folder(files)
    if told.startswith("dog"):
        (path(spec) / "dog").mkdir()
        for name in ("1.heic", "2.HEIC"):
            (path(spec) / "dog" / name).write_bytes(b"another format")
    with pytest.raises(BadData, match=told):
        describe_dataset(spec)


def test_a_link_that_leads_nowhere_and_an_empty_class_are_told(folder):
    spec = folder(file_names("cat", "dog"))
    (path(spec) / "dog" / "lost.png").symlink_to("nowhere.png")
    with pytest.raises(BadData, match=r"lost\.png is a link that leads nowhere"):
        describe_dataset(spec)
    (path(spec) / "dog" / "lost.png").unlink()
    (path(spec) / "empty").mkdir()
    with pytest.raises(BadData, match=r"empty has no image that Pillow can read \(nothing is in it\)"):
        describe_dataset(spec)


def test_a_pipe_among_the_images_is_passed_over(folder):
    """It would be waited for."""
    spec = folder(file_names("cat", "dog"))
    os.mkfifo(path(spec) / "dog" / "pipe.png")
    assert describe_dataset(spec).remarks == ("passed over: 1 .png that is no file",)


def test_images_of_several_sizes_need_one_to_be_named(folder):
    """Half of the second have the proportions of what they become."""
    folder(file_names("cat"), size=(4, 6))
    folder(file_names("dog", count=5), size=(9, 9))
    spec = folder([f"dog/large-{i}.png" for i in range(5)], size=(8, 12))
    told = r"have 3 sizes \(height x width\): 6x4, as .*0\.png, 9x9, as .*; say which .*--image-size 6x4"
    with pytest.raises(BadData, match=told):
        describe_dataset(spec)
    data = load_dataset(spec, image_size=(3, 2))
    assert data.info.input_shape == data.train.images.shape[1:] == (3, 3, 2)
    assert data.info.remarks == ("sizes from 6x4 to 12x8, 20 resized to 3x2, 5 of them stretched",)
    assert describe_dataset(spec, image_size=(6, 4)).remarks == (
        "sizes from 6x4 to 12x8, 10 resized to 6x4, 5 of them stretched",
    )


def test_grey_images_among_coloured_ones_become_rgb(folder):
    """Whichever is the first."""
    folder(file_names("cat"), mode="L")
    data = load_dataset(folder(file_names("dog"), mode="RGB"))
    assert data.info.input_shape == (3, 6, 4)
    assert data.info.remarks == ("10 grey among coloured ones, read as RGB",)
    assert load_dataset(folder(file_names("dog"), mode="L")).info.input_shape == (1, 6, 4)


def test_what_is_done_to_images_is_said(folder):
    """And an image that is turned has the size that it is seen in."""
    spec = folder(file_names("cat", "dog"), mode="L")
    for i in range(3):
        Image.new("I;16", (4, 6), 257 * i).save(path(spec) / "cat" / f"{i}.png")
    exif = Image.Exif()
    exif[274] = 6
    Image.new("L", (6, 4)).save(path(spec) / "dog" / "9.png", exif=exif)
    data = load_dataset(spec)
    assert data.info.remarks == ("3 of 16 bits, read as 8", "1 turned as EXIF says")
    assert data.info.input_shape == (1, 6, 4)
    cats = [part.images[part.labels == 0] for part in (data.train, data.validation, data.test)]
    assert sorted(np.concatenate(cats)[:, 0, 0, 0].tolist()) == list(range(10))


def test_files_that_cannot_be_used_are_counted(folder):
    """The first is named."""
    spec = folder(file_names("cat", "dog"))
    for i in range(3):
        (path(spec) / "cat" / f"{i}.png").write_bytes(b"no image")
    with pytest.raises(BadData, match=r"cat/0\.png cannot be read as an image .* \(and 2 more such files\)$"):
        describe_dataset(spec)


def test_images_that_no_memory_holds_are_refused(folder, monkeypatch):
    monkeypatch.setattr(os, "sysconf", lambda name: {"SC_PAGE_SIZE": 1, "SC_PHYS_PAGES": 20 * 72 - 1}[name])
    spec = folder(file_names("cat", "dog"))
    with pytest.raises(BadData, match=r"20 images of 3x6x4, which take 0\.0 GB as they are decoded.*--image-size"):
        describe_dataset(spec)
    assert describe_dataset(spec, image_size=(2, 2)).remarks == ("all 6x4, 20 resized to 2x2, 20 of them stretched",)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_told(folder):
    spec = folder(file_names("cat", "dog"))
    (path(spec) / "dog").chmod(0)
    try:
        with pytest.raises(BadData, match=r"dog cannot be read .*Permission denied"):
            describe_dataset(spec)
    finally:
        (path(spec) / "dog").chmod(0o700)


def test_bad_folders_are_told(folder, tmp_path):
    with pytest.raises(NoSuchData, match=f"there is nothing at {tmp_path / 'nowhere'}; ") as absolute:
        describe_dataset(f"folder:{tmp_path / 'nowhere'}")
    assert "begin in" not in str(absolute.value)
    with pytest.raises(
        NoSuchData, match=r"nowhere; in its .*; paths, those in a log too, begin in the current folder$"
    ):
        describe_dataset("folder:nowhere/at/all/nowhere")
    (tmp_path / "images.npz").touch()
    with pytest.raises(NoSuchData, match=r"images\.npz is a file; name a folder with a folder of images for each"):
        describe_dataset(f"folder:{tmp_path / 'images.npz'}")
    with pytest.raises(BadData, match="no folder with images"):
        describe_dataset(f"folder:{tmp_path}")
    with pytest.raises(BadData, match="20 images of 1 classes"):
        describe_dataset(folder(file_names("cat", count=20)))


def test_an_image_that_is_cut_off_is_named(folder, tmp_path):
    """Which is seen when it is decoded."""
    spec = folder(file_names("cat", "dog"), size=(60, 60))
    path = tmp_path / "data/dog/7.png"
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(BadData, match=r"7\.png cannot be read as an image"):
        load_dataset(spec)
