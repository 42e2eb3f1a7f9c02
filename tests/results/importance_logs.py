"""Logs of runs whose trials have several budgets, written without running any."""

import math
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import evolve

import archwright as aw
from archwright.core.budget import parse_budget
from archwright.core.json import to_json
from archwright.store.duckdb_log import DuckDBLog
from archwright.store.events import AttemptEnded, AttemptStarted, Proposed, Scored
from archwright.store.log import START
from tests.search.instant import SPACE, make_started

INPUT_SHAPE = (1, 8, 8)


def score_choices(choices: Mapping[str, Any]) -> float:
    """What the learning rate says on its scale, of 0 to 3, and a tenth for adam; nothing else matters."""
    return math.log10(choices["0.settings.learning_rate"]) + 4 + 0.1 * (choices["0.settings.optimizer"] == "adam")


def log_budgets(
    path: Path,
    name: str,
    trials: Mapping[str, int],
    score: Callable[[Mapping[str, Any]], float | None] = score_choices,
    space: aw.Term = SPACE,
    **started: Any,
) -> None:
    """A run with so many random trials of each budget; where `score` gives none, a trial has failed."""
    numbers = random.Random(0)
    events: list[Any] = [evolve(make_started(sum(trials.values()), **started), space=to_json(space))]
    for budget in [text for text, count in trials.items() for _ in range(count)]:
        leaf = aw.sample(aw.root(space, INPUT_SHAPE), numbers.random)
        events += _make_trial(len(events) // 4, leaf.path, budget, score(dict(leaf.path)))
    DuckDBLog(path).append(name, events, START)


def _make_trial(trial: int, path: Any, budget: str, score: float | None) -> Sequence[Any]:
    status, metrics = ("crashed", {}) if score is None else ("ok", {"accuracy": score})
    return [
        Proposed(trial, path, parse_budget(budget)),
        AttemptStarted(trial, 1),
        AttemptEnded(trial, 1, status, 1.0, metrics, "it broke" if score is None else ""),
        Scored(trial, status, score, metrics),
    ]
