"""What follows from the searches of a comparison, and what does not."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypedDict

import numpy as np
from attrs import evolve

from archwright.cli.comparisons.histories import (
    SearchGroups,
    SearchHistory,
    explain_missing_scores,
    read_histories,
    stack_rows,
)
from archwright.cli.comparisons.logged_searches import LoggedSearch, read_logged_searches
from archwright.cli.json_output import print_json
from archwright.display.console import make_console, make_table, say
from archwright.search.magnitude import FloatArray, saturate
from archwright.search.running.compare import ComparedSearch
from archwright.search.running.loop import TrialsKeepFailing
from archwright.search.running.statistics import NoPairedScores, bootstrap_paired_difference, compute_mean_and_error
from archwright.search.searchers.named import format_searcher

MAX_RUNS_NAMED = 5  # in a message


class Difference(TypedDict, total=False):
    """How much better than the first searcher on the same seeds; absent from the row of the first one."""

    pairs: int  # of searches with the same seed that both have a score
    better_by: float | None  # the mean over the pairs; None if there is none, as those below
    low: float | None  # of its 95 % confidence interval
    high: float | None
    p: float | None


class ConclusionRow(Difference):
    """What follows for a searcher; `half` and `best` are distances to the optimum where that is known."""

    searcher: str
    seeds: int
    trials: int  # of its longest search
    half: float | None  # the mean best score half-way; None if no search has one
    half_error: float | None  # its standard error; None if fewer than two searches have a score
    best: float | None  # the mean best score at the end
    best_error: float | None
    failed: int  # trials
    without_score: int  # searches
    ended_early: int  # searches
    test: float | None


def conclude(log: Path, searches: Sequence[ComparedSearch], optimum: float | None, as_json: bool) -> None:
    """Print what follows from searches that have come to their end, and raise what is wrong with them."""
    groups, trials = read_groups(log, searches), searches[0].started.trials
    rows = compute_conclusions(groups, trials, optimum)
    has_score = any(row["best"] is not None for row in rows)
    if has_score and as_json:
        print_json(rows)
    elif has_score:
        show_conclusions(rows, optimum)
    for remark in list_remarks(rows, trials):
        say(remark, err=True)
    check_scored(log, groups)
    check_failing(read_logged_searches(log, searches).values())


def read_groups(log: Path, searches: Sequence[ComparedSearch]) -> SearchGroups:
    """The searches of a comparison as they are in the log, up to as many trials as it has."""
    histories = {history.run: history for history in read_histories(log, [search.run for search in searches])}
    groups: dict[str, list[SearchHistory]] = {}
    for search in searches:
        group = groups.setdefault(format_searcher(search.started.searcher), [])
        group.append(_truncate_trials(search.started.trials, histories[search.run]))
    return groups


def _truncate_trials(trials: int, history: SearchHistory) -> SearchHistory:
    scores, seconds, tests = (values[:trials] for values in (history.scores, history.seconds, history.tests))
    return evolve(history, scores=scores, seconds=seconds, tests=tests)


def compute_conclusions(groups: SearchGroups, trials: int, optimum: float | None) -> list[ConclusionRow]:
    """A row a searcher: its mean best score half-way and at the end, and how it does against the first.

    Where a search has ended before so many `trials`, what it had found by then stands for the rest. One that has no
    score is worse than any other, but nobody knows by how much: it is counted, and is in no mean and no pair.
    """
    first = next(iter(groups.values()))
    rows: list[ConclusionRow] = []
    for label, group in groups.items():
        best_scores = _stack_best_scores(group, trials)
        half, half_error = _compute_finite_mean(best_scores[:, (trials - 1) // 2], group[0].sign, optimum)
        best, best_error = _compute_finite_mean(best_scores[:, -1], group[0].sign, optimum)
        row: ConclusionRow = {
            "searcher": label,
            "seeds": len(group),
            "trials": max(len(history.scores) for history in group),
            "half": half,
            "half_error": half_error,
            "best": best,
            "best_error": best_error,
            "failed": int(sum(np.isnan(history.scores).sum() for history in group)),
            "without_score": sum(not history.has_score for history in group),
            "ended_early": sum(len(history.scores) < trials for history in group),
            "test": _compute_mean_test_accuracy(group),
        }
        rows.append(row if group is first else {**row, **_compare_with_first(group, first, trials)})
    return rows


def _stack_best_scores(group: Sequence[SearchHistory], trials: int) -> FloatArray:
    """The best score so far [searches, trials]."""
    return stack_rows([history.best for history in group], trials, repeat_last=True)


def _compute_mean_test_accuracy(group: Sequence[SearchHistory]) -> float | None:
    """The mean test accuracy of the models with the best scores; None where one of them has none."""
    tests = np.array([history.best_tests[-1] for history in group if history.has_score])
    return float(tests.mean()) if len(tests) and np.isfinite(tests).all() else None


def _compute_finite_mean(scores: FloatArray, sign: float, optimum: float | None) -> tuple[float | None, float | None]:
    """The mean of finite scores [searches] and its standard error, or of their distances to an optimum that is known.

    The mean is None where there is no score, the error where there are fewer than two.
    """
    with np.errstate(over="ignore"):
        mean, error = compute_mean_and_error(scores if optimum is None else saturate(sign * (optimum - scores)))
    number = int(np.isfinite(scores).sum())
    return float(mean) if number else None, float(error) if number > 1 else None


def _compare_with_first(group: Sequence[SearchHistory], first: Sequence[SearchHistory], trials: int) -> Difference:
    """How much better than the first searcher on the same seeds, its 95 % interval and a p-value; None if no pair."""
    scores, first_scores = (
        histories[0].sign * _stack_best_scores(histories, trials)[:, -1] for histories in (group, first)
    )
    try:
        difference = bootstrap_paired_difference(list(scores), list(first_scores))
    except NoPairedScores:
        return {"pairs": 0, "better_by": None, "low": None, "high": None, "p": None}
    return {
        "pairs": difference.pairs,
        "better_by": difference.mean,
        "low": difference.low,
        "high": difference.high,
        "p": difference.p_value,
    }


def show_conclusions(rows: Sequence[ConclusionRow], optimum: float | None) -> None:
    """Print the table."""
    goal = "best" if optimum is None else "regret"
    columns = {"searcher": "left", "seeds": "right", f"{goal} half-way": "right", f"{goal} at the end": "right"}
    columns |= {
        "test": "right",
        f"better than {rows[0]['searcher']} by": "right",
        "95 % interval": "right",
        "p": "right",
    }
    problems = {
        "failed trials": [row["failed"] for row in rows],
        "without score": [row["without_score"] for row in rows],
        "ended early": [row["ended_early"] for row in rows],
    }
    problems = {title: counts for title, counts in problems.items() if any(counts)}
    columns |= dict.fromkeys(problems, "right")
    cells = [(*_format_row(row), *(counts[i] or "" for counts in problems.values())) for i, row in enumerate(rows)]
    make_console().print(make_table(columns, cells))


def _format_row(row: ConclusionRow) -> Sequence[object]:
    return (
        row["searcher"],
        row["seeds"],
        _format_mean(row["half"], row["half_error"]),
        _format_mean(row["best"], row["best_error"]),
        "" if row["test"] is None else f"{row['test']:.5f}",
        *_format_difference(row),
    )


def _format_difference(row: Difference) -> Sequence[str]:
    """The mean difference, its interval and its p-value; empty where there is no pair, and for the first searcher."""
    mean, low, high, p = row.get("better_by"), row.get("low"), row.get("high"), row.get("p")
    if mean is None or low is None or high is None or p is None:
        return "", "", ""
    return _format_number(mean, "+"), f"{_format_number(low, '+')} .. {_format_number(high, '+')}", _format_p_value(p)


def _format_mean(mean: float | None, error: float | None) -> str:
    """To five digits, of which none is minus zero; a dash where there is none."""
    if mean is None:
        return "-"
    return _format_number(mean) if error is None else f"{_format_number(mean)} ± {_format_number(error)}"


def _format_number(value: float, sign: str = "") -> str:
    """Five digits behind the point; of a number that has so many before it that nobody reads them, six in all."""
    return f"{round(value, 5) + 0.0:{sign}.5f}" if abs(value) < 1e9 else f"{value:{sign}.6g}"


def _format_p_value(p: float) -> str:
    """A p-value, as exactly as 10,000 resamples know it."""
    return f"{p:.4f}" if p >= 0.001 else "<0.001"


def list_remarks(rows: Sequence[ConclusionRow], trials: int) -> list[str]:
    """What a person must know in order to read the table; on a searcher without any score, `check_scored` raises."""
    remarks: list[str] = []
    for row in (row for row in rows if row["best"] is not None):
        template = f"{row['searcher']}: {{}} of {row['seeds']} searches"
        if row["without_score"]:
            remarks.append(f"{template.format(row['without_score'])} have no score; they are in no mean and no pair")
        if row["ended_early"]:
            number = template.format(row["ended_early"])
            remarks.append(f"{number} ended before {trials} trials; what they had found stands for the rest")
    return remarks


def check_scored(log: Path, groups: SearchGroups) -> None:
    """NothingScored, with what the first trial said, where no search of one of the searchers has a score."""
    without = {label: group for label, group in groups.items() if not any(history.has_score for history in group)}
    if without:
        raise explain_missing_scores(
            log, " and of ".join(without), [history for group in without.values() for history in group]
        )


def check_failing(searches: Iterable[LoggedSearch]) -> None:
    """TrialsKeepFailing where there are searches that stopped for it: which, and what the first of them said."""
    failing = [search for search in searches if search.reason == "failing"]
    if failing:
        names = ", ".join(search.run for search in failing[:MAX_RUNS_NAMED])
        names += " ..." if len(failing) > MAX_RUNS_NAMED else ""
        number = "1 search" if len(failing) == 1 else f"{len(failing)} searches"
        raise TrialsKeepFailing(
            f"{number} stopped as too many trials in a row failed: {names}; of {failing[0].run}, "
            f"{failing[0].detail}\nthe same command tries them again"
        )
