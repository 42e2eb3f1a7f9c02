"""What people give to functions that run trials, checked before anything is logged."""

from collections.abc import Iterable, Mapping
from math import isfinite
from pathlib import Path
from typing import Any, SupportsFloat, cast

from attrs import Attribute

from archwright.core.errors import ArchwrightError
from archwright.core.value import as_integer
from archwright.store.written_paths import to_absolute


class BadRunOption(ArchwrightError, ValueError):
    """An argument of a run, or of how it is worked on, that it cannot be."""


def require_count(_: object, attribute: "Attribute[Any]", count: Any) -> None:
    """A validator of a field that holds how many there are of something, 0 or more, by `as_integer`."""
    if type(count) is not int or count < 0:
        raise BadRunOption(f"{attribute.name} is {count!r:.80}; it must be a whole number of 0 or more")


def require_positive_count(_: object, attribute: "Attribute[Any]", count: Any) -> None:
    """A validator of a field that holds how many there are of something, 1 or more, by `as_integer`."""
    if type(count) is not int or count < 1:
        raise BadRunOption(f"{attribute.name} is {count!r:.80}; it must be a whole number of 1 or more")


def require_flag(_: object, attribute: "Attribute[Any]", flag: Any) -> None:
    """A validator of a field that is True or False; its default None says that nothing is given."""
    if flag is not None and not isinstance(flag, bool):
        raise BadRunOption(f"{attribute.name} is {flag!r:.80}; it must be True or False")


def require_trust(_: object, __: "Attribute[Any]", trust: Any) -> None:
    """A validator of a field that says whether a person lets the code of a log run."""
    check_flag("trust", trust)


def require_mapping(_: object, attribute: "Attribute[Any]", given: Any) -> None:
    """A validator of a field that holds values by their names; its default None says that nothing is given."""
    if given is not None and not isinstance(given, Mapping):
        raise BadRunOption(f"{attribute.name} is {given!r:.80}; it must be a mapping, values by their names")


def read_seed(given: Any) -> int:
    """A seed as Python's integer; BadRunOption of anything but a whole number."""
    return _read_whole_number("seed", given)


def _read_whole_number(name: str, given: Any) -> int:
    number = as_integer(given)
    if type(number) is not int:
        raise BadRunOption(f"{name} is {given!r:.80}; it must be a whole number")
    return number


def read_count(name: str, given: Any) -> int:
    """How many there are of something, as Python's integer; BadRunOption of anything but 0, 1, 2 ..."""
    number = _read_whole_number(name, given)
    if number < 0:
        raise BadRunOption(f"{name} is {given!r:.80}; it must be a whole number of 0 or more")
    return number


def check_text(name: str, given: Any, meaning: str) -> str:
    """A text as it is; BadRunOption of anything else than what it must be."""
    if not isinstance(given, str):
        raise BadRunOption(f"{name} is {given!r:.80}; it must be {meaning}")
    return given


def list_values(name: str, given: Any, meaning: str) -> list[Any]:
    """The values of a list, or of another iterable but a text; BadRunOption of anything else."""
    if isinstance(given, Iterable) and not isinstance(given, str):
        return list(cast("Iterable[Any]", given))
    raise BadRunOption(f"{name} is {given!r:.80}; it must be a list{meaning}")


def read_positive_count(name: str, given: Any) -> int:
    """How many there are of something, as Python's integer; BadRunOption of anything but 1, 2, 3 ..."""
    number = as_integer(given)
    if type(number) is not int or number < 1:
        raise BadRunOption(f"{name} is {given!r:.80}; it must be a whole number of 1 or more")
    return number


def read_event_number(given: Any) -> int:
    """The number of an event as Python's integer; BadRunOption of anything but a whole number."""
    return _read_whole_number("at", given)


def read_log_path(given: Any) -> Path:
    """The absolute path of the file of a log; BadRunOption of anything but a text or a path."""
    return read_path("log", given, "a file, as in archwright.duckdb")


def read_optimum(given: Any) -> float | None:
    """The best possible score as Python's float, None where it is not known; BadRunOption unless it is finite."""
    is_number = isinstance(given, SupportsFloat) and not isinstance(given, bool)
    if given is not None and not (is_number and isfinite(given)):
        raise BadRunOption(f"optimum is {given!r:.80}; it must be a finite number, the best possible score")
    return None if given is None else float(given)


def read_path(name: str, given: Any, meaning: str) -> Path:
    """The absolute path of what it must be; BadRunOption of anything but a text or a path."""
    if not isinstance(given, str | Path) or not str(given):
        raise BadRunOption(f"{name} is {given!r:.80}; it must be the path of {meaning}")
    return to_absolute(given)


def check_flag(name: str, given: Any) -> bool:
    """What is True or False as it is; BadRunOption of anything else."""
    if not isinstance(given, bool):
        raise BadRunOption(f"{name} is {given!r:.80}; it must be True or False")
    return given
