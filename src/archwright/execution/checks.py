"""What people give to the functions of the public face, checked before anything is done: the rest is a BadArgument."""

import os
from contextlib import suppress
from math import isfinite
from pathlib import Path
from typing import Any

from attrs.validators import optional

from archwright.core.errors import ArchwrightError
from archwright.core.readers import ValueReader, make_validator
from archwright.core.value import as_integer
from archwright.store.written_paths import to_absolute


class BadArgument(ArchwrightError, ValueError):
    """An argument of a public function, method or class that cannot be what it is: by its type, or by its value."""


_READER = ValueReader(BadArgument)
read_count = _READER.read_count
read_positive_count = _READER.read_positive_count
check_flag = _READER.check_flag
check_text = _READER.check_text
check_mapping = _READER.check_mapping
list_values = _READER.list_values
# Validators of fields. Those of counts are for what `as_integer` gives; the last two take None, too: nothing is given.
require_count = make_validator(read_count)
require_positive_count = make_validator(read_positive_count)
require_flag = optional(make_validator(check_flag))
require_mapping = optional(make_validator(check_mapping))


def require_trust(_: object, __: object, trust: Any) -> None:
    """A validator of a field that says whether a person lets the code of a log run."""
    check_flag("trust", trust)


def read_seed(given: Any) -> int:
    """A seed as Python's integer."""
    return _READER.read_integer("seed", given)


def read_event_number(given: Any) -> int:
    """The number of an event as Python's integer."""
    number = as_integer(given)
    if type(number) is not int:
        _READER.refuse("at", given, "a whole number, that of an event; or an event, a trial, or 'best' or 'last'")
    return number


def read_log_path(given: Any) -> Path:
    """The absolute path of the file of a log."""
    return read_path("log", given, "a file, as in archwright.duckdb")


def read_path(name: str, given: Any, meaning: str) -> Path:
    """The absolute path of what it must be, from a text or a path."""
    if not isinstance(given, str | Path) or not str(given) or not _is_name(given):
        _READER.refuse(name, given, f"the path of {meaning}")
    return to_absolute(given)


def _is_name(path: str | Path) -> bool:
    """Whether a file may have that name: of characters that the system can write, without a null."""
    with suppress(UnicodeEncodeError):
        return b"\0" not in os.fsencode(path)
    return False


def read_file(given: Any, examples: str) -> Path:
    """The path of a file to be written, as it is given; from a text or a path."""
    read_path("file", given, f"a file, as in {examples}")
    return Path(given)


def read_figure_file(given: Any) -> Path | None:
    """The same for a figure; None where it is not to be written."""
    return None if given is None else read_file(given, "runs.png")


def read_optimum(given: Any) -> float | None:
    """The best possible score as Python's float; None where it is not known."""
    meaning = "a finite number, the best possible score"
    return None if given is None else _READER.read_number("optimum", given, meaning, isfinite)
