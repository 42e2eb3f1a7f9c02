"""The rows that a query of a log gives."""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from attrs import frozen

from archwright.display.console import make_table, render_text
from archwright.display.text import pluralize
from archwright.execution.checks import read_positive_count
from archwright.results.frames import make_frame, name_columns
from archwright.results.html import MAX_TABLE_ROWS, render_table
from archwright.store.query import RunScope, stream_query


@frozen(repr=False)
class Rows(Sequence[tuple[Any, ...]]):
    """The result of a query: a sequence of rows, each a tuple with a value for each of the `columns`."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    is_whole: bool = True  # whether the query has no more

    @classmethod
    def read(cls, log: Path, sql: str, scope: RunScope | None = None, limit: int | None = None) -> "Rows":
        """What a query in DuckDB's SQL gives, or the first `limit` rows of it; raises QueryFailed and BadRunOption."""
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

        Of columns with the same name, a later one is called by its place too, as in 2.name.
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
