"""What was begun with the first reader is read and split as it was then."""

import hashlib

import numpy as np
import pytest
from PIL import Image

from archwright.evaluate.data.dataset import BadData
from archwright.evaluate.data.loading import describe_dataset, load_dataset
from archwright.evaluate.logged_evaluations import evaluation_from_json
from archwright.evaluate.training.evaluation import Training
from tests.evaluate.data.sample_images import file_names, random_images


def told(data):
    """The size of each split, and what tells its images and labels from all others."""
    parts = (data.train, data.validation, data.test)
    return [
        (len(part), hashlib.sha256(part.images.tobytes() + part.labels.tobytes()).hexdigest()[:8]) for part in parts
    ]


@pytest.fixture
def drawn(tmp_path):
    """Saves images at random to some files; what the data is called."""

    def drawn(files):
        for i, name in enumerate(files):
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(random_images(6, 4, 3, seed=i)).save(path)
        return f"folder:{tmp_path}"

    return drawn


def test_splits_are_those_that_archwright_0_1_0_drew(npz, drawn):
    """Goldens, of the code as it was before there was another reader."""
    digits = [(1150, "c1847550"), (288, "0397ea71"), (359, "dcedd4b1")]
    assert told(load_dataset("digits", reader=1)) == digits
    arrays = npz(images=random_images(30, 1, 8, 8), labels=np.arange(30) % 3 + 1)
    data = load_dataset(arrays, seed=3, reader=1)
    assert (data.info.input_shape, data.info.classes) == ((8, 1, 8), 4)
    assert told(data) == [(19, "6947f825"), (5, "caf5c1f9"), (6, "47f07f4d")]
    spec = drawn([*file_names("train/cat", "train/dog"), *file_names("val/dog", count=5), "train/dog/x.tif"])
    assert told(load_dataset(spec, reader=1)) == [(16, "f9de26d3"), (4, "64e4e608"), (5, "f48c2c27")]


def test_images_become_like_the_first_and_validation_images_are_tested_on(folder):
    folder(file_names("train/cat"), size=(4, 6), mode="RGB")
    spec = folder(file_names("train/dog", "val/dog"), size=(9, 9), mode="L")
    data = load_dataset(spec, reader=1)
    assert data.train.images.shape[1:] == (3, 6, 4)
    assert (data.info.train, data.info.validation, data.info.test) == (16, 4, 10)
    with pytest.raises(BadData, match="have 2 sizes"):
        load_dataset(spec)


def test_a_configuration_without_a_reader_was_begun_with_the_first():
    """One that is begun now is not; one of a function without data has none to read."""
    old = evaluation_from_json({"kind": "training", "data": "digits"})
    assert (old.reader, Training().reader) == (1, 2)
    assert old.describe_data() == describe_dataset("digits", reader=1)
    assert evaluation_from_json({"kind": "function", "source": "a.py:b", "data": "digits"}).reader == 1
    assert evaluation_from_json({"kind": "function", "source": "a.py:b", "data": None}).reader == 2
