"""Arrays are read as they are meant, or refused by name."""

import os
from contextlib import suppress
from pathlib import Path
from socket import AF_UNIX, socket

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archwright.evaluate.data.dataset import BadData, NoSuchData
from archwright.evaluate.data.loading import describe_dataset, load_dataset
from tests.evaluate.data.sample_images import random_images, sort_images

GREY, LABELS = random_images(20, 4, 6), np.arange(20) % 2


def all_of(data):
    """The images and labels of all splits, in their order in the file: each image's first pixel is its number."""
    parts = (data.train, data.validation, data.test)
    images, labels = (np.concatenate([getattr(part, what) for part in parts]) for what in ("images", "labels"))
    order = np.argsort(images[:, 0, 0, 0])
    return images[order], labels[order]


def numbered(*shape, count=20):
    """Images whose every pixel is their number."""
    return np.broadcast_to(np.arange(count, dtype=np.uint8).reshape(-1, *(1 for _ in shape)), (count, *shape)).copy()


def test_arrays_of_grey_images_are_read_and_split(npz):
    images, labels = random_images(50, 5, 7), np.arange(50) % 3
    spec = npz(images=images, labels=labels)
    data = load_dataset(spec)
    assert data.info == describe_dataset(spec)
    assert (data.info.input_shape, data.info.classes) == ((1, 5, 7), 3)
    assert (data.info.train, data.info.validation, data.info.test) == (32, 8, 10)
    found = sort_images(data.train, data.validation, data.test)
    assert sorted(found) == sorted((image.tobytes(), i % 3) for i, image in enumerate(images))


def test_arrays_with_a_test_split_keep_it(npz):
    images, test = random_images(20, 4, 4, 3), random_images(5, 4, 4, 3, seed=1)
    labels = np.arange(20, dtype=np.uint8) % 2
    data = load_dataset(npz(images=images, labels=labels, test_images=test, test_labels=labels[:5]))
    assert (len(data.train), len(data.validation), len(data.test)) == (16, 4, 5)
    assert np.array_equal(data.test.images, test.transpose(0, 3, 1, 2))


def test_a_folder_with_npz_files_is_a_data_set_with_their_splits(npz, tmp_path):
    for i, split in enumerate(("train", "val", "test")):
        npz(f"my_{split}.npz", images=random_images(20 + i, 4, 4), labels=np.arange(20 + i) % 2)
    info = describe_dataset(f"npz:{tmp_path}")
    assert (info.train, info.validation, info.test) == (20, 21, 22)
    npz("other_test.npz", images=GREY, labels=LABELS)
    with pytest.raises(BadData, match=r"my_test\.npz and images in .*other_test\.npz are both test images"):
        describe_dataset(f"npz:{tmp_path}")


def test_a_folder_with_two_npz_files_is_a_data_set(npz):
    labels = np.arange(20) % 2
    npz("my_train.npz", images=random_images(20, 4, 4), labels=labels)
    spec = npz("my_test.npz", images=random_images(6, 4, 4), labels=labels[:6])
    data = load_dataset(f"npz:{Path(spec.removeprefix('npz:')).parent}")
    assert (data.info.train, data.info.validation, data.info.test) == (16, 4, 6)


def test_validation_images_of_its_own_are_kept(npz):
    """Under any of their names; what --validation says is then of no matter."""
    labels = np.arange(20) % 2
    for prefix in ("val_", "valid_", "validation_"):
        held = {f"{prefix}images": random_images(6, 4, 6, seed=1), f"{prefix}labels": labels[:6]}
        data = load_dataset(npz(train_images=GREY, train_labels=LABELS, **held), validation=0.5)
        assert (data.info.train, data.info.validation, data.info.test) == (16, 6, 4)
        assert np.array_equal(data.validation.images[:, 0], held[f"{prefix}images"])


