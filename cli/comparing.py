"""Comparisons of searchers: which runs they are made of, running those, and what follows from them."""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from attrs import frozen
from rich.console import Console as Screen
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from archwright.cli.histories import History, NothingToCompare, aligned, by_label, histories
from archwright.cli.options import BadOption, pairs
from archwright.cli.output import screen, table
from archwright.core.serial import JSON
from archwright.evaluate.config import Config, WorkerConfig
from archwright.evaluate.opening import open_evaluator
from archwright.evaluate.pool import WorkerPool
from archwright.search.compare import Entry, run_all
from archwright.search.run import Stop
from archwright.search.searchers import searcher_text, searcher_to_json
from archwright.search.session import Console, resume, start
from archwright.search.statistics import paired_bootstrap, standard_error
from archwright.store.duck import DuckDBLog
from archwright.store.errors import LogMissing
from archwright.store.query import query


@frozen
class Force:
    """What runs the searches of a comparison."""

    config: Config
    source: str  # of the space
    workers: int
    trial_timeout: float | None
    retries: int


def searchers(texts: Sequence[str]) -> Mapping[str, JSON]:
    """The searchers that texts such as `mcts,exploration=0.1` name, by the labels that their runs get."""
    made: dict[str, JSON] = {}
    for text in texts:
        name, *settings = text.split(",")
        label = re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-")
        if label in made:
            raise BadOption(f"--searcher {text} comes twice; name each searcher once")
        made[label] = searcher_to_json(name, pairs("--searcher", settings))
    if not made:
        raise BadOption("a comparison needs searchers; name each one with --searcher")
    return made


def unfinished(log: DuckDBLog, entries: Sequence[Entry]) -> Sequence[Entry]:
    """The searches that are still to be run, or gone on with."""
    try:
        rows = query(log.path, "SELECT run, scored, status = 'exhausted' FROM runs").rows
    except LogMissing:  # the first run makes the file
        return entries
    reached = {run: math.inf if exhausted else scored for run, scored, exhausted in rows}
    return [entry for entry in entries if reached.get(entry.run, -1) < entry.started.trials]


