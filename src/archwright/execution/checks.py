"""What people give to functions that run trials, checked before anything is logged."""

from collections.abc import Mapping
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


def require_trust(_: object, __: "Attribute[Any]", trust: Any) -> None:
    """A validator of a field that says whether a person lets the code of a log run."""
    if not isinstance(trust, bool):
        raise BadRunOption(f"trust is {trust!r:.80}; it must be True or False")


def require_mapping(_: object, attribute: "Attribute[Any]", given: Any) -> None:
    """A validator of a field that holds values by their names; its default None says that nothing is given."""
    if given is not None and not isinstance(given, Mapping):
        raise BadRunOption(f"{attribute.name} is {given!r:.80}; it must be a mapping, values by their names")


def read_seed(given: Any) -> int:
    """A seed as Python's integer; BadRunOption of anything but a whole number."""
    return _read_whole_number("seed", given)


def _read_whole_number(name: str, given: Any) -> int:
    try:
        number = None if isinstance(given, bool) else index(given)
    except TypeError:
        number = None
    if number is None:
        raise BadRunOption(f"{name} is {given!r:.80}; it must be a whole number")
    return number


def read_event_number(given: Any) -> int:
    """The number of an event as Python's integer; BadRunOption of anything but a whole number."""
    return _read_whole_number("at", given)


def read_log_path(given: Any) -> Path:
    """The path of the file of a log; BadRunOption of anything but a text or a path."""
    if not isinstance(given, str | Path):
        raise BadRunOption(f"log is {given!r:.80}; it must be the path of a file, as in archwright.duckdb")
    return Path(given)