@pytest.mark.parametrize(
    ("shape", "found"),
    [
        ((8, 7), (1, 8, 7)),
        ((1, 8), (1, 1, 8)),
        ((8, 8, 1), (1, 8, 8)),
        ((1, 8, 8), (1, 8, 8)),
        ((16, 15, 3), (3, 16, 15)),
        ((3, 16, 15), (3, 16, 15)),
    ],
)
def test_channels_are_first_or_last(npz, shape, found):
    images = random_images(20, *shape)
    data = load_dataset(npz(images=images, labels=LABELS))
    assert data.info.input_shape == data.train.images.shape[1:] == found
    expected = images.transpose(0, 3, 1, 2) if shape[-1] in (1, 3) else images
    assert sort_images(data.train, data.validation, data.test) == sorted(
        (image.tobytes(), label) for image, label in zip(expected, LABELS.tolist(), strict=True)
    )


@pytest.mark.parametrize("shape", [(3, 8, 3), (1, 8, 1), (3, 8, 1), (4, 8, 8), (8, 8, 2), (8, 8, 16)])
def test_where_channels_may_be_either_end_or_none_the_file_has_to_say(npz, shape):
    images = random_images(20, *shape)
    with pytest.raises(BadData, match=r"; add an array layout to the file that holds NHWC or NCHW$"):
        describe_dataset(npz(images=images, labels=LABELS))
    assert describe_dataset(npz(images=images, labels=LABELS, layout="NCHW")).input_shape == shape
    last = load_dataset(npz(images=images, labels=LABELS, layout=np.array("NHWC")))
    assert last.info.input_shape == last.train.images.shape[1:] == (shape[2], *shape[:2])
    with pytest.raises(BadData, match=r"layout in .* is 'HWC'; it may be NHWC or NCHW"):
        describe_dataset(npz(images=images, labels=LABELS, layout="HWC"))


@pytest.mark.parametrize(
    ("values", "read_as", "remark"),
    [
        (np.array([0, 0.5, 1], "f4"), [0, 128, 255], ["float32 times 255 read as uint8"]),
        (np.array([0, 1, 1], "f8"), [0, 255, 255], ["float64 times 255 read as uint8"]),
        (np.array([0, 7, 255], "f8"), [0, 7, 255], ["float64 read as uint8"]),
        (np.array([0, 7, 255], "i8"), [0, 7, 255], ["int64 read as uint8"]),
        (np.array([0, 1, 1], "u2"), [0, 1, 1], ["uint16 read as uint8"]),
        (np.array([0, 1, 1], "?"), [0, 255, 255], ["bool times 255 read as uint8"]),
        (np.array([0, 7, 255], "u1"), [0, 7, 255], []),
    ],
)
def test_values_go_from_0_to_255(npz, values, read_as, remark):
    """0.5 is 127.5, which is rounded to the even number."""
    images = np.broadcast_to(values, (20, 4, 3))
    data = load_dataset(npz(images=images, labels=LABELS))
    assert data.train.images.dtype == np.uint8
    assert data.train.images[0, 0].tolist() == [read_as] * 4
    assert list(data.info.remarks) == remark


def odd(value, dtype="f4"):
    """Images of zeros, but for one value in the image number 7."""
    images = np.zeros((20, 4, 3), dtype)
    images[7, 1, 2] = value
    return images


@pytest.mark.parametrize(
    ("images", "told"),
    [
        (odd(-0.5), r"are float32 from -0\.5 to 0; they must be whole numbers from 0 to 255, or floats from 0 to 1"),
        (odd(300, "i4"), r"are int32 from 0 to 300"),
        (odd(2.5), r"are floats up to 2\.5, with fractions as in image 7"),
        (odd(np.nan), r"have a NaN in image 7; mend or remove it"),
        (odd(np.inf), r"are float32 from 0 to inf"),
        (odd("x", "U1"), r"are <U1; they must be numbers"),
        (odd(1j, "c8"), r"are complex64; they must be numbers"),
        (random_images(20, 16), r"are of shape \(20, 16\); they must be \(n, height, width\)"),
        (random_images(20, 2, 1, 4, 4), r"are of shape \(20, 2, 1, 4, 4\)"),
    ],
)
def test_images_that_cannot_be_read_as_they_were_meant_are_refused(npz, images, told):
    with pytest.raises(BadData, match=f"images in .*mine.npz {told}"):
        describe_dataset(npz(images=images, labels=LABELS))


