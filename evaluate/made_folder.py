"""Folders that are made for what is to be put into them, and are gone again where that fails."""

from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def made(folder: Path) -> Generator[None]:
    """Makes the folder, and those that it lies in; where something then fails, those that were made are gone again.

    Unless somebody has put something into them.
    """
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        for place in missing:
            with suppress(OSError):  # it was not made, or is not empty
                place.rmdir()
        raise
