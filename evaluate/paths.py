"""Where paths begin that a person or a log names."""

from pathlib import Path


def beginning(place: str | Path) -> str:
    """The end of a message about a path to nothing: where it began, which an absolute one says itself."""
    absolute = Path(place).expanduser().is_absolute()
    return "" if absolute else "; paths, those in a log too, begin in the current folder"
