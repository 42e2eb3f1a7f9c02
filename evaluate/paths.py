"""What is wrong with a path that a person or a log names."""

from pathlib import Path


def beginning(place: str | Path) -> str:
    """The end of a message about a path to nothing: where it began, which an absolute one says itself."""
    absolute = Path(place).expanduser().is_absolute()
    return "" if absolute else "; paths, those in a log too, begin in the current folder"


def kind_of(path: Path) -> str:
    """What is there, for people."""
    return "a folder" if path.is_dir() else "a file" if path.is_file() else "a device, a pipe or a socket"
