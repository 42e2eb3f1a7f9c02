"""Measures all but trainings: the space, the log, the commands that read it, searches over a table, and searchers."""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

from attrs import frozen

import log
import sampling
import searchers
import starting
import tabular
from archwright.evaluate.workers.machine import count_cores
from archwright.store.journal import locate_journal
from rows import Row, show

READ = {"show": "3", "best": "1.5", "replay --verify": "8"}  # commands, and the processor's seconds that they may take


@frozen
class Size:
    """How much of everything is measured."""

    starts: int = 11  # of a command
    rounds: int = 7  # of samples
    samples: int = 3_000
    single: int = 300  # events, a commit each
    batched: int = 20_000  # events, 100 a commit
    trials: int = 10_000  # of the run that is resumed
    more: int = 500  # trials after those
    read: int = 15_000  # trials of the run that commands read
    reports: int = 300_000  # of the trial that a command shows
    searches: int = 1_000  # over a table
    each: int = 200  # trials of such a search
    told: Sequence[int] = searchers.AFTER  # trials before a searcher is asked
    asked: int = 40  # times


SMALLEST = Size(
    starts=1,
    rounds=1,
    samples=20,
    single=2,
    batched=200,
    trials=12,
    more=3,
    read=13,
    reports=14,
    searches=2,
    each=2,
    told=(2, 3),
    asked=1,
)


def main(words: Sequence[str] | None = None) -> None:
    """The two tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smallest", action="store_true", help="a little of everything, only to see that it runs")
    size = SMALLEST if parser.parse_args(words).smallest else Size()
    show("Without trainings", chain(of_sampling(size), of_starting(size), of_the_log(size)))
    counts = " / ".join(f"{n:,}" for n in size.told)
    heads = (f"ms after {counts} trials", "", "bar at 1,000", "to optuna TPE", "to optuna random")
    show("Asking and telling", asking(size), heads)


def of_sampling(size: Size) -> Iterator[Row]:
    """How fast a space is sampled, and what its nodes take."""
    ours, by_choice, plain = sampling.samples_per_second(size.rounds, size.samples)
    for how, rate in (("`aw.sample`", ours), ("a loop over `node.choice`", by_choice)):
        beside = f"{100 * rate / plain:.1f} % of the {plain:,.0f} of a plain dict"
        yield Row(f"complete samples/s of `deeparchitect`, by {how}", f"{rate:,.0f}", "15,000", beside)
    yield Row("bytes of a partial node that is kept", f"{sampling.bytes_per_node(size.samples):,.0f}", "600")


def of_starting(size: Size) -> Iterator[Row]:
    """What Python takes until a command begins."""
    imported, helped, bare = (1000 * seconds for seconds in starting.seconds(size.starts))
    beside = f"processor time, n = {size.starts}; Python alone takes {bare:.0f} ms"
    yield Row("`import archwright`", f"{imported - bare:.0f} ms", "150 ms", f"without Python's own start; {beside}")
    yield Row("`archwright --help`", f"{helped:.0f} ms", "300 ms", beside)


def of_the_log(size: Size) -> Iterator[Row]:
    """How fast events are logged, a run is resumed, and searches over a table go."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        yield Row("events/s, a commit each", f"{log.events_per_second(folder, 1, size.single):,.0f}", "50")
        yield Row("events/s, 100 a commit", f"{log.events_per_second(folder, 100, size.batched):,.0f}", "5,000")
        prepared = log.prepared(folder, size.trials)
        room, journal = (file.stat().st_size / size.trials for file in (prepared.path, locate_journal(prepared.path)))
        after = f"{size.trials:,} trials"
        beside = f"{after}, each of {room:,.0f} bytes in the log and {journal:,.0f} in its journal"
        yield Row("resuming a run", f"{log.resume_seconds(prepared):.2f} s", "2 s", beside)
        cost = log.coordinator_seconds_per_trial(prepared, size.more) * 1000
        yield Row("the coordinator's time of a trial", f"{cost:.1f} ms", "20 ms", f"after {after}, a commit each")
        yield from of_reading(folder / "read", size)
        rate, room = tabular.compared(folder, size.searches, size.each)
        searches = f"{size.searches:,} random searches of {size.each}, {count_cores()} cores"
        yield Row("trials/s over a table, through `compare`", f"{rate:,.0f}", "4,000", searches)
        yield Row(
            "bytes of such a trial in the log",
            f"{room:,.0f}",
            "200",
            "some 13 MB of all are room that the file has left",
        )


def of_reading(folder: Path, size: Size) -> Iterator[Row]:
    """What the commands take that read a long run, or a long training."""
    folder.mkdir()
    run = log.prepared(folder, size.read)
    for words, bar in READ.items():
        spent = log.command_seconds(run, *words.split(), "run")
        beside = f"{size.read:,} trials, processor time"
        yield Row(f"`archwright {words}` of a long run", f"{spent:.2f} s", f"{bar} s", beside)
    spent = log.command_seconds(log.with_reports(folder, size.reports), "show", "run", "0")
    yield Row("`archwright show` of a long training", f"{spent:.2f} s", "", f"{size.reports:,} reports, a row each")


def asking(size: Size) -> Iterator[Sequence[str]]:
    """What asking and telling costs, in milliseconds and as a multiple of optuna's at the same number of trials."""
    costs = {cost.name: cost.after for cost in searchers.costs(size.told, size.asked)}
    for name, after in costs.items():
        to_optuna = (
            " / ".join(short(after[n] / costs[other][n]) for n in size.told)
            for other in ("optuna TPE", "optuna random")
        )
        yield name, " / ".join(map(short, after.values())), searchers.BARS.get(name, ""), *to_optuna


def short(number: float) -> str:
    """With two digits, or all before the point."""
    return f"{number:,.0f}" if number >= 10 else f"{number:.2g}"


if __name__ == "__main__":
    main()
