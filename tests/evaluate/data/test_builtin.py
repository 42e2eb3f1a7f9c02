"""The digits of scikit-learn are read without it, and the files of MNIST as they are, gzipped or not."""

import importlib.util
import sys

import numpy as np
import pytest
from sklearn.datasets import load_digits

from archwright.evaluate.data import builtin
from archwright.evaluate.data.dataset import BadData
from tests.evaluate.data.idx_files import write_idx
from tests.evaluate.data.sample_images import random_images

SHADES, LABELS = load_digits(return_X_y=True)


@pytest.fixture(params=["found", "moved"])
def file_of_scikit_learn(request, monkeypatch):
    """Where it is, no import of its data sets is possible; where another release has moved it, it is looked for."""
    if request.param == "found":
        monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    else:
        monkeypatch.setattr(builtin, "find_spec", lambda _: importlib.util.find_spec("json"))


@pytest.mark.usefixtures("file_of_scikit_learn")
def test_digits_are_those_of_scikit_learn():
    images, *others = builtin.DigitsSource().read()
    assert others == [None, None]
    assert images.labels.tolist() == LABELS.tolist()
    assert np.array_equal(images.images, np.round(SHADES.reshape(-1, 1, 8, 8) * 255 / 16))


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_an_idx_file_is_read_gzipped_or_not(tmp_path, suffix):
    array = random_images(3, 4, 5)
    write_idx(tmp_path / f"a{suffix}", array)
    assert np.array_equal(builtin.read_idx(tmp_path / f"a{suffix}"), array)


@pytest.mark.parametrize("data", [b"", b"\0\0\x08", b"PNG-whatever", b"\0\0\x08\x01\0\0\0\x09abc"])
def test_a_broken_idx_file_is_named(tmp_path, data):
    (tmp_path / "a").write_bytes(data)
    (tmp_path / "b.gz").write_bytes(data)
    for name in ("a", "b.gz"):
        with pytest.raises(BadData, match=f"{name} is no idx file"):
            builtin.read_idx(tmp_path / name)
