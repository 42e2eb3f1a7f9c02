"""Data frames of pandas or polars, whichever is installed: neither is imported before somebody asks for one."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module
from typing import Any

from archwright.core.errors import ArchwrightError, suggest_names

Columns = Mapping[str, Sequence[object]]
MAX_EXACT_INTEGER = 2**53  # up to which every whole number is a float
_INT64 = range(-(2**63), 2**63)


class NoFrameLibrary(ArchwrightError, ImportError):
    """A data frame that is asked for where no library that makes one is installed."""


class UnknownFrameLibrary(ArchwrightError, ValueError):
    """A library that makes no data frames, as far as archwright knows."""


def make_frame(columns: Columns, library: str | None = None) -> Any:
    """A data frame with these columns, of `library`, or of the first one that is installed: pandas, polars.

    Values stay what they are: a column of whole numbers with gaps is of nullable integers, and one of values of
    several types is of objects. Raises NoFrameLibrary and UnknownFrameLibrary.
    """
    if library is not None and library not in tuple(FRAME_LIBRARIES):
        raise UnknownFrameLibrary(f"no data frames are made by {library!r}; {suggest_names(library, FRAME_LIBRARIES)}")
    for name in FRAME_LIBRARIES if library is None else (library,):
        module = _find_module(name)
        if module is not None:
            return FRAME_LIBRARIES[name](module, columns)
    wanted = "pandas or polars" if library is None else library
    raise NoFrameLibrary(
        f"a frame is a value of {wanted}, which is not installed here; install it, as in: "
        f"pip install {library or next(iter(FRAME_LIBRARIES))}"
    )


def _find_module(name: str) -> Any:
    """The module of a library; None where it is not installed."""
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:  # it is installed, and lacks something
            raise
        return None


def _make_pandas_frame(pandas: Any, columns: Columns) -> Any:
    return pandas.DataFrame({name: _make_pandas_column(pandas, list(values)) for name, values in columns.items()})


def _make_pandas_column(pandas: Any, values: list[Any]) -> Any:
    known = [value for value in values if value is not None]
    if known and len(known) < len(values):  # pandas alone would make floats of whole numbers, and objects of booleans
        if all(isinstance(value, bool) for value in known):
            return pandas.array(values, dtype="boolean")
        if all(type(value) is int and value in _INT64 for value in known):
            return pandas.array(values, dtype="Int64")
    return values


def _make_polars_frame(polars: Any, columns: Columns) -> Any:
    return polars.DataFrame([_make_polars_column(polars, name, list(values)) for name, values in columns.items()])


def _make_polars_column(polars: Any, name: str, values: list[Any]) -> Any:
    kinds = {type(value) for value in values if value is not None}
    integers = [value for value in values if type(value) is int]
    if kinds == {int, float} and all(abs(value) <= MAX_EXACT_INTEGER for value in integers):
        values = [None if value is None else float(value) for value in values]
    elif len(kinds) > 1 or not all(value in _INT64 for value in integers):
        return polars.Series(name, values, dtype=polars.Object)
    return polars.Series(name, values)


FRAME_LIBRARIES: Mapping[str, Callable[[Any, Columns], Any]] = {
    "pandas": _make_pandas_frame,
    "polars": _make_polars_frame,
}


def name_columns(groups: Mapping[str, Iterable[str]]) -> dict[tuple[str, str], str]:
    """A name for each column of each group, by both: its own, or GROUP.NAME where a column has that already."""
    names: dict[tuple[str, str], str] = {}
    taken = set[str]()
    for group, columns in groups.items():
        for column in columns:
            name = column
            while name in taken:
                name = f"{group}.{name}"
            taken.add(name)
            names[group, column] = name
    return names
