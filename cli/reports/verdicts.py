"""Verdicts on a log."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from archwright.display.console import make_console
from archwright.store.errors import LogMissing
from archwright.store.verify import Head, RunVerdict
from archwright.store.written_paths import shorten


@contextmanager
def explain_missing_log() -> Generator[None]:
    """A log that is not there is told with what `verify` takes: people give it a run, as to other commands."""
    try:
        yield
    except LogMissing as error:
        raise LogMissing(f"{error}; verify takes a log, and checks all its runs") from error


def show_verdicts(log: Path, verdicts: Sequence[RunVerdict]) -> None:
    """Print a line for each run with its head, or where and how it is broken; and what that means without a journal."""
    out = make_console()
    for verdict in verdicts:
        remark = f"; {verdict.remark}" if verdict.remark else ""
        out.print(f"{verdict.run}: {verdict.events} events, {_format_state(verdict)}{remark}", soft_wrap=True)
    if not verdicts:
        out.print(f"{shorten(log)} holds no run")
    elif any(verdict.journal == "none" for verdict in verdicts):
        out.print(
            f"whole as far as can be told: no journal lies beside {shorten(log)}, so whether there were later events "
            "is unknown",
            soft_wrap=True,
        )


def _format_state(verdict: RunVerdict) -> str:
    if verdict.broken:
        return f"broken at event {verdict.broken.seq}: {verdict.broken.reason}"
    return f"whole, {Head(verdict.run, verdict.head)}"
