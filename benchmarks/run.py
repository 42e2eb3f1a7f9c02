"""Runs every benchmark and prints what was measured beside what is promised."""

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from attrs import frozen
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
from archwright.evaluate.config import TrainingConfig
from archwright.evaluate.workers.pool import WorkerPool
from archwright.store.journal import journal_file

Row = tuple[str, str, str, str]
READ = {"show": "3", "best": "1.5", "replay --verify": "8"}  # commands, and the processor's seconds that they may take


@frozen
class Size:
    """How much of everything is measured."""

    rounds: int = 7  # of samples
    samples: int = 3_000
    single: int = 300  # events, a commit each
    batched: int = 20_000  # events, 100 a commit
    trials: int = 10_000  # of the run that is resumed
    more: int = 500  # trials after those
    read: int = 15_000  # trials of the run that commands read
    searches: int = 1_000  # over a table
    trained: int = 3  # rounds of trainings
    models: Mapping[str, training.Subject] | None = None
    started: int = 15  # trials in a warm worker
    paired: int = 11  # trainings in a worker and in a bare loop
    epochs: int = 40  # of each
    told: Sequence[int] = searchers.AFTER  # trials before a searcher is asked
    asked: int = 40  # times


SMALLEST = Size(1, 20, 2, 200, 12, 3, 13, 3, 1, training.smallest(), 1, 1, 1, (12, 13), 1)


def main(words: Sequence[str] | None = None) -> None:
    """The tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smallest", action="store_true", help="a little of everything, only to see that it runs")
    size = SMALLEST if parser.parse_args(words).smallest else Size()
    console = Console(width=None if sys.stdout.isatty() else 140)
    table = Table("measured", "figure", "promised", "beside it")
    for row in (*of_sampling(size), *of_the_log(size), *of_trainings(size)):
        table.add_row(*row)
    console.print(table)
    console.print(asking(size))
    where = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    console.print(f"archwright {archwright.__version__}, {where}")


def of_sampling(size: Size) -> Iterator[Row]:
    """How fast a space is sampled, and what its nodes take."""
    ours, plain = sampling.samples_per_second(size.rounds, size.samples)
    yield (
        "complete samples/s, deeparchitect",
        f"{ours:,.0f}",
        "15,000 on a quiet core; 7 % of a plain dict",
        f"plain dict {plain:,.0f}/s: ours is {ours / plain:.1%}",
    )
    yield "bytes a retained node", f"{sampling.bytes_per_node(size.samples):,.0f}", "600", ""


def of_the_log(size: Size) -> Iterator[Row]:
    """How fast events are logged, a run is resumed, and searches over a table go."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        yield "events/s, a commit each", f"{log.events_per_second(folder, 1, size.single):,.0f}", "50", ""
        yield "events/s, 100 a commit", f"{log.events_per_second(folder, 100, size.batched):,.0f}", "5,000", ""
        prepared = log.prepared(folder, size.trials)
        room, journal = (file.stat().st_size / size.trials for file in (prepared.path, journal_file(prepared.path)))
        seconds = log.resume_seconds(prepared)
        yield (
            f"seconds to resume {size.trials:,} trials",
            f"{seconds:.2f}",
            "2",
            (f"log and journal: {room:,.0f} and {journal:,.0f} bytes a trial"),
        )
        cost = log.coordinator_seconds_per_trial(prepared, size.more) * 1000
        yield "coordinator ms a trial", f"{cost:.1f}", "30", f"one commit a trial, after {size.trials:,} trials"
        yield from of_reading(folder / "read", size)
        rate, room = tabular.compared(folder, size.searches)
        searches = f"trials/s over a table, {size.searches:,} searches"
        yield searches, f"{rate:,.0f}", "thousands", f"{os.cpu_count()} cores"
        yield "bytes a trial in their log", f"{room:,.0f}", "200", "some 13 MB of it are room that the file has left"


def of_reading(folder: Path, size: Size) -> Iterator[Row]:
    """What the commands take that read a long run."""
    folder.mkdir()
    prepared = log.prepared(folder, size.read)
    for words, promised in READ.items():
        spent = log.command_seconds(prepared, *words.split(), "run")
        yield f"s to {words}, {size.read:,} trials", f"{spent:.2f}", promised, "processor time, on a quiet core"


def of_trainings(size: Size) -> Iterator[Row]:
    """How fast models train, and what a worker adds."""
    for what, figure, beside in training.rows(training.ready_for("auto"), size.trained, models=size.models):
        yield what, figure, "", beside
    with WorkerPool(TrainingConfig(device="auto")) as pool:
        begun = workers.start_seconds(pool, size.started) * 1000
    yield "ms to start a trial in a warm worker", f"{begun:.0f}", "50", f"n = {size.started}"
    worker, loop = workers.worker_seconds("auto", size.paired, size.epochs)
    yield "a training in a worker, of a bare loop", f"{workers.ratio(worker, loop):.2f}", "1.05", f"n = {size.paired}"


def asking(size: Size) -> Table:
    """What asking and telling costs, in milliseconds and as a multiple of optuna's at the same number of trials."""
    costs = {cost.name: cost.after for cost in searchers.costs(size.told, size.asked)}
    counts = [f"after {n:,} trials" for n in size.told]
    table = Table("ms to ask and tell", *counts, "promised at 1,000", "of optuna TPE's", "of optuna random's")
    for name, after in costs.items():
        promised = searchers.PROMISED.get(name)
        shares = (
            " / ".join(f"{after[n] / costs[other][n]:.2g}" for n in size.told)
            for other in ("optuna TPE", "optuna random")
        )
        table.add_row(name, *(f"{ms:.2f}" for ms in after.values()), str(promised) if promised else "", *shares)
    return table


if __name__ == "__main__":
    main()
