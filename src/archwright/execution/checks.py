"""What people give to functions that run trials, checked before anything is logged."""

from operator import index
from pathlib import Path
from typing import Any

from attrs import Attribute

from archwright.core.errors import ArchwrightError


class BadRunOption(ArchwrightError, ValueError):
    """An argument of a run, or of how it is worked on, that it cannot be."""


def require_count(_: object, attribute: "Attribute[Any]", count: Any) -> None:
    """A validator of a field that holds how many there are of something, 0 or more."""
    if type(count) is not int or count < 0:
        raise BadRunOption(f"{attribute.name} is {count!r:.80}; it must be a whole number of 0 or more")


def require_positive_count(_: object, attribute: "Attribute[Any]", count: Any) -> None:
    """A validator of a field that holds how many there are of something, 1 or more."""
    if type(count) is not int or count < 1:
        raise BadRunOption(f"{attribute.name} is {count!r:.80}; it must be a whole number of 1 or more")


def require_flag(_: object, attribute: "Attribute[Any]", flag: Any) -> None:
    """A validator of a field that is True or False; its default None says that nothing is given."""
    if flag is not None and not isinstance(flag, bool):
        raise BadRunOption(f"{attribute.name} is {flag!r:.80}; it must be True or False")


def read_seed(given: Any) -> int:
    """A seed as Python's integer; BadRunOption of anything but a whole number."""
    try:
        seed = None if isinstance(given, bool) else index(given)
    except TypeError:
        seed = None
    if seed is None:
        raise BadRunOption(f"seed is {given!r:.80}; it must be a whole number")
    return seed


def read_log_path(given: Any) -> Path:
    """The path of the file of a log; BadRunOption of anything but a text or a path."""
    if not isinstance(given, str | Path):
        raise BadRunOption(f"log is {given!r:.80}; it must be the path of a file, as in archwright.duckdb")
    return Path(given)
