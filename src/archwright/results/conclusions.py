"""What follows from the searches of a comparison, and what does not."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from archwright.core.budget import Budget
from archwright.display.text import pluralize
from archwright.execution.logged_searches import LoggedSearch
from archwright.plots.histories import (
    SearchGroups,
    SearchHistory,
    explain_missing_scores,
    have_several_budgets,
    read_histories,
)
from archwright.plots.stretches import Stretch
from archwright.results.records import ConclusionRow, Difference
from archwright.search.magnitude import FloatArray, saturate
from archwright.search.named import SEARCHER_KIND
from archwright.search.running.compare import ComparedSearch
from archwright.search.running.loop import TrialsKeepFailing
from archwright.search.running.statistics import NoPairedScores, bootstrap_paired_difference, compute_mean_and_error

MAX_RUNS_NAMED = 5  # in a message


def read_groups(log: Path, searches: Sequence[ComparedSearch]) -> SearchGroups:
    """The searches of a comparison as they are in the log, in the order of seeds."""
    histories = {history.run: history for history in read_histories(log, [search.run for search in searches])}
    groups: dict[str, list[SearchHistory]] = {}
    for search in searches:
        group = groups.setdefault(SEARCHER_KIND.format(search.started.searcher), [])
        group.append(histories[search.run])
    return groups


def compute_conclusions(groups: SearchGroups, stretch: Stretch, optimum: float | None) -> list[ConclusionRow]:
    """A row a searcher: its mean best score half-way and at the end, and how it does against the first.

    Where a search has ended before, what it had found by then stands for the rest. One that has no score is worse than
    any other, but nobody knows by how much: it is counted, and is in no mean and no pair.
    """
    first = next(iter(groups.values()))
    has_several = have_several_budgets(stretch.cut(history) for group in groups.values() for history in group)
    rows: list[ConclusionRow] = []
    for label, whole in groups.items():
        group = [stretch.cut(history) for history in whole]
        half, half_error = _compute_finite_mean(_look_up_best(whole, stretch, stretch.half), group[0].sign, optimum)
        best, best_error = _compute_finite_mean(_look_up_best(whole, stretch, stretch.end), group[0].sign, optimum)
        row: ConclusionRow = {
            "searcher": label,
            "seeds": len(group),
            "by": stretch.by,
            "until": stretch.end,
            "trials": max(len(history.scores) for history in group),
            "half": half,
            "half_error": half_error,
            "half_budget": _name_budgets(whole, stretch, stretch.half),
            "best": best,
            "best_error": best_error,
            "best_budget": _name_budgets(whole, stretch, stretch.end),
            "has_several_budgets": has_several,
            "failed": int(sum(np.isnan(history.scores).sum() for history in group)),
            "without_score": sum(not history.has_score for history in group),
            "ended_early": sum(map(stretch.is_short, whole)),
            "test": _compute_mean_test_accuracy(group),
        }
        rows.append(row if whole is first else {**row, **_compare_with_first(whole, first, stretch)})
    return rows


def _look_up_best(group: Sequence[SearchHistory], stretch: Stretch, point: float) -> FloatArray:
    """The best score of each search up to a point of the stretch [searches]."""
    places = np.array([point])
    return np.array([history.look_up(history.best, stretch.by, places)[0] for history in group])


def _look_up_budgets(group: Sequence[SearchHistory], stretch: Stretch, point: float) -> FloatArray:
    """The budget of each of these best scores [searches]; NaN without one, and where none is read."""
    places = np.array([point])
    return np.array([history.look_up(history.best_budgets, stretch.by, places)[0] for history in group])


def _name_budgets(group: Sequence[SearchHistory], stretch: Stretch, point: float) -> str | None:
    """The budget of the best scores up to a point, or the smallest and the largest one; None where there is none."""
    budgets = _look_up_budgets(group, stretch, point)
    known = np.unique(budgets[np.isfinite(budgets)])
    if not len(known):
        return None
    ends = known[[0, -1]] if len(known) > 1 else known
    return "..".join(str(Budget(float(amount), group[0].unit)) for amount in ends)


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


def _compare_with_first(group: Sequence[SearchHistory], first: Sequence[SearchHistory], stretch: Stretch) -> Difference:
    """How much better than the first searcher on the same seeds, its 95 % interval and a p-value; None if no pair."""
    scores, first_scores = (
        histories[0].sign * _look_up_best(histories, stretch, stretch.end) for histories in (group, first)
    )
    try:
        difference = bootstrap_paired_difference(list(scores), list(first_scores))
    except NoPairedScores:
        return {"pairs": 0, "better_by": None, "low": None, "high": None, "p": None, "unlike_pairs": 0}
    return {
        "pairs": difference.pairs,
        "better_by": difference.mean,
        "low": difference.low,
        "high": difference.high,
        "p": difference.p_value,
        "unlike_pairs": _count_unlike_pairs(group, first, stretch),
    }


def _count_unlike_pairs(group: Sequence[SearchHistory], first: Sequence[SearchHistory], stretch: Stretch) -> int:
    """How many pairs hold scores at different budgets against each other."""
    budgets, others = (_look_up_budgets(histories, stretch, stretch.end) for histories in (group, first))
    return int((np.isfinite(budgets) & np.isfinite(others) & (budgets != others)).sum())


def list_remarks(rows: Sequence[ConclusionRow], stretch: Stretch) -> list[str]:
    """What a person must know in order to read the table; on a searcher without any score, `check_scored` raises."""
    remarks: list[str] = []
    if stretch.by != "trials":
        half, end = stretch.name_point(stretch.half), stretch.name_point(stretch.end)
        remarks.append(f"half-way is after {half}, and the end after {end}")
    for row in (row for row in rows if row["best"] is not None):
        template = f"{row['searcher']}: {{}} of {row['seeds']} searches"
        if row["without_score"]:
            remarks.append(
                f"{template.format(row['without_score'])} have no score by the end; they are in no mean and no pair"
            )
        if row["ended_early"]:
            number = template.format(row["ended_early"])
            remarks.append(
                f"{number} ended before {stretch.name_point(stretch.end)}; what they had found stands for the rest"
            )
        if unlike := row.get("unlike_pairs"):
            remarks.append(
                f"{row['searcher']}: in {unlike} of {pluralize(row.get('pairs', 0), 'pair')} its score and that of "
                f"{rows[0]['searcher']} are at different budgets; these alone may make the difference"
            )
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
