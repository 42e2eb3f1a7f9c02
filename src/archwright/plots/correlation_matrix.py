"""The correlation between every two budgets as a matrix, with how many pairs each is of."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from archwright.core.budget import Budget
from archwright.plots.axes import FigureOptions
from archwright.plots.budget_colours import label_budget, sort_budgets
from archwright.plots.trial_histories import TrialGroups, list_histories
from archwright.search.correlation.budget_correlation import BudgetCorrelation
from archwright.search.correlation.rank_correlation import RankCorrelation
from archwright.search.running.budget_results import correlate_runs

DIVERGING_MAP = "RdBu"
DARK = 0.6  # the correlation from which on letters are white


def draw_budget_correlations(axes: Any, groups: TrialGroups, options: FigureOptions) -> None:  # noqa: ARG001  (as each kind's)
    """The matrix of all trials of these runs; raises what `correlate_runs` does."""
    draw_correlation_matrix(axes, correlate_runs([history.view for history in list_histories(groups)]))


def draw_correlation_matrix(axes: Any, correlations: Sequence[BudgetCorrelation]) -> None:
    """Spearman's correlation of each smaller budget with each larger one, its interval and its pairs.

    Above the diagonal are all configurations with both budgets; below it, where there are any beside survivors, those
    that nobody has chosen by their scores. A star marks what is of survivors.
    """
    budgets = sort_budgets(budget for row in correlations for budget in (row.lower, row.higher))
    places = {budget: place for place, budget in enumerate(budgets)}
    matrix, texts = np.full((len(budgets), len(budgets)), np.nan), dict[tuple[int, int], str]()
    for row in correlations:
        cells = [(places[row.lower], places[row.higher], row.whole, row.has_survivors)]
        if row.unchosen is not None:
            cells.append((places[row.higher], places[row.lower], row.unchosen, False))
        for i, j, correlation, has_survivors in cells:
            matrix[i, j] = np.nan if correlation.spearman is None else correlation.spearman
            texts[i, j] = describe_cell(correlation, has_survivors=has_survivors)
    image = axes.imshow(matrix, cmap=DIVERGING_MAP, vmin=-1, vmax=1)
    for (i, j), text in texts.items():
        colour = "white" if abs(np.nan_to_num(matrix[i, j])) > DARK else "black"
        axes.text(j, i, text, ha="center", va="center", color=colour, fontsize=_choose_letters(len(budgets)))
    _label_budgets(axes, budgets, correlations)
    axes.figure.colorbar(image, ax=axes, label="Spearman's correlation", fraction=0.046)


def describe_cell(correlation: RankCorrelation, *, has_survivors: bool) -> str:
    """What stands in a cell: the correlation, its interval, and its pairs; or why it is not known."""
    pairs = f"n = {correlation.pairs}{'*' if has_survivors else ''}"
    if correlation.is_too_small:
        return f"too few\n{pairs}"
    if correlation.spearman is None:
        return f"all alike\n{pairs}"
    interval = "" if correlation.low is None else f"{correlation.low:.2f} .. {correlation.high:.2f}\n"
    return f"{correlation.spearman:.2f}\n{interval}{pairs}"


def _choose_letters(budgets: int) -> float:
    """The size of letters in cells of a matrix of so many budgets, in points."""
    return max(3.0, min(8.0, 28 / budgets))


def _label_budgets(axes: Any, budgets: Sequence[Budget], correlations: Sequence[BudgetCorrelation]) -> None:
    names = [label_budget(budget) for budget in budgets]
    axes.set_xticks(range(len(names)), names, rotation=20, ha="right")
    axes.set_yticks(range(len(names)), names)
    axes.spines[:].set_visible(False)
    notes: list[str] = []
    if any(row.has_survivors for row in correlations):
        notes.append("* survivors among them")
    if any(row.unchosen is not None for row in correlations):
        notes.append("below the diagonal: without the survivors")
    axes.set_xlabel("\n".join(notes), fontsize="small")
