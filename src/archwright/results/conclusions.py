"""What follows from the searches of a comparison, and what does not."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from archwright.execution.logged_searches import LoggedSearch
from archwright.plots.histories import (
    SearchGroups,
    SearchHistory,
    explain_missing_scores,
    read_histories,
    stack_rows,
)
from archwright.results.records import ConclusionRow, Difference
from archwright.search.magnitude import FloatArray, saturate
from archwright.search.named import SEARCHER_KIND
from archwright.search.running.compare import ComparedSearch
from archwright.search.running.loop import TrialsKeepFailing
from archwright.search.running.statistics import NoPairedScores, bootstrap_paired_difference, compute_mean_and_error

MAX_RUNS_NAMED = 5  # in a message


def read_groups(log: Path, searches: Sequence[ComparedSearch]) -> SearchGroups:
    """The searches of a comparison as they are in the log, up to as many trials as it has."""
    histories = {history.run: history for history in read_histories(log, [search.run for search in searches])}
    groups: dict[str, list[SearchHistory]] = {}
    for search in searches:
        group = groups.setdefault(SEARCHER_KIND.format(search.started.searcher), [])
        group.append(histories[search.run].truncate(search.trials))
    return groups


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


def check_failing(failing: Sequence[LoggedSearch]) -> None:
    """TrialsKeepFailing where there are searches that stopped for it: which, and what the first of them said."""
    if failing:
        names = ", ".join(search.run for search in failing[:MAX_RUNS_NAMED])
        names += " ..." if len(failing) > MAX_RUNS_NAMED else ""
        number = "1 search" if len(failing) == 1 else f"{len(failing)} searches"
        raise TrialsKeepFailing(
            f"{number} stopped as too many trials in a row failed: {names}; of {failing[0].run}, "
            f"{failing[0].detail}\nthe same command (the same call in Python) tries them again"
        )
