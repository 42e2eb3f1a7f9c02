"""The rows of a query of the log: as a table, as text for programs, or in a file."""

import sys
from codecs import IncrementalDecoder, getincrementaldecoder
from collections.abc import Callable, Iterable
from itertools import chain
from pathlib import Path
from typing import BinaryIO, cast

from attrs import define, field

from archwright.cli.values import BadOption
from archwright.cli.written_files import name_option
from archwright.core.errors import escape_controls, escape_json
from archwright.display.console import make_console, make_property_table, make_table, say
from archwright.display.text import humanize_value, pluralize
from archwright.results.log import Log
from archwright.results.rows import Rows

MAX_TERMINAL_ROWS = 1_000  # of a table on a terminal


def write_query(log: Log, sql: str, form: str, output: Path | None, limit: int | None = None) -> None:
    """Write the rows of a query in a `RowFormat`, or as a table of at most `limit` rows, to a file or to stdout."""
    if form == "table":
        if output is not None:
            raise BadOption(f"--output {output} takes csv, json or parquet; add --format csv, say")
        limit = limit or (MAX_TERMINAL_ROWS if make_console().is_terminal else None)
        show_table(log.sql(sql, limit))
    elif output is not None:
        with name_option("--output"):
            log.export_sql(sql, output, form)
    else:
        if form == "parquet" and sys.stdout.isatty():
            raise BadOption("parquet is nothing to read on a terminal; add --output FILE")
        log.export_sql(sql, _open_stdout(form), form)
        if form == "json":  # which has no end of line of its own
            say()


def _open_stdout(form: str) -> BinaryIO:
    """Where rows are printed; in a text, what would steer a terminal is shown."""
    escape = {"json": escape_json, "csv": escape_controls}.get(form)
    out = sys.stdout.buffer
    return out if escape is None else cast(BinaryIO, _EscapedOutput(out, escape))


@define
class _EscapedOutput:
    """Text in UTF-8 on its way to a file, with its control characters escaped; a character may come in two parts."""

    file: BinaryIO
    escape: Callable[[str], str]
    decoder: IncrementalDecoder = field(init=False, factory=lambda: getincrementaldecoder("utf-8")("replace"))

    def write(self, part: bytes) -> int:
        """Write, and return how much was taken in."""
        self.file.write(self.escape(self.decoder.decode(part)).encode())
        return len(part)

    def writelines(self, parts: Iterable[bytes]) -> None:
        """Write one after the other."""
        for part in parts:
            self.write(part)


def show_table(result: Rows) -> None:
    """Print rows with their numbers in full: as a table if it fits, else each row as names and values."""
    out = make_console()
    rows = [[_format_cell(value) for value in row] for row in result.rows]
    widths = [max([len(name), *(len(row[i]) for row in rows)]) for i, name in enumerate(result.columns)]
    if sum(widths) + 2 * len(widths) <= out.width:
        kinds = ["right" if _is_numeric(result, i) else "left" for i in range(len(widths))]
        out.print(make_table(list(zip(result.columns, kinds, strict=True)), rows))
    else:
        lines = ([*zip(result.columns, row, strict=True), ("", "")] for row in rows)  # an empty one between two rows
        out.print(make_property_table(list(chain.from_iterable(lines))))
    if result.is_whole:
        out.print(f"({pluralize(len(rows), 'row')})")
    else:
        out.print(
            f"(the first {pluralize(len(rows), 'row')} of more; -n N shows N, and --format csv writes all of them)"
        )


def _is_numeric(result: Rows, i: int) -> bool:
    values = [row[i] for row in result.rows if row[i] is not None]
    return bool(values) and all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def _format_cell(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else "NULL" if value is None else humanize_value(value)
