"""What a person is told of a run before its first trial."""

from pathlib import Path

from rich.console import Console

from archwright.core.ends import RunEnds
from archwright.core.errors import to_one_line
from archwright.display.ends import format_ends, list_progress
from archwright.display.text import format_budget
from archwright.display.warning import warn
from archwright.evaluate.data.dataset import DataInfo, summarize_dataset, warn_of_absent_classes
from archwright.evaluate.evaluation import Evaluation
from archwright.evaluate.settings import LATEST_READER
from archwright.execution.progress import RunProgress
from archwright.search.running.run_view import describe_origin, is_repeated
from archwright.store.events import RunStarted
from archwright.store.written_paths import shorten


def announce_new_run(console: Console, log: Path, name: str, started: RunStarted, evaluation: Evaluation) -> None:
    """Print what a run is about, and how far it goes."""
    search = f"{started.searcher['name']} search of {started.space_name}"
    is_retraining, objective = is_repeated(started), started.objective
    title = f"training {describe_origin(started.searcher)}" if is_retraining else search
    goal = "" if is_retraining or objective.is_evident else f", {objective}"
    extent = _describe_extent(evaluation, started)
    console.print(
        f"{name}: {title}, seed {started.seed}{goal}\n{extent}, logged in {shorten(log)}",
        soft_wrap=True,
    )


def _describe_extent(evaluation: Evaluation, started: RunStarted) -> str:
    """What ends the run, and what a trial may spend, where its evaluation reads that."""
    budget = f" of {format_budget(started.budget)} each" if evaluation.reads_budget else ""
    ends = format_ends(started.ends, started.objective.metric)
    is_number = started.trials is not None and started.ends == RunEnds(trials=started.trials)
    return f"{ends}{budget}" if is_number else f"trials{budget} until {ends}"


def announce_resumption(console: Console, log: Path, name: str, progress: RunProgress, ends: RunEnds) -> None:
    """Print how far a run is that goes on until it reaches one of `ends`."""
    done = list_progress(ends, progress.scored, progress.seconds_before, progress.scored_since_best)
    console.print(f"{name}: {', '.join(done)} done, logged in {shorten(log)}", soft_wrap=True)


def describe_data(console: Console, data: DataInfo | None, evaluation: Evaluation) -> None:
    """Print the data in a line, and warn of what is odd about it."""
    if data is None:
        return
    settings = evaluation.data_settings
    is_old_reader = settings is not None and settings.reader < LATEST_READER
    reader_note = "; read and split as reader 1 does" if is_old_reader else ""
    console.print(to_one_line(summarize_dataset(data) + reader_note), soft_wrap=True)
    warn(warn_of_absent_classes(data))
