"""Verdicts on a log."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from archwright.display.console import make_console
from archwright.errors import LogMissing
from archwright.results.verification import VerdictRecord
from archwright.store.written_paths import shorten


@contextmanager
def explain_missing_log() -> Generator[None]:
    """A log that is not there is told with what `verify` takes: people give it a run, as to other commands."""
    try:
        yield
    except LogMissing as error:
        raise LogMissing(f"{error}; verify takes a log, and checks all its runs") from error


def show_verdicts(log: Path, verdicts: Sequence[VerdictRecord]) -> None:
    """Print a line for each run with its head, or where and how it is broken; and what that means without a journal."""
    for verdict in verdicts:
        show_verdict(verdict)
    if not verdicts:
        make_console().print(f"{shorten(log)} holds no run")
    elif any(verdict["journal"] == "none" for verdict in verdicts):
        explain_no_journal(log)


def explain_no_journal(log: Path) -> None:
    """Print what nobody can tell of a log beside which no journal lies."""
    make_console().print(
        f"whole as far as can be told: no journal lies beside {shorten(log)}, so whether there were later events is "
        "unknown",
        soft_wrap=True,
    )


def show_verdict(verdict: VerdictRecord) -> None:
    """Print the verdict on a run in a line."""
    broken, remark = verdict["broken"], f"; {verdict['remark']}" if verdict["remark"] else ""
    state = f"whole, {verdict['head']}" if broken is None else f"broken at event {broken['event']}: {broken['what']}"
    make_console().print(f"{verdict['run']}: {verdict['events']} events, {state}{remark}", soft_wrap=True)