@pytest.mark.parametrize(
    ("labels", "class_names"),
    [
        (np.arange(20) % 3, ("0", "1", "2")),
        (np.arange(20) % 3 + 1, ("1", "2", "3")),
        (np.arange(20) % 2 * 9, ("0", "9")),
        (np.arange(60) % 12, tuple(map(str, range(12)))),  # and not as texts are sorted
        ((np.arange(20) % 3).astype("f4"), ("0", "1", "2")),
        ((np.arange(20) % 2).astype(bool), ("0", "1")),
        ((np.arange(20) % 2)[:, None], ("0", "1")),
        (np.array(["dog", "çat"] * 10), ("dog", "çat")),
        (np.array([b"dog", b"cat"] * 10), ("cat", "dog")),
    ],
)
def test_classes_are_the_labels_in_their_order(npz, labels, class_names):
    data = load_dataset(npz(images=numbered(4, 4, count=len(labels)), labels=labels))
    assert data.info.class_names == class_names
    expected = [name.decode() if isinstance(name, bytes) else str(name) for name in labels.reshape(-1).tolist()]
    expected = [str(int(float(name))) if name[0].isdigit() else name for name in expected]
    expected = [{"True": "1", "False": "0"}.get(name, name) for name in expected]
    _, found = all_of(data)
    assert [class_names[label] for label in found] == expected


def test_an_array_may_name_the_classes(npz):
    """Whose labels are their places in it, or the names themselves; of one of them there may be no image."""
    classes = np.array(["dog", "cat", "cow"])
    numbers = np.arange(20) % 2
    for labels in (numbers, classes[numbers]):
        data = load_dataset(npz(images=numbered(4, 4), labels=labels, classes=classes))
        assert data.info.class_names == ("dog", "cat", "cow")
        assert all_of(data)[1].tolist() == numbers.tolist()


@pytest.mark.parametrize(
    ("arrays", "told"),
    [
        ({"image": GREY}, "no array 'images'; did you mean image"),
        ({"images": GREY}, "no array 'labels'"),
        ({"images": GREY, "labels": np.arange(19)}, r"labels in .* are of shape \(19,\); they must be 20"),
        ({"images": GREY, "labels": np.eye(2)[LABELS]}, r"write labels\.argmax\(1\) if each row has a 1"),
        ({"images": GREY, "labels": LABELS - 1}, "go down to -1; they must be 0 or more"),
        ({"images": GREY, "labels": LABELS + 0.5}, r"labels in .* are float64, such as 0\.5; they must be whole"),
        ({"images": GREY, "labels": np.where(LABELS, np.nan, 0)}, "are float64, such as nan"),
        ({"images": GREY, "labels": LABELS, "classes": np.array(["a"])}, "labels in .* have 1, which is no class"),
        ({"images": GREY, "labels": LABELS, "classes": np.array(["a", "a"])}, "must be texts, each only once"),
        ({"images": GREY, "labels": LABELS, "classes": np.arange(2)}, "classes in .* are int64 of shape"),
        ({"images": GREY, "train_images": GREY, "labels": LABELS}, "are both train images; keep one of them"),
        (
            {"images": GREY[:5], "labels": np.arange(5)},
            "5 images of 5 classes; at least 10 images of 2 classes are needed",
        ),
        ({"images": GREY, "labels": np.zeros(20, int)}, "20 images of 1 classes"),
        ({"images": GREY[:0], "labels": LABELS[:0]}, "0 images"),
        ({"images": GREY, "labels": np.arange(20)}, "20 to train on, 0 to validate on and 0 to test on"),
    ],
)
def test_bad_arrays_are_told(npz, arrays, told):
    with pytest.raises(BadData, match=told):
        describe_dataset(npz(**arrays))


