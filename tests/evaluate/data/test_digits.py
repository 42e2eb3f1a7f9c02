"""The digits of scikit-learn, which are read without it."""

import importlib.util
import sys

import numpy as np
import pytest
from sklearn.datasets import load_digits

from archwright.evaluate.data import builtin

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
