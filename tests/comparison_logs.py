"""Logs of comparisons, written without running any, and a table to run them over."""

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from attrs import evolve

from archwright.core.budget import Budget
from archwright.core.objective import Objective
from archwright.core.spaces.nasbench201 import OPERATIONS
from archwright.search.named import SEARCHER_KIND
from archwright.search.running.compare import ComparedSearch
from archwright.store.chain import chain_events
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import AttemptEnded, AttemptStarted, Proposed, RunStopped, Scored
from archwright.store.log import START
from tests.search.instant import make_started

Scores = Sequence[float | None]
NO_EPOCHS: Mapping[str, Sequence[int]] = {}
# Tree search has a seed whose first trial fails, one that goes on for longer, and one that has no score.
UNEVEN_SEARCHES: Mapping[str, Scores] = {
    "a.random.0": [0.1, 0.5, None, 0.4],
    "a.random.1": [0.3, 0.2, 0.6, 0.1],
    "a.mcts.0": [0.2, 0.7, 0.6, 0.8, 0.9],
    "a.mcts.1": [None, 0.9, 0.1],
    "a.mcts.2": [None, None],
}


# Random search at one budget, and a ladder whose searches have come to different ones: their scores, and the epochs.
LADDER_SEARCHES: Mapping[str, Scores] = {
    "b.random.0": [0.5, 0.6, 0.7, 0.4],
    "b.random.1": [0.4, 0.5, 0.6, 0.8],
    "b.asha.0": [0.3, 0.4, 0.5, 0.55],
    "b.asha.1": [0.2, 0.6, 0.35, 0.9],
}
LADDER_EPOCHS: Mapping[str, Sequence[int]] = {
    "b.random.0": [9, 9, 9, 9],
    "b.random.1": [9, 9, 9, 9],
    "b.asha.0": [1, 1, 3, 3],
    "b.asha.1": [1, 3, 1, 9],
}


def make_search(run: str, trials: int, direction: str = "maximize") -> ComparedSearch:
    """The search that a run is of, named NAME.SEARCHER.SEED."""
    _, searcher, seed = run.split(".")
    started = make_started(trials, int(seed))
    return ComparedSearch(
        run, evolve(started, searcher=SEARCHER_KIND.to_json(searcher), objective=Objective("accuracy", direction))
    )


def log_search(log: DuckDBLog, run: str, scores: Scores, direction: str = "maximize", **more: Any) -> ComparedSearch:
    """A run with these scores, None being a trial that failed; its attempts take `seconds` each, all but the last fail.

    Its test accuracy is a tenth less; it may have `stopped`.
    """
    search = make_search(run, len(scores), direction)
    log.append(run, _make_events(search, scores, **more), START)
    return search


def log_searches(
    log: DuckDBLog,
    runs: Mapping[str, Scores],
    direction: str = "maximize",
    epochs: Mapping[str, Sequence[int]] = NO_EPOCHS,
) -> list[ComparedSearch]:
    """Several such runs at once, by their scores; the trials of some may have `epochs` of their own."""
    searches = [make_search(run, len(scores), direction) for run, scores in runs.items()]
    events = [_make_events(search, runs[search.run], epochs=epochs.get(search.run)) for search in searches]
    log.append_all(
        [
            chain_events(search.run, run_events, [0.0] * len(run_events), START)
            for search, run_events in zip(searches, events, strict=True)
        ]
    )
    return searches


def _make_events(
    search: ComparedSearch,
    scores: Scores,
    seconds: Sequence[float] = (10.0,),
    stopped: RunStopped | None = None,
    epochs: Sequence[int] | None = None,
) -> list[Any]:
    events: list[Any] = [search.started]
    for trial, score in enumerate(scores):
        metrics = {} if score is None else {"accuracy": score, "test_accuracy": score - 0.1}
        status, error = ("ok", "") if score is not None else ("crashed", f"trial {trial} of {search.run} is ill")
        budget = search.started.budget if epochs is None else Budget(epochs[trial], "epochs")
        events.append(Proposed(trial, (), budget))
        for attempt, time in enumerate(seconds, start=1):
            last = attempt == len(seconds)
            events += [
                AttemptStarted(trial, attempt),
                _make_end(trial, attempt, time, status, metrics, error, last),
            ]
        events.append(Scored(trial, status, score, metrics))
    return [*events, *([] if stopped is None else [stopped])]


def _make_end(
    trial: int, attempt: int, seconds: float, status: Any, metrics: Any, error: str, last: bool
) -> AttemptEnded:
    if not last:
        return AttemptEnded(trial, attempt, "crashed", seconds, {}, "killed")
    return AttemptEnded(trial, attempt, status, seconds, metrics, error)


def write_full_table(folder: Path) -> str:
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
