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
import searchers
import tabular
import training
import workers

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
        rate, room = tabular.compared(folder, 1_000)
        table.add_row("trials/s over a table, 1,000 searches", f"{rate:,.0f}", "thousands", f"{os.cpu_count()} cores")
        table.add_row(
            "bytes a trial in their log", f"{room:,.0f}", "200", "some 13 MB of it are room that the file has left"
        )
    for what, figure, beside in training.rows(training.ready_for("auto"), rounds=3):
        table.add_row(what, figure, "", beside)
    table.add_row("ms to start a trial in a warm worker", f"{workers.start_seconds('auto') * 1000:.0f}", "50", "")
    worker, loop = workers.worker_seconds("auto", 11)
    table.add_row("a training in a worker, of a bare loop", f"{workers.ratio(worker, loop):.2f}", "1.05", "n = 11")
    console = Console(width=None if sys.stdout.isatty() else 140)
    console.print(table)
    console.print(asking())
    where = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    console.print(f"archwright {archwright.__version__}, {where}")


def asking() -> Table:
    """What asking and telling costs, in milliseconds and as a multiple of optuna's at the same number of trials."""
    costs = {cost.name: cost.after for cost in searchers.costs()}
    counts = [f"after {n:,} trials" for n in searchers.AFTER]
    table = Table("ms to ask and tell", *counts, "promised at 1,000", "of optuna TPE's", "of optuna random's")
    for name, after in costs.items():
        promised = searchers.PROMISED.get(name)
        shares = (
            " / ".join(f"{after[n] / costs[other][n]:.2g}" for n in searchers.AFTER)
            for other in ("optuna TPE", "optuna random")
        )
        table.add_row(name, *(f"{ms:.2f}" for ms in after.values()), str(promised) if promised else "", *shares)
    return table


if __name__ == "__main__":
    main()
