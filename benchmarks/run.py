"""Runs every benchmark and prints what was measured beside what is promised."""

import os
import platform
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parent))

import log
import sampling

import archwright


def main() -> None:
    """The table."""
    table = Table("measured", "figure", "promised", "beside it")
    ours, plain = sampling.samples_per_second()
    table.add_row(
        "complete samples/s, deeparchitect",
        f"{ours:,.0f}",
        "15,000 on a quiet core; 7 % of a plain dict",
        f"plain dict {plain:,.0f}/s: ours is {ours / plain:.1%}",
    )
    table.add_row("bytes a retained node", f"{sampling.bytes_per_node():,.0f}", "600", "")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        one, many = (log.events_per_second(folder, batch, n) for batch, n in ((1, 300), (100, 20_000)))
        table.add_row("events/s, a commit each", f"{one:,.0f}", "50", "")
        table.add_row("events/s, 100 a commit", f"{many:,.0f}", "5,000", "")
        prepared = log.prepared(folder, 10_000)
        size = prepared.path.stat().st_size / 10_000
        seconds = log.resume_seconds(prepared)
        table.add_row("seconds to resume 10,000 trials", f"{seconds:.2f}", "2", f"log: {size:,.0f} bytes a trial")
        cost = log.coordinator_seconds_per_trial(prepared, 500) * 1000
        table.add_row("coordinator ms a trial", f"{cost:.1f}", "30", "one commit a trial, after 10,000 trials")
    console = Console(width=None if sys.stdout.isatty() else 140)
    console.print(table)
    where = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    console.print(f"archwright {archwright.__version__}, {where}")


if __name__ == "__main__":
    main()
