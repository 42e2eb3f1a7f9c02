"""Correlations between budgets as text for a person's terminal."""

from pathlib import Path

from archwright.cli.json_output import print_records
from archwright.cli.written_files import name_option
from archwright.display.console import make_console
from archwright.results.correlation import Correlation


def print_correlation(found: Correlation, picture: Path | None, *, as_json: bool) -> None:
    """Print a correlation, as JSON or for a person, once its picture is drawn where one is asked for."""
    if picture is not None:
        with name_option("--output"):
            found.plot(file=picture)
    if as_json:
        print_records(found.details())
        return
    out = make_console()
    out.print(found.tabulate())
    for remark in found.remarks:
        out.print(remark, soft_wrap=True)
    if picture is not None:
        out.print(f"the matrix is drawn in {picture}", soft_wrap=True)
