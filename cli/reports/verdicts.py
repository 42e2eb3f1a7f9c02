"""Verdicts on a log."""

from collections.abc import Sequence
from pathlib import Path

from archwright.cli.output import screen
from archwright.store.verify import Verdict


def show_verdicts(log: Path, verdicts: Sequence[Verdict]) -> None:
    """Print a line for each run, and for a broken one where and how."""
    out = screen()
    for verdict in verdicts:
        state = "whole" if verdict.broken is None else f"broken at event {verdict.broken.seq}: {verdict.broken.what}"
        out.print(f"{verdict.run}: {verdict.events} events, {state}", soft_wrap=True)
    if not verdicts:
        out.print(f"{log} holds no run")
