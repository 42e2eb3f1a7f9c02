"""Measures all but trainings: spaces, the log, the commands that read it, searches over a table, and searchers."""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path

from attrs import frozen

import archwright as aw
import counting
import log
import sampling
import searchers
import starting
import tabular
from archwright.evaluate.workers.machine import count_cores
from archwright.store.journal import locate_journal
from rows import Row, print_table

READ_COMMANDS = {"show": "3", "best": "1.5", "replay --verify": "8"}  # target in processor seconds, by command


@frozen
class Size:
    """How much of everything is measured."""

    starts: int = 11  # of a command
    counting_rounds: int = 5
    sampling_rounds: int = 7
    samples: int = 3_000  # a round
    single_events: int = 300  # a commit each
    batched_events: int = 20_000  # 100 a commit
    trials: int = 10_000  # of the run that is resumed
    new_trials: int = 500  # after those
    read_trials: int = 15_000  # of the run that commands read
    reports: int = 300_000  # of the trial that a command shows
    searches: int = 1_000  # over a table
    search_trials: int = 200  # of such a search
    trial_counts: Sequence[int] = searchers.TRIAL_COUNTS  # before a searcher is asked
    rounds: int = 40  # of an ask and a tell


SMALLEST = Size(
    starts=1,
    counting_rounds=1,
    sampling_rounds=1,
    samples=20,
    single_events=2,
    batched_events=200,
    trials=12,
    new_trials=3,
    read_trials=13,
    reports=14,
    searches=2,
    search_trials=2,
    trial_counts=(2, 3),
    rounds=1,
)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the benchmarks and print the two tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smallest", action="store_true", help="a little of everything, only to see that it runs")
    size = SMALLEST if parser.parse_args(argv).smallest else Size()
    print_table("Without trainings", chain(measure_spaces(size), measure_starting(size), measure_log(size)))
    counts = " / ".join(f"{n:,}" for n in size.trial_counts)
    headers = (f"ms after {counts} trials", "", "bar at 1,000", "to optuna TPE", "to optuna random")
    print_table("Asking and telling", measure_asking(size), headers)


def measure_spaces(size: Size) -> Iterator[Row]:
    """How fast a space is counted and sampled, and the memory of its nodes."""
    name = "of nine topologies over shared operations"
    for command, ask in (("check", aw.check), ("count", aw.count)):
        seconds = counting.measure_seconds(partial(ask, input_shape=counting.SHAPE), size.counting_rounds)
        yield Row(f"`aw.{command}` {name}", f"{seconds:.2f} s", "1 s", "47,385 architectures, four choices of nine")
    milliseconds = 1000 * counting.measure_sample_seconds(size.samples // 10)
    yield Row(f"a complete sample {name}", f"{milliseconds:.1f} ms", "10 ms", "after the first")
    milliseconds = 1000 * counting.measure_cell_seconds(size.counting_rounds)
    yield Row("the first sample of a connected cell", f"{milliseconds:.0f} ms", "50 ms", "45 edges, three operations")
    by_sample, by_choice, by_dict = sampling.measure_sampling_rates(size.sampling_rounds, size.samples)
    for method, rate in (("`aw.sample`", by_sample), ("a loop over `node.choice`", by_choice)):
        note = f"{100 * rate / by_dict:.1f} % of the {by_dict:,.0f} of a plain dict"
        yield Row(f"complete samples/s of `deeparchitect`, by {method}", f"{rate:,.0f}", "15,000", note)
    yield Row("bytes of a partial node that is kept", f"{sampling.measure_bytes_per_node(size.samples):,.0f}", "600")


def measure_starting(size: Size) -> Iterator[Row]:
    """The time of Python until a command begins."""
    import_ms, help_ms, python_ms = (1000 * seconds for seconds in starting.measure_starts(size.starts))
    note = f"processor time, n = {size.starts}; Python alone takes {python_ms:.0f} ms"
    yield Row("`import archwright`", f"{import_ms - python_ms:.0f} ms", "150 ms", f"without Python's own start; {note}")
    yield Row("`archwright --help`", f"{help_ms:.0f} ms", "300 ms", note)


def measure_log(size: Size) -> Iterator[Row]:
    """How fast events are logged, a run is resumed, and searches over a table go."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        yield Row("events/s, a commit each", f"{log.measure_append_rate(folder, 1, size.single_events):,.0f}", "50")
        yield Row(
            "events/s, 100 a commit", f"{log.measure_append_rate(folder, 100, size.batched_events):,.0f}", "5,000"
        )
        long_log = log.make_long_log(folder, size.trials)
        log_bytes, journal_bytes = (
            file.stat().st_size / size.trials for file in (long_log.path, locate_journal(long_log.path))
        )
        trials = f"{size.trials:,} trials"
        note = f"{trials}, each of {log_bytes:,.0f} bytes in the log and {journal_bytes:,.0f} in its journal"
        yield Row("resuming a run", f"{log.measure_resume_seconds(long_log):.2f} s", "2 s", note)
        milliseconds = log.measure_coordinator_seconds(long_log, size.new_trials) * 1000
        yield Row(
            "the coordinator's time of a trial", f"{milliseconds:.1f} ms", "20 ms", f"after {trials}, a commit each"
        )
        yield from measure_reading(folder / "read", size)
        rate, log_bytes = tabular.measure_comparison(folder, size.searches, size.search_trials)
        searches = f"{size.searches:,} random searches of {size.search_trials}, {count_cores()} cores"
        yield Row("trials/s over a table, through `compare`", f"{rate:,.0f}", "4,000", searches)
        yield Row(
            "bytes of such a trial in the log",
            f"{log_bytes:,.0f}",
            "200",
            "some 13 MB of all are room that the file has left",
        )


def measure_reading(folder: Path, size: Size) -> Iterator[Row]:
    """The time of the commands that read a long run, or a long training."""
    folder.mkdir()
    long_log = log.make_long_log(folder, size.read_trials)
    for command, target in READ_COMMANDS.items():
        seconds = log.measure_command_seconds(long_log, *command.split(), "run")
        note = f"{size.read_trials:,} trials, processor time"
        yield Row(f"`archwright {command}` of a long run", f"{seconds:.2f} s", f"{target} s", note)
    seconds = log.measure_command_seconds(log.make_reports_log(folder, size.reports), "show", "run", "0")
    yield Row("`archwright show` of a long training", f"{seconds:.2f} s", "", f"{size.reports:,} reports, a row each")


def measure_asking(size: Size) -> Iterator[Sequence[str]]:
    """The cost of an ask and a tell, in milliseconds and as a multiple of optuna's after the same number of trials."""
    costs = {cost.name: cost.milliseconds for cost in searchers.measure_costs(size.trial_counts, size.rounds)}
    for name, milliseconds in costs.items():
        to_optuna = (
            " / ".join(format_figure(milliseconds[n] / costs[baseline][n]) for n in size.trial_counts)
            for baseline in ("optuna TPE", "optuna random")
        )
        figures = " / ".join(map(format_figure, milliseconds.values()))
        yield name, figures, searchers.TARGETS.get(name, ""), *to_optuna


def format_figure(number: float) -> str:
    """Two digits, or all before the point."""
    return f"{number:,.0f}" if number >= 10 else f"{number:.2g}"


if __name__ == "__main__":
    main()
