"""The rows that a query of a log gives."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from attrs import frozen

from archwright.core.errors import show
from archwright.display.console import make_table, render_text
from archwright.display.output_file import CSV_FILE, JSON_FILE, PARQUET_FILE, FileKind, stage_file
from archwright.display.text import pluralize
from archwright.execution.checks import BadArgument, check_text, read_file, read_positive_count
from archwright.results.frames import make_frame, name_columns
from archwright.results.html import MAX_TABLE_ROWS, render_table
from archwright.store.query import ExportFormat, RunScope, export_query, stream_query

ROW_FILES: Mapping[ExportFormat, FileKind] = {"csv": CSV_FILE, "json": JSON_FILE, "parquet": PARQUET_FILE}


@frozen(repr=False)
class Rows(Sequence[tuple[Any, ...]]):
    """The result of a query: a sequence of rows, each a tuple with a value for each of the `columns`."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    is_whole: bool = True  # whether the query has no more

    @classmethod
    def read(cls, log: Path, sql: str, limit: int | None = None, scope: RunScope | None = None) -> "Rows":
        """What a query in DuckDB's SQL gives, or the first `limit` rows of it; raises QueryFailed and BadArgument."""
        sql = check_text("query", sql, "a text in SQL")
        limit = None if limit is None else read_positive_count("limit", limit)
        with stream_query(log, sql, scope=scope) as stream:
            rows = tuple(islice(stream.rows, limit))
            return cls(stream.columns, rows, limit is None or next(stream.rows, None) is None)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: Any) -> Any:
        return self.rows[index]

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self.rows)

    def frame(self, library: str | None = None) -> Any:
        """The rows as a data frame of pandas or polars, as `make_frame` says.

        Where columns have the same name, a later one is called by its place too, as in 2.name.
        """
        places = {str(place): (column,) for place, column in enumerate(self.columns)}
        names = name_columns(places)
        columns = {names[str(i), name]: [row[i] for row in self.rows] for i, name in enumerate(self.columns)}
        return make_frame(columns, library)

    def __repr__(self) -> str:
        table = render_text(make_table([(column, "left") for column in self.columns], self.rows[:MAX_TABLE_ROWS]))
        number = pluralize(len(self.rows), "row")
        return f"{table}\n({number if self.is_whole else f'the first {number} of more'})"

    def _repr_html_(self) -> str:
        return render_table(self.columns, self.rows, len(self.rows))


def write_rows(log: Path, sql: str, file: Any, form: str | None = None, scope: RunScope | None = None) -> None:
    """Write the rows of a query to a file, which may replace one of its kind alone, or to a stream of bytes.

    Raises QueryFailed and BadArgument, and what `stage_file` does.
    """
    target = _read_target(file)
    sql, row_format = check_text("query", sql, "a text in SQL"), _read_format(target, form)
    if isinstance(target, Path):
        with stage_file(target, ROW_FILES[row_format]) as staged, staged.open("wb") as stream:
            export_query(log, sql, stream, row_format, scope)
    else:
        export_query(log, sql, target, row_format, scope)


def _read_target(file: Any) -> Path | BinaryIO:
    """The path of a file, or an open stream that takes bytes; else BadArgument."""
    if not hasattr(file, "write"):
        return read_file(file, "rows.csv, or a stream of bytes")
    try:
        file.write(b"")  # refused by a stream of text, one that is closed, and one that is open for reading alone
    except (TypeError, ValueError, OSError) as error:
        message = f"file is {show(file)}; it must be the path of a file, or a stream of bytes that is open for writing"
        raise BadArgument(message) from error
    return file


def _read_format(file: Path | BinaryIO, given: Any) -> ExportFormat:
    """The format of the rows in a file: the one that is given, or else that of its ending; else BadArgument."""
    named = Path(str(file)).suffix.lower().removeprefix(".") if given is None else given
    for known in ROW_FILES:
        if named == known:
            return known
    if given is None:
        raise BadArgument(f"file is {show(str(file))}; end it in .csv, .json or .parquet, or say the format")
    raise BadArgument(f"format is {show(given)}; it must be csv, json or parquet")
