"""Paths as a person writes them: they begin in the folder that is the current one then, and mean the same ever after.

So they are made absolute where they come in. A message names one as it can be typed now.
"""

from pathlib import Path


def to_absolute(path: str | Path) -> Path:
    """The path from the root, links as they are; the same where the user or the current folder is unknown.

    Whoever opens such a one finds out why.
    """
    path = Path(path)
    try:
        return path.expanduser().absolute()
    except (OSError, RuntimeError):
        return path


def shorten(path: Path) -> Path:
    """The path from the current folder on, where it lies in that; else as it is."""
    try:
        folder = Path.cwd()
    except OSError:  # it is gone
        return path
    is_inside = path.is_absolute() and path != folder and path.is_relative_to(folder)
    return path.relative_to(folder) if is_inside else path
