"""The searches of a log as arrays, to be compared and plotted: from the log alone."""

import json
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from itertools import groupby
from pathlib import Path

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from archwright.core.errors import ArchwrightError, nearest
from archwright.core.trial import Direction
from archwright.search.searchers import searcher_text
from archwright.search.statistics import incumbents
from archwright.store.query import query

Floats = NDArray[np.float64]


class NothingToCompare(ArchwrightError, ValueError):
    """Runs that have no scores, or different objectives, where they are to be held against each other."""


@frozen
class History:
    """One search: what its trials came to, in the order of scoring [trials]."""

    run: str
    label: str  # its searcher, as a person types it
    metric: str
    direction: Direction
    scores: Floats  # NaN where a trial failed
    seconds: Floats  # of each trial, simulated where the evaluator simulates
    tests: Floats  # test accuracy; NaN where there is none

    @property
    def sign(self) -> float:
        """1 if more is better, and -1 if less is."""
        return 1.0 if self.direction == "maximize" else -1.0

    @property
    def best(self) -> Floats:
        """The best score so far after each trial; NaN before the first."""
        found = incumbents(np.nan_to_num(self.sign * self.scores, nan=-np.inf))
        return np.where(np.isfinite(found), self.sign * found, np.nan)

    @property
    def best_tests(self) -> Floats:
        """The test accuracy of the incumbent after each trial."""
        found = np.full(len(self.scores), np.nan)
        best, at = -np.inf, -1
        for i, score in enumerate(self.sign * self.scores):
            if score > best:
                best, at = score, i
            found[i] = self.tests[at] if at >= 0 else np.nan
        return found


_RUNS = """
    SELECT run, payload->>'$.searcher', payload->>'$.objective.metric', payload->>'$.objective.direction'
    FROM events WHERE kind = 'RunStarted' ORDER BY rowid
"""
_TRIALS = """
    WITH ends AS (
        SELECT run, trial, TRY_CAST(payload->>'$.seconds' AS DOUBLE) AS seconds,
            TRY_CAST(payload->>'$.metrics.test_accuracy' AS DOUBLE) AS test
        FROM events WHERE kind = 'AttemptEnded'
        QUALIFY row_number() OVER (PARTITION BY run, trial ORDER BY seq DESC) = 1
    )
    SELECT run, score, seconds, test FROM scores JOIN ends USING (run, trial) ORDER BY run, n
"""


def histories(log: Path, wanted: Sequence[str]) -> list[History]:
    """The searches whose runs are named, or match a pattern such as `nb.*`, in the order in which they were started.

    Raises NothingToCompare where a name or pattern matches none, or one has no scores.
    """
    runs = {row[0]: row[1:] for row in query(log, _RUNS).rows}
    chosen = [run for run in runs if any(fnmatchcase(run, pattern) for pattern in wanted)]
    for pattern in wanted:
        if not any(fnmatchcase(run, pattern) for run in runs):
            raise NothingToCompare(f"{log} has no run {pattern!r}; {nearest(pattern, runs)}")
    trials = {
        run: np.array([row[1:] for row in rows], dtype=np.float64)
        for run, rows in groupby(query(log, _TRIALS).rows, key=lambda row: row[0])
    }
    for run in chosen:
        if run not in trials:
            raise NothingToCompare(f"{run} has no scored trial yet; archwright resume {run}")
    return [_history(run, runs[run], trials[run]) for run in chosen]


def _history(run: str, facts: Sequence[str], trials: Floats) -> History:
    searcher, metric, direction = facts
    assert direction in ("maximize", "minimize")
    return History(
        run, searcher_text(json.loads(searcher)), metric, direction, trials[:, 0], trials[:, 1], trials[:, 2]
    )


def by_label(found: Iterable[History]) -> Mapping[str, Sequence[History]]:
    """The searches of each searcher. NothingToCompare if they are not all about the same metric."""
    groups: dict[str, list[History]] = {}
    for history in found:
        groups.setdefault(history.label, []).append(history)
    about = {(history.metric, history.direction) for group in groups.values() for history in group}
    if len(about) > 1:
        shown = ", ".join(f"{metric} ({direction})" for metric, direction in sorted(about))
        raise NothingToCompare(f"the runs are about different things: {shown}; compare those of one objective")
    return groups


def aligned(group: Sequence[History], values: Sequence[Floats]) -> Floats:
    """One row a search [searches, trials], as long as the shortest."""
    length = min(len(history.scores) for history in group)
    return np.stack([each[:length] for each in values])
