"""The searches of a log as arrays, to be compared and plotted: from the log alone."""

import json
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

import numpy as np
from attrs import Factory, evolve, frozen

from archwright.core.budget import Unit
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
from archwright.store.fold import TrialState
from archwright.store.query import open_snapshot, query
from archwright.store.run_time import NO_TIME
from archwright.store.suggestions import suggest_continuation
from archwright.store.views import READS_BUDGET_SQL

# By what the course of a search is measured, called as the ends of a run that are about the same.
SearchAxis = Literal["trials", "configurations", "total", "time"]
TOLERANCE = 1e-9  # by which a sum of fractions may be too large


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
    # 1 where a trial promotes no other one; what it has spent of its budget; and when it was scored, in seconds since
    # the search began: simulated ones, or those that processes have spent on it.
    fresh: FloatArray = Factory(lambda self: np.ones(len(self.scores)), takes_self=True)
    spent: FloatArray = Factory(lambda self: np.zeros(len(self.scores)), takes_self=True)
    times: FloatArray = Factory(lambda self: np.cumsum(np.nan_to_num(self.seconds)), takes_self=True)
    budgets: FloatArray = Factory(lambda self: np.full(len(self.scores), np.nan), takes_self=True)  # NaN: none is read
    unit: Unit = "epochs"  # of budgets

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

    @property
    def best_budgets(self) -> FloatArray:
        """The budget of the best trial so far, after each trial; NaN before the first, and where none is read."""
        return np.where(self.incumbents >= 0, self.budgets[self.incumbents], np.nan)

    @property
    def largest_scores(self) -> FloatArray:
        """The scores of its trials with the largest budget at which one has a score."""
        scored = self.levels[np.isfinite(self.scores)]
        return self.scores[self.levels == scored.max(initial=0.0)]

    def measure(self, axis: SearchAxis) -> FloatArray:
        """How far the search had come once each trial was scored [trials]; it never goes back."""
        match axis:
            case "trials":
                return np.arange(1.0, len(self.scores) + 1)
            case "configurations":
                return np.cumsum(self.fresh)
            case "total":
                return np.cumsum(self.spent)
            case "time":
                return self.times

    def count_until(self, axis: SearchAxis, end: float) -> int:
        """How many of its trials were scored until then."""
        return int(np.searchsorted(self.measure(axis), end * (1 + TOLERANCE), side="right"))

    def look_up(self, values: FloatArray, axis: SearchAxis, places: FloatArray) -> FloatArray:
        """What the `values` after each trial are at these places [places]; NaN before the first trial."""
        counts = np.searchsorted(self.measure(axis), places * (1 + TOLERANCE), side="right")
        return np.concatenate([[np.nan], values])[counts]

    def truncate(self, trials: int) -> "SearchHistory":
        """The search as it was once so many of its trials had a result."""
        arrays = {name: getattr(self, name)[:trials] for name in _ARRAYS}
        return evolve(self, **arrays)


# The fields that have a value for each trial.
_ARRAYS = ("scores", "seconds", "tests", "levels", "trials", "fresh", "spent", "times", "budgets")
SearchGroups = Mapping[str, Sequence[SearchHistory]]  # by searcher; the searches of each in the order of seeds

