"""The commands that are about the log as a whole."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from archwright.cli import options


class RowFormat(StrEnum):
    """The format in which the rows of a query are written."""

    table = "table"
    csv = "csv"
    json = "json"
    parquet = "parquet"


def sql(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="A query in DuckDB's SQL.", show_default=False)],
    form: Annotated[RowFormat, typer.Option("--format", help="How the rows are written.")] = RowFormat.table,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to a file.", show_default=False)
    ] = None,
    rows: Annotated[
        int | None,
        typer.Option("-n", min=1, metavar="N", help="Of a table, the first N rows; 1,000 on a terminal, else all."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    log: options.LogOption = options.DEFAULT_LOG,
) -> None:
    """Query the log with SQL, also while a search is going on; the query sees a copy, and can change nothing.

    The views runs, trials, scores, attempts, choices, curves, metrics, incumbents, queue and inherited are there to be
    queried: "describe trials" gives the columns of one. JSON has no NaN and no infinity: they are null there.
    """
    from archwright.cli.reports.query import write_query
    from archwright.results.log import Log

    write_query(Log(log), query, "json" if json else form.value, output, rows)


def verify(
    file: Annotated[
        Path | None, typer.Argument(metavar="LOG", help="The log; that of --log if none.", show_default=False)
    ] = None,
    expect: Annotated[
        list[str] | None,
        typer.Option(
            "--expect",
            metavar="RUN:EVENT:HASH",
            help="A head of a run, as this command printed it before: the run must have had it. Again for each run.",
            show_default=False,
        ),
    ] = None,
    rescue: Annotated[
        bool,
        typer.Option(
            "--rescue",
            help="If the log is torn or gone and its journal damaged, make it anew with the events that the journal's "
            "hashes prove. The others are lost; both files are kept.",
        ),
    ] = False,
    json: options.JsonOption = False,
    log: options.LogOption = options.DEFAULT_LOG,
) -> None:
    """Check every event of the log against the hash chain over its run, and the run's end against the log's journal.

    Exit 1 if any was changed or lost, or if the file has other views than archwright makes, under their names. A whole
    run is printed with its head: keep it elsewhere, and --expect holds the log against it later.
    """
    from archwright.cli.json_output import print_records
    from archwright.cli.reports.verdicts import explain_missing_log, show_verdicts
    from archwright.results.log import Log

    checked = Log(file or log)
    with explain_missing_log():
        verdicts = checked.verify(expect or (), rescue=rescue)
    records = [verdict.details() for verdict in verdicts]
    print_records(records) if json else show_verdicts(checked.path, records)
    if not all(verdict.is_whole for verdict in verdicts):
        sys.exit(1)
    checked.check_views()