def work(log: DuckDBLog, entries: Sequence[Entry], force: Force, stop: Callable[[], Stop]) -> None:
    """Run what is still to be run, saying how far it is."""
    rest = unfinished(log, entries)
    out = Screen(stderr=True)  # stdout is for the conclusions
    if len(rest) < len(entries):
        out.print(f"{len(entries) - len(rest)} of {len(entries)} searches are in {log.path} already", soft_wrap=True)
    columns = (TextColumn("{task.completed}/{task.total} searches"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=out, disable=not out.is_terminal) as progress:
        task = progress.add_task("", total=len(entries), completed=len(entries) - len(rest))
        for entry in worked_off(log, rest, force, stop):
            progress.advance(task)
            if not out.is_terminal:
                out.print(f"{entry.run} is done", soft_wrap=True)


def suggest_going_on() -> None:
    """Say how a comparison that was stopped goes on."""
    screen().print("stopped; the same command goes on where this one was")


def worked_off(log: DuckDBLog, entries: Sequence[Entry], force: Force, stop: Callable[[], Stop]) -> Iterator[Entry]:
    """Each search once it is done: those over a table on all cores at once, trainings one after the other."""
    if isinstance(force.config, WorkerConfig):
        yield from _trained(log, entries, force, stop)
    else:
        yield from run_all(log, entries, partial(open_evaluator, force.config), stop=stop)


def _trained(log: DuckDBLog, entries: Sequence[Entry], force: Force, stop: Callable[[], Stop]) -> Iterator[Entry]:
    assert isinstance(force.config, WorkerConfig)
    there = set(log.runs()) if log.path.exists() else set[str]()
    timeout, source = force.trial_timeout, force.source
    with WorkerPool(force.config, workers=force.workers, space_source=source, trial_timeout=timeout) as pool:
        pool.warm_up(stop)
        for entry in entries:
            console, retries = Console(stop), force.retries
            if entry.run in there:
                stopped = resume(log, entry.run, pool, trials=entry.started.trials, console=console, retries=retries)
            else:
                stopped = start(log, entry.run, entry.started, pool, console=console, retries=retries)
            if stopped.reason == "interrupted":
                return
            yield entry


def conclusions(log: Path, entries: Sequence[Entry], trials: int, optimum: float | None) -> list[dict[str, Any]]:
    """A row a searcher: its mean best score half-way and at the end, and how it does against the first."""
    found = by_label(histories(log, [entry.run for entry in entries]))
    labels = dict.fromkeys(searcher_text(entry.started.searcher) for entry in entries)  # in the order of naming
    groups = {label: found[label] for label in labels}
    first = next(iter(groups.values()))
    rows: list[dict[str, Any]] = []
    for label, group in groups.items():
        reached = aligned(group, [each.best for each in group])[:, :trials]
        half, end = reached[:, (reached.shape[1] - 1) // 2], reached[:, -1]
        row: dict[str, Any] = {"searcher": label, "seeds": len(group), "trials": reached.shape[1]}
        row |= _told("half", half, group[0], optimum) | _told("best", end, group[0], optimum)
        row["failed"] = int(sum(np.isnan(each.scores).sum() for each in group))
        tests = np.array([each.best_tests[reached.shape[1] - 1] for each in group])
        row["test"] = float(tests.mean()) if np.isfinite(tests).all() else None
        row |= _against(group, end, first, reached.shape[1]) if group is not first else {}
        rows.append(row)
    return rows


def _told(name: str, values: np.ndarray, of: History, optimum: float | None) -> dict[str, float]:
    """A mean and its standard error; of the distance to the optimum where that is known."""
    shown = values if optimum is None else of.sign * (optimum - values)
    return {name: float(shown.mean()), f"{name}_error": float(standard_error(shown))}


def _against(group: Sequence[History], end: np.ndarray, first: Sequence[History], trials: int) -> dict[str, float]:
    """How much better than the first searcher on the same seeds, with a 95 % interval and a p-value."""
    ours = {each.run.rpartition(".")[2]: value for each, value in zip(group, end, strict=True)}
    theirs = {each.run.rpartition(".")[2]: each.best[min(trials, len(each.best)) - 1] for each in first}
    seeds = [seed for seed in ours if seed in theirs]
    if not seeds:
        raise NothingToCompare("the searchers share no seed; run the comparison to its end")
    sign = group[0].sign
    found = paired_bootstrap([sign * ours[seed] for seed in seeds], [sign * theirs[seed] for seed in seeds])
    return {"better_by": found.mean, "low": found.low, "high": found.high, "p": found.p}


def show_conclusions(rows: Sequence[dict[str, Any]], optimum: float | None) -> None:
    """Print the table."""
    goal = "best" if optimum is None else "regret"
    columns = {"searcher": "left", "seeds": "right", f"{goal} half-way": "right", f"{goal} at the end": "right"}
    columns |= {
        "test": "right",
        f"better than {rows[0]['searcher']} by": "right",
        "95 % interval": "right",
        "p": "right",
    }
    cells = [
        (
            row["searcher"],
            row["seeds"],
            f"{_unsigned(row['half']):.5f} ± {row['half_error']:.5f}",
            f"{_unsigned(row['best']):.5f} ± {row['best_error']:.5f}",
            "" if row["test"] is None else f"{row['test']:.5f}",
            f"{row['better_by']:+.5f}" if "p" in row else "",
            f"{row['low']:+.5f} .. {row['high']:+.5f}" if "p" in row else "",
            _certainty(row["p"]) if "p" in row else "",
        )
        for row in rows
    ]
    screen().print(table(columns, cells))


def _certainty(p: float) -> str:
    """A p-value, as exactly as 10,000 resamples know it."""
    return f"{p:.4f}" if p >= 0.001 else "<0.001"


def _unsigned(mean: float) -> float:
    """A mean to five digits, of which none is minus zero."""
    return round(mean, 5) + 0.0
