"""The searches of a log as arrays, to be compared and plotted: from the log alone."""

import json
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
from attrs import Factory, evolve, frozen

from archwright.core.errors import ArchwrightError, show, suggest_names
from archwright.core.objective import Direction
from archwright.core.protocols import describe_status
from archwright.plots.colours import get_sort_key
from archwright.search.magnitude import FloatArray, IntegerArray
from archwright.search.named import SEARCHER_KIND
from archwright.search.running.loop import NothingScored
from archwright.search.running.run_view import RunView
from archwright.search.running.statistics import find_incumbents
from archwright.store.events import Scored
from archwright.store.query import open_snapshot, query
from archwright.store.suggestions import suggest_continuation
from archwright.store.views import READS_BUDGET_SQL


class NothingToCompare(ArchwrightError, ValueError):
    """Runs that are not there, have no trials, or have different objectives, where they are to be compared."""


@frozen
class SearchHistory:
    """One search: the results of its trials, in the order of scoring [trials]."""

    run: str
    label: str  # its searcher, as a person types it
    metric: str
    direction: Direction
    scores: FloatArray  # NaN where a trial failed
    seconds: FloatArray  # of each trial, all its attempts together; simulated where the evaluator simulates
    tests: FloatArray  # test accuracy; NaN where there is none
    # Where each trial's budget is among those of the search, 0 the smallest; 0 for all where none is read.
    levels: FloatArray = Factory(lambda self: np.zeros(len(self.scores)), takes_self=True)
    trials: FloatArray = Factory(lambda self: np.arange(float(len(self.scores))), takes_self=True)  # their numbers

    @property
    def sign(self) -> float:
        """1 if more is better, and -1 if less is."""
        return 1.0 if self.direction == "maximize" else -1.0

    @property
    def has_score(self) -> bool:
        """Whether any of its trials has one."""
        return bool(np.isfinite(self.scores).any())

    @cached_property
    def incumbents(self) -> IntegerArray:
        """The position of the best trial so far after each trial; -1 before the first."""
        return find_incumbents(self.sign * self.scores, self.levels, self.trials)

    @property
    def best(self) -> FloatArray:
        """The score of the best trial so far, after each trial; NaN before the first."""
        return np.where(self.incumbents >= 0, self.scores[self.incumbents], np.nan)

    @property
    def best_tests(self) -> FloatArray:
        """The test accuracy of the best trial so far, after each trial."""
        return np.where(self.incumbents >= 0, self.tests[self.incumbents], np.nan)

    def truncate(self, trials: int) -> "SearchHistory":
        """The search as it was once so many of its trials had a result."""
        arrays = {name: getattr(self, name)[:trials] for name in _ARRAYS}
        return evolve(self, **arrays)


_ARRAYS = ("scores", "seconds", "tests", "levels", "trials")  # the fields that have a value for each trial
SearchGroups = Mapping[str, Sequence[SearchHistory]]  # by searcher; the searches of each in the order of seeds

_RUNS = f"""
    SELECT run, payload->>'$.searcher', payload->>'$.objective.metric', payload->>'$.objective.direction',
        {READS_BUDGET_SQL}
    FROM log.events WHERE kind = 'RunStarted' ORDER BY rowid
"""  # noqa: S608  (of our own text)
_TRIALS = """
    WITH wanted AS (
        SELECT * FROM events WHERE kind IN ('Proposed', 'AttemptEnded', 'Scored') AND run IN (SELECT unnest(?))
    ), given AS (
        SELECT run, trial, dense_rank() OVER (
            PARTITION BY run ORDER BY payload->>'$.budget.unit', TRY_CAST(payload->>'$.budget.amount' AS DOUBLE)
        ) - 1 AS level
        FROM wanted WHERE kind = 'Proposed'
    ), spent AS (
        SELECT run, trial, sum(TRY_CAST(payload->>'$.seconds' AS DOUBLE)) AS seconds,
            arg_max_null(payload->>'$.metrics.test_accuracy', seq) AS test
        FROM wanted WHERE kind = 'AttemptEnded' GROUP BY run, trial
    )
    SELECT run, TRY_CAST(payload->>'$.score' AS DOUBLE), seconds, TRY_CAST(test AS DOUBLE), level, trial
    FROM wanted JOIN given USING (run, trial) LEFT JOIN spent USING (run, trial)
    WHERE kind = 'Scored' ORDER BY run, seq
"""
_FAILURES = """
    SELECT run, trial, payload->>'$.status', payload->>'$.error' FROM events
    WHERE kind = 'AttemptEnded' AND payload->>'$.status' != 'ok' AND run IN (SELECT unnest(?))
    QUALIFY row_number() OVER (PARTITION BY run ORDER BY seq) = 1
"""
_PARTS = """
    SELECT coalesce(payload->'$.evaluator', 'null'), coalesce(payload->'$.searcher', 'null'),
        coalesce(payload->'$.stopping', 'null') FROM events WHERE run = ? AND kind = 'RunStarted'
"""