_RUNS = f"""
    SELECT run, payload->>'$.searcher', payload->>'$.objective.metric', payload->>'$.objective.direction',
        {READS_BUDGET_SQL}, payload->>'$.budget.unit', coalesce(payload->>'$.simulates_time' = 'true', false)
    FROM log.events WHERE kind = 'RunStarted' ORDER BY rowid
"""  # noqa: S608  (of our own text)
_TRIALS = """
    WITH wanted AS (
        SELECT * FROM events WHERE kind IN ('Proposed', 'AttemptEnded', 'Scored') AND run IN (SELECT unnest(?))
    ), given AS (
        SELECT run, trial, dense_rank() OVER (
                PARTITION BY run ORDER BY payload->>'$.budget.unit', TRY_CAST(payload->>'$.budget.amount' AS DOUBLE)
            ) - 1 AS level, coalesce(payload->>'$.promotes', payload->>'$.continues') IS NULL AS fresh,
            TRY_CAST(payload->>'$.budget.amount' AS DOUBLE) AS amount, payload->>'$.budget.unit' AS unit,
            TRY_CAST(payload->>'$.continues' AS DOUBLE) AS continues
        FROM wanted WHERE kind = 'Proposed'
    ), ended AS (
        SELECT run, trial, sum(TRY_CAST(payload->>'$.seconds' AS DOUBLE)) AS seconds,
            arg_max_null(payload->>'$.metrics.test_accuracy', seq) AS test,
            TRY_CAST(arg_max_null(payload->>'$.stopped.epoch', seq) AS DOUBLE) AS stopped_at,
            TRY_CAST(arg_max_null(payload->>'$.clock', seq) AS DOUBLE) AS clock
        FROM wanted WHERE kind = 'AttemptEnded' GROUP BY run, trial
    ), steps AS (
        SELECT run, seq, kind, greatest(0, time - lag(time, 1, time) OVER (PARTITION BY run ORDER BY seq)) AS step
        FROM events WHERE run IN (SELECT unnest(?))
    ), starts AS (
        SELECT run, coalesce(TRY_CAST(payload->>'$.forked_from.inherited' AS BIGINT) + 1, 0) AS shared,
            coalesce(TRY_CAST(payload->>'$.forked_from.seconds' AS DOUBLE), 0) AS seconds_before
        FROM events WHERE kind = 'RunStarted'
    ), timed AS (
        SELECT run, seq, seconds_before + sum(
            CASE WHEN kind = 'RunResumed' OR seq <= shared THEN 0 ELSE step END
        ) OVER (PARTITION BY run ORDER BY seq) AS elapsed
        FROM steps JOIN starts USING (run)
    )
    SELECT run, TRY_CAST(payload->>'$.score' AS DOUBLE), seconds, TRY_CAST(test AS DOUBLE), level, trial, fresh,
        CASE WHEN unit = 'epochs' THEN least(amount, stopped_at) ELSE amount END, continues, clock, elapsed,
        amount
    FROM wanted JOIN given USING (run, trial) LEFT JOIN ended USING (run, trial) JOIN timed USING (run, seq)
    WHERE wanted.kind = 'Scored' ORDER BY run, seq
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
        scored = query_copy(_TRIALS, [matches, matches]).rows
    trials = {
        run: np.array([row[1:] for row in rows], dtype=np.float64)
        for run, rows in groupby(scored, key=lambda row: row[0])
    }
    return [_make_history(run, runs[run], trials.get(run, np.empty((0, 11)))) for run in matches]


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
    searcher, metric, direction, reads_budget, unit, simulates_time = start
    scores, seconds, tests, levels, numbers, fresh, reached, continued, clocks, elapsed, budgets = trials.T
    known = dict(zip(numbers.tolist(), reached.tolist(), strict=True))
    spent = np.maximum(0.0, reached - np.array([known.get(number, 0.0) for number in continued.tolist()]))
    nothing = np.zeros(len(scores))
    return SearchHistory(
        run,
        SEARCHER_KIND.format(json.loads(searcher)),
        metric,
        direction,
        scores,
        seconds,
        tests,
        levels if reads_budget else nothing,
        numbers,
        fresh,
        spent if reads_budget else nothing,
        _choose_times(clocks, np.cumsum(np.nan_to_num(seconds)), elapsed, simulates_time=simulates_time),
        budgets if reads_budget else np.full(len(scores), np.nan),
        unit,
    )


def _choose_times(clocks: FloatArray, seconds: FloatArray, elapsed: FloatArray, *, simulates_time: bool) -> FloatArray:
    """When each trial was scored: by the simulated clock, and before a log has one by the `seconds` of all attempts.

    Else by the time that processes have spent, unless a search was logged as a whole, where no time passes.
    """
    if (known := np.isfinite(clocks)).any():
        before = np.arange(len(clocks)) < np.argmax(known)
        return np.maximum.accumulate(np.where(known, clocks, np.where(before, seconds, 0.0)))
    return seconds if simulates_time or not elapsed.any() else elapsed


def make_history(view: RunView) -> SearchHistory:
    """The search of a run, as far as it was read."""
    run, state, started = view.run, view.run.state, view.run.started
    scored, elapsed, run_time = list[TrialState](), list[float](), NO_TIME
    for event, time in zip(run.events, run.times, strict=True):
        run_time = run_time.fold(event, time)
        if isinstance(event, Scored):
            scored.append(state.trials[event.trial])
            elapsed.append(run_time.seconds)
    budgets = sorted({trial.budget.level for trial in state.trials.values()})
    reads_budget, ends = started.reads_budget, [trial.last_end for trial in scored]
    seconds = np.array([trial.seconds for trial in scored], dtype=np.float64)
    columns = (
        [trial.score for trial in scored],
        seconds,
        [end.metrics.get("test_accuracy") if end else None for end in ends],
        [budgets.index(t.budget.level) if reads_budget else 0 for t in scored],
        [trial.trial for trial in scored],
        [trial.promotes is None for trial in scored],
        [trial.spent if reads_budget else 0 for trial in scored],
        _choose_times(
            np.array([getattr(end, "clock", None) for end in ends], dtype=np.float64),
            np.cumsum(seconds),
            np.array(elapsed),
            simulates_time=state.simulates_time,
        ),
        [trial.budget.amount if reads_budget else None for trial in scored],
    )
    arrays = (np.array(values, dtype=np.float64) for values in columns)
    searcher, objective = SEARCHER_KIND.format(started.searcher), started.objective
    return SearchHistory(view.name, searcher, objective.metric, objective.direction, *arrays, unit=started.budget.unit)


def have_several_budgets(histories: Iterable[SearchHistory]) -> bool:
    """Whether trials of the searches have different budgets, so that not all scores are of the same thing."""
    return len({(each.unit, budget) for each in histories for budget in set(each.budgets.tolist()) if budget > 0}) > 1


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
