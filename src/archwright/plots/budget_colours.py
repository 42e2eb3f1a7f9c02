"""The colours of budgets: from dark for the smallest to bright for the largest, as many as there are."""

from collections.abc import Iterable, Mapping
from operator import attrgetter
from typing import Any

from archwright.core.budget import Budget
from archwright.display.text import format_budget

COLOUR_MAP = "viridis"
BRIGHTEST = 0.92  # of the map, whose end is too bright for points on white
MAX_LEGEND_BUDGETS = 8
NO_BUDGET_COLOUR = "C0"


def sort_budgets(budgets: Iterable[Budget | None]) -> list[Budget]:
    """Those that there are, each once, the smallest first; by their units, where these differ."""
    return sorted({budget for budget in budgets if budget is not None}, key=attrgetter("level"))


def colour_budgets(budgets: Iterable[Budget | None]) -> Mapping[Budget | None, Any]:
    """The colour of each budget, in their order; that of None is for trials whose budget nothing reads."""
    from matplotlib import colormaps

    ordered = sort_budgets(budgets)
    steps = [BRIGHTEST * i / max(1, len(ordered) - 1) for i in range(len(ordered))]
    colours: dict[Budget | None, Any] = dict(zip(ordered, map(colormaps[COLOUR_MAP], steps), strict=True))
    return {**colours, None: NO_BUDGET_COLOUR}


def list_legend_budgets(budgets: Iterable[Budget | None]) -> list[Budget]:
    """Those that a legend names: all, or so many from the smallest to the largest."""
    ordered = sort_budgets(budgets)
    if len(ordered) <= MAX_LEGEND_BUDGETS:
        return ordered
    last = len(ordered) - 1
    return [ordered[round(i * last / (MAX_LEGEND_BUDGETS - 1))] for i in range(MAX_LEGEND_BUDGETS)]


def label_budget(budget: Budget | None) -> str | None:
    """A budget in words, as in `27 epochs`, where whole numbers have no point; None where nothing reads it."""
    return None if budget is None else format_budget(budget)
