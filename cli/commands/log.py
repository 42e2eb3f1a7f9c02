"""The commands that are about the log as a whole."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from archwright.cli import options


class Format(StrEnum):
    """How the rows of a query are written."""

    table = "table"
    csv = "csv"
    json = "json"
    parquet = "parquet"


def sql(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="A query in DuckDB's SQL.", show_default=False)],
    form: Annotated[Format, typer.Option("--format", help="How the rows are written.")] = Format.table,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to a file.", show_default=False)
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    log: options.Log = options.DEFAULT_LOG,
) -> None:
    """Query the log with SQL, also while a search is going on; the query sees a copy, and can change nothing.

    The views runs, trials, scores, choices, attempts, curves and incumbents are there to be queried:
    "describe trials" gives the columns of one.
    """
    from archwright.cli.reports.query import written

    written(log, query, "json" if json else form.value, output)


def verify(
    file: Annotated[
        Path | None, typer.Argument(metavar="LOG", help="The log; that of --log if none.", show_default=False)
    ] = None,
    json: options.Json = False,
    log: options.Log = options.DEFAULT_LOG,
) -> None:
    """Check every event of the log against the hash chain over its run; exit 1 if any was changed or lost.

    The same if the file has other views than archwright makes, under their names.
    """
    from archwright.cli.output import print_json
    from archwright.cli.reports.verdicts import show_verdicts
    from archwright.store.verify import require_own_names
    from archwright.store.verify import verify as check

    path = file or log
    verdicts = check(path)
    if json:
        broken = [None if v.broken is None else {"event": v.broken.seq, "what": v.broken.what} for v in verdicts]
        print_json([{"run": v.run, "events": v.events, "broken": b} for v, b in zip(verdicts, broken, strict=True)])
    else:
        show_verdicts(path, verdicts)
    if any(verdict.broken for verdict in verdicts):
        sys.exit(1)
    require_own_names(path)
