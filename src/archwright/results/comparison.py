"""A comparison of searchers, as the log holds it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self, Unpack

from attrs import evolve, field, frozen

from archwright.core.budget import parse_budget
from archwright.display.columns import TextTable
from archwright.display.console import make_table, render_text
from archwright.display.text import format_budget
from archwright.execution.call_options import take_options
from archwright.execution.logged_searches import LoggedSearch, read_logged_searches
from archwright.plots.figures import plot_searches, require_scored, sketch_searches
from archwright.plots.histories import SearchAxis, SearchGroups, SearchHistory
from archwright.plots.stretches import Stretch, choose_stretch
from archwright.plots.trial_histories import read_trial_histories
from archwright.results.conclusions import (
    check_failing,
    check_scored,
    compute_conclusions,
    list_remarks,
    read_groups,
)
from archwright.results.frames import make_frame
from archwright.results.html import escape_text, render_table
from archwright.results.plotting import FigureSettings, read_figure_options
from archwright.results.records import ConclusionRow, Difference
from archwright.search.running.compare import ComparedSearch
from archwright.search.running.loop import NothingScored, TrialsKeepFailing
from archwright.store.written_paths import to_absolute

PROBLEMS: Mapping[str, str] = {  # the keys of rows by the columns' titles, which are there where any row has some
    "failed trials": "failed",
    "without score": "without_score",
    "ended early": "ended_early",
}


@frozen(eq=False, repr=False)
class Comparison(Sequence[ConclusionRow]):
    """What follows from searches with several searchers and seeds: a sequence of a row for each searcher.

    The first searcher is what the others are held against, on the same seeds.
    """

    log: Path
    groups: SearchGroups
    stretch: Stretch  # how far they are held against each other
    optimum: float | None = None  # the best possible score, if it is known: scores are then distances to it
    failing: Sequence[LoggedSearch] = ()  # the searches that have stopped since too many of their trials failed
    rows: tuple[ConclusionRow, ...] = field(init=False)

    def __attrs_post_init__(self) -> None:
        rows = compute_conclusions(self.groups, self.stretch, self.optimum)
        object.__setattr__(self, "rows", tuple(rows))

    @classmethod
    def read(
        cls,
        log: str | Path,
        searches: Sequence[ComparedSearch],
        optimum: float | None = None,
        by: SearchAxis | None = None,
    ) -> Self:
        """What the log holds of the searches of a comparison, of which all have begun; `by` that axis, if given."""
        path = to_absolute(log)
        logged = read_logged_searches(path, searches).values()
        failing = [search for search in logged if search.reason == "failing"]
        groups = read_groups(path, searches)
        return cls(path, groups, choose_stretch(groups, searches[0].started.ends, by), optimum, failing)

    @property
    def remarks(self) -> list[str]:
        """What a person must know in order to read the rows."""
        return list_remarks(self.rows, self.stretch)

    @property
    def has_score(self) -> bool:
        """Whether any searcher has a score."""
        return any(row["best"] is not None for row in self.rows)

    def check(self) -> None:
        """Nothing, if every searcher has a score and no search has stopped for its failures.

        Else raises NothingScored or TrialsKeepFailing, with what the first trial said.
        """
        check_scored(self.log, self.groups)
        check_failing(self.failing)

    def _list_problems(self) -> list[str]:
        """The remarks, and what is wrong with the searches."""
        try:
            self.check()
        except (NothingScored, TrialsKeepFailing) as error:
            return [*self.remarks, str(error)]
        return self.remarks

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: Any) -> Any:
        return self.rows[index]

    def frame(self, library: str | None = None) -> Any:
        """A data frame of pandas or polars with a row a searcher; raises NoFrameLibrary."""
        names = dict.fromkeys(name for row in self.rows for name in row)
        return make_frame({name: [row.get(name) for row in self.rows] for name in names}, library)

    @take_options
    def plot(self, kind: str = "incumbent", ax: Any = None, **options: Unpack[FigureSettings]) -> Any:
        """Draw the searches, and return the matplotlib axes: `ax`, or those of a new figure.

        The kinds are those of `archwright plot`; the kind incumbent is drawn by what the searches are compared by
        unless `by` says else. Raises NothingScored, UnknownFigureKind, UnknownAxis and UnwritableFigure.
        """
        scored = require_scored(self.log, " and of ".join(self.groups), self._list_histories())
        figure_options = read_figure_options({**options, "optimum": self.optimum})
        if kind == "incumbent" and figure_options.by is None:
            figure_options = evolve(figure_options, by=self.stretch.by)
        return plot_searches(scored, kind, ax, figure_options, lambda: read_trial_histories(self.log, scored))

    def _list_histories(self) -> list[SearchHistory]:
        """The searches up to the end, labelled as the rows are."""
        cut = self.stretch.cut
        return [evolve(cut(history), label=label) for label, group in self.groups.items() for history in group]

    def tabulate(self) -> TextTable:
        """The rows as the table that `archwright compare` prints."""
        return tabulate_conclusions(self.rows, self.optimum)

    def __repr__(self) -> str:
        return "\n".join([render_text(self.tabulate()), *self._list_problems()])

    def _repr_html_(self) -> str:
        table = self.tabulate()
        remarks = "".join(f"<div>{escape_text(remark)}</div>" for remark in self._list_problems())
        picture = sketch_searches(self._list_histories(), self.optimum)
        return render_table(table.headers, table.rows, len(table.rows)) + picture + remarks


def tabulate_conclusions(rows: Sequence[ConclusionRow], optimum: float | None) -> TextTable:
    """The table of a comparison, for people."""
    goal, has_several = "best" if optimum is None else "regret", rows[0]["has_several_budgets"]
    names = ["seeds"]
    for when in ("half-way", "at the end"):  # beside each score the budget at which it is, where there are several
        names += [f"{goal} {when}", *([f"budget {when}"] if has_several else [])]
    names += ["test", f"better than {rows[0]['searcher']} by", "95 % interval", "p"]
    columns = {"searcher": "left", **dict.fromkeys(names, "right")}
    counts = {title: [row[key] for row in rows] for title, key in PROBLEMS.items()}
    counts = {title: numbers for title, numbers in counts.items() if any(numbers)}
    columns |= dict.fromkeys(counts, "right")
    cells = [(*_format_row(row), *(numbers[i] or "" for numbers in counts.values())) for i, row in enumerate(rows)]
    return make_table(columns, cells)


def _format_row(row: ConclusionRow) -> Sequence[object]:
    return (
        row["searcher"],
        row["seeds"],
        _format_mean(row["half"], row["half_error"]),
        *([_format_budget_text(row["half_budget"])] if row["has_several_budgets"] else []),
        _format_mean(row["best"], row["best_error"]),
        *([_format_budget_text(row["best_budget"])] if row["has_several_budgets"] else []),
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


def _format_budget_text(budgets: str | None) -> str:
    """A budget of a row, or the smallest and the largest of several; a dash where there is none."""
    return "-" if budgets is None else " .. ".join(format_budget(parse_budget(text)) for text in budgets.split(".."))


def _format_number(value: float, sign: str = "") -> str:
    """Five digits behind the point; of a number that has so many before it that nobody reads them, six in all."""
    return f"{round(value, 5) + 0.0:{sign}.5f}" if abs(value) < 1e9 else f"{value:{sign}.6g}"


def _format_p_value(p: float) -> str:
    """A p-value, as exactly as 10,000 resamples know it."""
    return f"{p:.4f}" if p >= 0.001 else "<0.001"
