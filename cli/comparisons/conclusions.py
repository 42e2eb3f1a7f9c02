"""What follows from the searches of a comparison, printed."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from archwright.cli.comparisons.logged_searches import LoggedSearch, read_logged_searches
from archwright.cli.json_output import print_json
from archwright.display.console import make_console, make_table, say
from archwright.results.conclusions import (
    ConclusionRow,
    Difference,
    check_scored,
    compute_conclusions,
    list_remarks,
    read_groups,
)
from archwright.search.running.compare import ComparedSearch
from archwright.search.running.loop import TrialsKeepFailing

MAX_RUNS_NAMED = 5  # in a message


def conclude(log: Path, searches: Sequence[ComparedSearch], optimum: float | None, as_json: bool) -> None:
    """Print what follows from searches that have come to their end, and raise what is wrong with them."""
    groups, trials = read_groups(log, searches), searches[0].trials
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