@pytest.mark.parametrize(
    ("images", "labels", "told"),
    [
        (random_images(2, 5, 5), [0, 1], r"test_images in .* are 1x5x5 .* and images in .* are 1x4x6"),
        (random_images(2, 4, 6), [0, 2], r"test_labels in .* have 2, which is no class; the classes are 0, 1"),
        (random_images(2, 4, 6), ["0", "b"], r"test_labels in .* have b, which is no class; the classes are 0, 1"),
        (random_images(2, 4, 6) / 255, [0, 1], r"differ in what is white; scale them alike"),
    ],
)
def test_splits_that_do_not_go_together_are_told(npz, images, labels, told):
    with pytest.raises(BadData, match=told):
        describe_dataset(npz(images=GREY, labels=LABELS, test_images=images, test_labels=np.array(labels)))


def test_numbers_are_no_names_of_classes(npz):
    """Where the labels to learn are texts, and no array says which number each is."""
    labels = np.array(["b", "a"] * 10)
    with pytest.raises(BadData, match=r"test_labels in .* are int64, others <U1; write them alike"):
        describe_dataset(npz(images=GREY, labels=labels, test_images=GREY, test_labels=LABELS))


def test_arrays_that_nothing_is_known_of_are_passed_over_and_said(npz):
    spec = npz(images=GREY, labels=LABELS, ids=np.arange(20), classes=np.array(["a", "b"]))
    assert describe_dataset(spec).remarks == ("passed over: ids",)


@given(data=st.data())
def test_a_damaged_file_is_told_or_read(data, damaged):
    """Nothing else is raised, whatever a byte of it becomes."""
    path, whole = damaged
    place = data.draw(st.integers(0, len(whole) - 1))
    path.write_bytes(whole[:place] + bytes([data.draw(st.integers(0, 255))]) + whole[place + 1 :])
    with suppress(BadData):
        assert len(load_dataset(f"npz:{path}").train) > 0


@pytest.fixture(scope="module")
def damaged(tmp_path_factory):
    """A file, and what it holds while it is whole."""
    path = tmp_path_factory.mktemp("damaged") / "a.npz"
    np.savez(path, images=GREY, labels=LABELS, classes=np.array(["a", "b"]))
    return path, path.read_bytes()


def test_objects_and_half_a_file_are_refused(npz, tmp_path):
    """Nothing of a file is run."""
    with pytest.raises(BadData, match=r"labels in .* cannot be read .*Object arrays"):
        describe_dataset(npz(images=GREY, labels=np.array([{}] * 20)))
    spec = npz(images=random_images(50, 8, 8), labels=np.arange(50) % 2)
    path = tmp_path / "mine.npz"
    whole = path.read_bytes()
    path.write_bytes(whole[:200] + b"?" + whole[201:])
    with pytest.raises(BadData, match=r"images in .* cannot be read"):
        load_dataset(spec)
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadData, match="is no npz file"):
        load_dataset(spec)


def test_a_file_that_is_no_npz_or_not_there_is_told(tmp_path):
    (tmp_path / "mine.npz").write_bytes(b"no zip")
    with pytest.raises(BadData, match="is no npz file"):
        describe_dataset(f"npz:{tmp_path / 'mine.npz'}")
    with pytest.raises(NoSuchData, match=r"did you mean mine\.npz"):
        describe_dataset(f"npz:{tmp_path / 'mien.npz'}")
    with pytest.raises(NoSuchData, match=r"has no file \*train\.npz"):
        describe_dataset(f"npz:{tmp_path}")


@pytest.mark.parametrize("reader", [1, 2])
def test_pipes_and_sockets_are_no_arrays(tmp_path, monkeypatch, reader):
    """They are told by what they are, and nobody waits for what may come of them."""
    os.mkfifo(tmp_path / "pipe.npz")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "folder" / "train.npz")
    monkeypatch.chdir(tmp_path)  # as the path of a socket may not be long
    with socket(AF_UNIX) as theirs:
        theirs.bind("socket.npz")
    for name in ("pipe.npz", "socket.npz"):
        with pytest.raises(NoSuchData, match=rf"{name} is a device, a pipe or a socket; name an npz file, or a folder"):
            describe_dataset(f"npz:{tmp_path / name}", reader=reader)
    with pytest.raises(NoSuchData, match=r"folder has (no file|0 files) \*train\.npz"):
        describe_dataset(f"npz:{tmp_path / 'folder'}", reader=reader)
