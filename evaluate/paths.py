"""What is wrong with a path that a person or a log names."""

from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path


def explain_relative_path(place: str | Path) -> str:
    """The end of a message about a path to nothing: where it began, which an absolute one says itself."""
    absolute = Path(place).expanduser().is_absolute()
    return "" if absolute else "; paths, those in a log too, begin in the current folder"


def describe_file_kind(path: Path) -> str:
    """What is there, for people."""
    return "a folder" if path.is_dir() else "a file" if path.is_file() else "a device, a pipe or a socket"


@contextmanager
def make_folder(folder: Path) -> Generator[None]:
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
