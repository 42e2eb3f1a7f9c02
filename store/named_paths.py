"""Paths that a user or a log names: what is wrong with them, and folders that are made for them."""

from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path


def explain_relative_path(path: str | Path) -> str:
    """The end of a message about a path that leads nowhere: what a relative one is relative to; else nothing."""
    is_absolute = Path(path).expanduser().is_absolute()
    return "" if is_absolute else "; paths, those in a log too, begin in the current folder"


def describe_file_kind(path: Path) -> str:
    """The kind of what lies at the path, as messages name it."""
    return "a folder" if path.is_dir() else "a file" if path.is_file() else "a device, a pipe or a socket"


@contextmanager
def make_folder(folder: Path) -> Generator[None]:
    """Makes the folder and its parents for the block; those that are new are removed again where the block fails.

    Unless something has been put into them.
    """
    new_folders = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        for path in new_folders:
            with suppress(OSError):  # it was not made, or is not empty
                path.rmdir()
        raise