def read_histories(log: Path, patterns: Sequence[str]) -> list[SearchHistory]:
    """The searches whose runs are named, or match a pattern such as `nb.*`, in the order in which they were started.

    Raises NothingToCompare where a name or pattern matches none, and where there is none.
    """
    if not patterns or not all(isinstance(pattern, str) for pattern in patterns):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise NothingToCompare(f"the runs are {show(patterns)}; name some, as in ['digits-1', 'nb.*']")
    with open_snapshot(log) as query_copy:
        runs = {row[0]: row[1:] for row in query_copy(_RUNS).rows}
        matches = match_runs(log, runs, patterns)
        scored = query_copy(_TRIALS, [matches]).rows
    trials = {
        run: np.array([row[1:] for row in rows], dtype=np.float64)
        for run, rows in groupby(scored, key=lambda row: row[0])
    }
    return [_make_history(run, runs[run], trials.get(run, np.empty((0, 5)))) for run in matches]


def match_runs(log: Path, runs: Mapping[str, object], patterns: Sequence[str]) -> list[str]:
    """The runs that are named, or match a pattern.

    The name of a run is not matched as a pattern, as a comparison of thousands names each.
    """
    matches = {
        pattern: {pattern} if pattern in runs else {run for run in runs if fnmatchcase(run, pattern)}
        for pattern in patterns
    }
    for pattern, names in matches.items():
        if not names:
            raise NothingToCompare(f"{log} has no run {pattern!r}; {suggest_names(pattern, runs)}")
    matched = set[str]().union(*matches.values())
    return [run for run in runs if run in matched]


def _make_history(run: str, start: Sequence[Any], trials: FloatArray) -> SearchHistory:
    searcher, metric, direction, reads_budget = start
    scores, seconds, tests, levels, numbers = trials.T
    levels = levels if reads_budget else np.zeros(len(levels))
    label = SEARCHER_KIND.format(json.loads(searcher))
    return SearchHistory(run, label, metric, direction, scores, seconds, tests, levels, numbers)


def make_history(view: RunView) -> SearchHistory:
    """The search of a run, as far as it was read."""
    state, started = view.run.state, view.run.started
    scored = [state.trials[event.trial] for event in view.run.events if isinstance(event, Scored)]
    budgets = sorted({(trial.budget.unit, trial.budget.amount) for trial in state.trials.values()})
    levels = [budgets.index((t.budget.unit, t.budget.amount)) if started.reads_budget else 0 for t in scored]
    tests = [trial.last_end.metrics.get("test_accuracy") if trial.last_end else None for trial in scored]
    scores, seconds = [trial.score for trial in scored], [trial.seconds for trial in scored]
    columns = (scores, seconds, tests, levels, [trial.trial for trial in scored])
    arrays = (np.array(values, dtype=np.float64) for values in columns)
    searcher, objective = SEARCHER_KIND.format(started.searcher), started.objective
    return SearchHistory(view.name, searcher, objective.metric, objective.direction, *arrays)


class _Labelled(Protocol):
    @property
    def label(self) -> str: ...
    @property
    def metric(self) -> str: ...
    @property
    def direction(self) -> Direction: ...


AnyHistory = TypeVar("AnyHistory", bound=_Labelled)


def group_by_label(histories: Iterable[AnyHistory]) -> Mapping[str, Sequence[AnyHistory]]:
    """The searches of each searcher, in the order of figures. NothingToCompare if they are about several metrics."""
    groups: dict[str, list[AnyHistory]] = {}
    for history in histories:
        groups.setdefault(history.label, []).append(history)
    objectives = {(history.metric, history.direction) for group in groups.values() for history in group}
    if len(objectives) > 1:
        text = ", ".join(f"{metric} ({direction})" for metric, direction in sorted(objectives))
        raise NothingToCompare(f"the runs are about different things: {text}; compare those of one objective")
    return {label: groups[label] for label in sorted(groups, key=get_sort_key)}


def explain_missing_scores(
    log: Path, subject: str, histories: Sequence[SearchHistory]
) -> NothingToCompare | NothingScored:
    """The error for searches of which none has a score: with what the first trial that failed says of it."""
    failures = {row[0]: row[1:] for row in query(log, _FAILURES, [[history.run for history in histories]]).rows}
    first = next((history.run for history in histories if history.run in failures), None)
    if first is None:
        run = histories[0].run
        going_on = suggest_continuation(log, run, *map(json.loads, query(log, _PARTS, [run]).rows[0]))
        return NothingToCompare(f"there is no scored trial of {subject} yet; go on with: {going_on}")
    trial, status, error = failures[first]
    verb = describe_status(status)
    return NothingScored(f"no trial of {subject} has a score; trial {trial} of {first} {verb}: {error}")


def stack_rows(values: Sequence[FloatArray], length: int | None = None, *, repeat_last: bool = False) -> FloatArray:
    """One row a search [searches, trials], as long as the longest, or `length`.

    Where a search has no more values there is NaN, or with `repeat_last` the last one that it has.
    """
    length = max(len(row) for row in values) if length is None else length
    rows = np.full((len(values), length), np.nan)
    for row, known in zip(rows, values, strict=True):
        row[: len(known)] = known[:length]
        if repeat_last and 0 < len(known) < length:
            row[len(known) :] = known[-1]
    return rows
