"""What follows from the searches of a comparison, and what does not."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

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
from archwright.cli.output import make_console, make_table, print_json, say
from archwright.search.magnitude import FloatArray, saturate
from archwright.search.running.compare import ComparedSearch
from archwright.search.running.loop import TrialsKeepFailing
from archwright.search.running.statistics import NoPairedScores, bootstrap_paired_difference, compute_mean_and_error
from archwright.search.searchers.named import format_searcher

MAX_RUNS_NAMED = 5  # names of searches in a message

Facts = dict[str, Any]


def conclude(log: Path, entries: Sequence[ComparedSearch], optimum: float | None, as_json: bool) -> None:
    """Print what follows from searches that have come to their end, and raise what is wrong with them."""
    groups, trials = read_groups(log, entries), entries[0].started.trials
    rows = compute_conclusions(groups, trials, optimum)
    scored = any(row["best"] is not None for row in rows)
    if scored and as_json:
        print_json(rows)
    elif scored:
        show_conclusions(rows, optimum)
    for remark in list_remarks(rows, trials):
        say(remark, err=True)
    check_scored(log, groups)
    check_failing(read_logged_searches(log, entries).values())


def read_groups(log: Path, entries: Sequence[ComparedSearch]) -> SearchGroups:
    """The searches of a comparison as they are in the log, up to as many trials as it has."""
    found = {history.run: history for history in read_histories(log, [entry.run for entry in entries])}
    groups: dict[str, list[SearchHistory]] = {}
    for entry in entries:
        group = groups.setdefault(format_searcher(entry.started.searcher), [])
        group.append(_truncate_trials(entry.started.trials, found[entry.run]))
    return groups


def _truncate_trials(trials: int, history: SearchHistory) -> SearchHistory:
    scores, seconds, tests = (each[:trials] for each in (history.scores, history.seconds, history.tests))
    return evolve(history, scores=scores, seconds=seconds, tests=tests)


def compute_conclusions(groups: SearchGroups, trials: int, optimum: float | None) -> list[Facts]:
    """A row a searcher: its mean best score half-way and at the end, and how it does against the first.

    Where a search has ended before so many `trials`, what it had found by then stands for the rest. One that has no
    score is worse than any other, but nobody knows by how much: it is counted, and is in no mean and no pair.
    """
    first = next(iter(groups.values()))
    rows: list[Facts] = []
    for label, group in groups.items():
        reached = _stack_best_scores(group, trials)
        row: Facts = {"searcher": label, "seeds": len(group), "trials": max(len(each.scores) for each in group)}
        row |= _compute_finite_mean("half", reached[:, (trials - 1) // 2], group[0], optimum)
        row |= _compute_finite_mean("best", reached[:, -1], group[0], optimum)
        row["failed"] = int(sum(np.isnan(each.scores).sum() for each in group))
        row["without_score"] = sum(not each.has_score for each in group)
        row["ended_early"] = sum(len(each.scores) < trials for each in group)
        row["test"] = _compute_mean_test_accuracy(group)
        row |= _compare_with_first(group, first, trials) if group is not first else {}
        rows.append(row)
    return rows


def _stack_best_scores(group: Sequence[SearchHistory], trials: int) -> FloatArray:
    """The best score so far [searches, trials]."""
    return stack_rows([each.best for each in group], trials, stays=True)


def _compute_mean_test_accuracy(group: Sequence[SearchHistory]) -> float | None:
    """The mean test accuracy of the models with the best scores; None where one of them has none."""
    tests = np.array([each.best_tests[-1] for each in group if each.has_score])
    return float(tests.mean()) if len(tests) and np.isfinite(tests).all() else None


def _compute_finite_mean(name: str, values: FloatArray, of: SearchHistory, optimum: float | None) -> Facts:
    """A mean and its standard error, unless there is one search only; of the distance to an optimum that is known."""
    with np.errstate(over="ignore"):
        mean, error = compute_mean_and_error(values if optimum is None else saturate(of.sign * (optimum - values)))
    there = int(np.isfinite(values).sum())
    return {name: float(mean) if there else None, f"{name}_error": float(error) if there > 1 else None}


def _compare_with_first(group: Sequence[SearchHistory], first: Sequence[SearchHistory], trials: int) -> Facts:
    """How much better than the first searcher on the same seeds, its 95 % interval and a p-value; None if no pair."""
    ours, theirs = (of[0].sign * _stack_best_scores(of, trials)[:, -1] for of in (group, first))
    try:
        found = bootstrap_paired_difference(list(ours), list(theirs))
    except NoPairedScores:
        return {"pairs": 0, "better_by": None, "low": None, "high": None, "p": None}
    return {"pairs": found.pairs, "better_by": found.mean, "low": found.low, "high": found.high, "p": found.p}


def show_conclusions(rows: Sequence[Facts], optimum: float | None) -> None:
    """Print the table."""
    goal = "best" if optimum is None else "regret"
    columns = {"searcher": "left", "seeds": "right", f"{goal} half-way": "right", f"{goal} at the end": "right"}
    columns |= {
        "test": "right",
        f"better than {rows[0]['searcher']} by": "right",
        "95 % interval": "right",
        "p": "right",
    }
    troubles = {"failed trials": "failed", "without score": "without_score", "ended early": "ended_early"}
    troubles = {title: name for title, name in troubles.items() if any(row[name] for row in rows)}
    columns |= dict.fromkeys(troubles, "right")
    cells = [(*_format_row(row), *(row[name] or "" for name in troubles.values())) for row in rows]
    make_console().print(make_table(columns, cells))


def _format_row(row: Facts) -> Sequence[object]:
    differs = row.get("p") is not None
    return (
        row["searcher"],
        row["seeds"],
        _format_mean(row["half"], row["half_error"]),
        _format_mean(row["best"], row["best_error"]),
        "" if row["test"] is None else f"{row['test']:.5f}",
        _format_number(row["better_by"], "+") if differs else "",
        f"{_format_number(row['low'], '+')} .. {_format_number(row['high'], '+')}" if differs else "",
        _format_p_value(row["p"]) if differs else "",
    )


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


def list_remarks(rows: Sequence[Facts], trials: int) -> list[str]:
    """What a person must know in order to read the table; of a searcher without any score, `check_scored` tells."""
    said: list[str] = []
    for row in (row for row in rows if row["best"] is not None):
        of = f"{row['searcher']}: {{}} of {row['seeds']} searches"
        if row["without_score"]:
            said.append(f"{of.format(row['without_score'])} have no score; they are in no mean and no pair")
        if row["ended_early"]:
            said.append(
                f"{of.format(row['ended_early'])} ended before {trials} trials; what they had found stands for the rest"
            )
    return said


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
