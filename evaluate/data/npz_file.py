"""The arrays of an npz file: which there are, what their headers say, and what they hold."""

import zipfile
from pathlib import Path

import numpy as np
from numpy.lib import format as npy

from archwright.core.errors import nearest
from archwright.evaluate.data.images import BadData

WANTED = "an npz file, or a folder with *train.npz in it"


def files_in(folder: Path, ending: str) -> list[Path]:
    """The npz files of a folder whose names end so, in the order of their names."""
    return sorted(path for path in folder.glob(f"*{ending}.npz") if path.is_file())


def names(file: Path) -> list[str]:
    """Of the arrays of a file; raises BadData."""
    try:
        with zipfile.ZipFile(file) as archive:
            return [name.removesuffix(".npy") for name in archive.namelist()]
    except Exception as error:  # whatever a broken file makes Python raise, here and below
        raise BadData(f"{file} is no npz file ({error}); write it with numpy.savez") from error


def header(file: Path, name: str) -> tuple[tuple[int, ...], np.dtype]:
    """The shape and the type of an array, without reading it; raises BadData."""
    if name not in (known := names(file)):
        raise BadData(f"{file} has no array {name!r}; {nearest(name, known)}")
    try:
        with zipfile.ZipFile(file) as archive, archive.open(f"{name}.npy") as member:
            read = npy.read_array_header_1_0 if npy.read_magic(member) == (1, 0) else npy.read_array_header_2_0
            shape, _, dtype = read(member)
    except Exception as error:
        raise _unreadable(file, name, error) from error
    return shape, dtype


def array(file: Path, name: str) -> np.ndarray:
    """An array, read; raises BadData."""
    header(file, name)  # says in our words that it is not there
    try:
        with np.load(file) as arrays:
            return arrays[name]
    except Exception as error:
        raise _unreadable(file, name, error) from error


def _unreadable(file: Path, name: str, error: Exception) -> BadData:
    return BadData(f"{name} in {file} cannot be read ({error}); write it again with numpy.savez")
