"""Paths as a person writes them: they begin in the folder that is the current one then, and mean the same ever after.

So they are made absolute where they come in. A message names one as it can be typed now.
"""

from pathlib import Path

DEFAULT_LOG = Path("archwright.duckdb")
_given_from_a_folder: set[Path] = set()  # the absolute ones of paths that this process was given as relative ones


def to_absolute(path: str | Path) -> Path:
    """The path from the root, links as they are; the same where the user or the current folder is unknown.

    Whoever opens such a one finds out why.
    """
    path = Path(path)
    try:
        absolute = path.expanduser().absolute()
    except (OSError, RuntimeError):
        return path
    if not path.expanduser().is_absolute():
        _given_from_a_folder.add(absolute)
    return absolute


def shorten(path: Path) -> Path:
    """The path from the current folder on, if it lies in that and was given as a relative one, or a folder of it was.

    Else as it is.
    """
    try:
        folder = Path.cwd()
    except OSError:  # it is gone
        return path
    is_given = not _given_from_a_folder.isdisjoint((path, *path.parents))
    is_inside = is_given and path != folder and path.is_relative_to(folder)
    return path.relative_to(folder) if is_inside else path
