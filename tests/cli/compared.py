"""Logs of comparisons, written without running any, and a table to run them over."""

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from attrs import evolve

from archwright.core.objective import Objective
from archwright.core.spaces.nasbench201 import OPERATIONS
from archwright.search.running.compare import ComparedSearch
from archwright.search.searchers.named import searcher_to_json
from archwright.store.chain import chain_events
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import AttemptEnded, AttemptStarted, Proposed, RunStopped, Scored
from archwright.store.log import START
from tests.search.instant import make_started

Scores = Sequence[float | None]


def entry(run: str, trials: int, direction: str = "maximize") -> ComparedSearch:
    """The search that a run is of, named NAME.SEARCHER.SEED."""
    _, searcher, seed = run.split(".")
    begun = make_started(trials, int(seed))
    return ComparedSearch(
        run, evolve(begun, searcher=searcher_to_json(searcher), objective=Objective("accuracy", direction))
    )


def written(log: DuckDBLog, run: str, scores: Scores, direction: str = "maximize", **more: Any) -> ComparedSearch:
    """A run with these scores, None being a trial that failed; its attempts take `seconds` each, all but the last fail.

    Its test accuracy is a tenth less; it may have `stopped`.
    """
    begun = entry(run, len(scores), direction)
    log.append(run, _events(begun, scores, **more), START)
    return begun


def all_written(log: DuckDBLog, runs: Mapping[str, Scores], direction: str = "maximize") -> list[ComparedSearch]:
    """Several such runs at once, by their scores."""
    begun = [entry(run, len(scores), direction) for run, scores in runs.items()]
    events = [_events(each, runs[each.run]) for each in begun]
    log.append_all(
        [chain_events(each.run, those, [0.0] * len(those), START) for each, those in zip(begun, events, strict=True)]
    )
    return begun


def _events(
    begun: ComparedSearch, scores: Scores, seconds: Sequence[float] = (10.0,), stopped: RunStopped | None = None
) -> list[Any]:
    events: list[Any] = [begun.started]
    for trial, score in enumerate(scores):
        metrics = {} if score is None else {"accuracy": score, "test_accuracy": score - 0.1}
        status, error = ("ok", "") if score is not None else ("crashed", f"trial {trial} of {begun.run} is ill")
        events.append(Proposed(trial, (), begun.started.budget))
        for attempt, time in enumerate(seconds, start=1):
            last = attempt == len(seconds)
            events += [AttemptStarted(trial, attempt), _ended(trial, attempt, time, status, metrics, error, last)]
        events.append(Scored(trial, status, score, metrics))
    return [*events, *([] if stopped is None else [stopped])]


def _ended(trial: int, attempt: int, seconds: float, status: Any, metrics: Any, error: str, last: bool) -> AttemptEnded:
    if not last:
        return AttemptEnded(trial, attempt, "crashed", seconds, {}, "killed")
    return AttemptEnded(trial, attempt, status, seconds, metrics, error)


def full_table(folder: Path) -> str:
    """A table with a row for every cell; the more convolutions of 3x3, the better, and in cifar100 half as good."""
    ops = np.array(list(itertools.product(range(5), repeat=6)), np.int8)
    columns: dict[str, Any] = {"ops": ops, "op_names": np.array([name.encode() for name in OPERATIONS])}
    accuracy = 50 + 6 * (ops == list(OPERATIONS).index("nor_conv_3x3")).sum(axis=1)
    for data, share in {"cifar10": 1.0, "cifar100": 0.5}.items():
        for name in ("test_acc_200ep", "val_acc_12ep", "test_acc_12ep", "train_time_200ep_s", "params_M", "latency_s"):
            columns[f"{data}_{name}"] = share * accuracy
        columns[f"{data}_val_acc_200ep"] = np.stack([share * accuracy, share * accuracy + 1.0], axis=1)
    np.savez(folder / "table.npz", **columns)
    return str(folder / "table.npz")
