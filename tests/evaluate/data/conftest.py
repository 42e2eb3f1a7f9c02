"""Data sets that tests write."""

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def npz(tmp_path):
    """Writes arrays to a file; what the data is called."""

    def write(name="mine.npz", **arrays):
        np.savez(tmp_path / name, **arrays)
        return f"npz:{tmp_path / name}"

    return write


@pytest.fixture
def folder(tmp_path):
    """Writes an image to each of some files, the number of the file its shade; what the data is called.

    `size` is width and height.
    """

    def write(files, size=(4, 6), mode="RGB"):
        for i, name in enumerate(files):
            path = tmp_path / "data" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new(mode, size, i).save(path)
        return f"folder:{tmp_path / 'data'}"

    return write
