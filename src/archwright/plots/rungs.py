"""The rungs of a search: when its trials ended at which budget, and which of them went on."""

from collections.abc import Mapping, Sequence
from typing import Any

from archwright.core.budget import Budget
from archwright.display.text import pluralize
from archwright.plots.axes import POINT_SIZE, FigureOptions
from archwright.plots.budget_colours import label_budget, sort_budgets
from archwright.plots.colours import CYCLE_COLOURS
from archwright.plots.evaluations import choose_time_unit
from archwright.plots.trial_histories import NothingToShow, ShownTrial, TrialGroups, require_one_run

MAX_LEGEND_BRACKETS = 6


def draw_rungs(axes: Any, groups: TrialGroups, options: FigureOptions) -> None:  # noqa: ARG001  (as each kind's)
    """A row for each budget with its trials over time, and a line from each trial to the one that promotes it.

    Raises NothingToShow where no trial promotes another one, or the runs are several.
    """
    history = require_one_run(groups, "rungs")
    ended = {trial.trial: trial for trial in history.trials if not trial.is_open}
    promotions = [trial for trial in ended.values() if trial.promotes in ended]
    if not promotions:
        raise NothingToShow(
            f"no trial of {history.run} promotes another one: rungs are of ladders, such as asha and hyperband"
        )
    budgets = sort_budgets(trial.budget for trial in ended.values())
    rows = {budget: row for row, budget in enumerate(budgets)}
    divisor, unit = choose_time_unit(max(trial.ended for trial in ended.values()))
    for trial in promotions:
        earlier = ended[trial.promotes or 0]
        times, heights = [earlier.ended / divisor, trial.ended / divisor], [rows[earlier.budget], rows[trial.budget]]
        axes.plot(times, heights, color="0.75", linewidth=0.7, zorder=1)
    _draw_trials(axes, list(ended.values()), rows, divisor)
    _label_rungs(axes, list(ended.values()), budgets)
    axes.set_xlabel(f"{unit} since the run began")


def _draw_trials(axes: Any, trials: Sequence[ShownTrial], rows: Mapping[Budget, int], divisor: float) -> None:
    brackets = sorted({trial.bracket for trial in trials if trial.bracket is not None})
    for bracket in [*brackets, None]:
        shown = [trial for trial in trials if trial.bracket == bracket and trial.has_score]
        if shown:
            label = f"bracket {bracket}" if len(brackets) > 1 and bracket in brackets[:MAX_LEGEND_BRACKETS] else None
            axes.scatter(
                [trial.ended / divisor for trial in shown],
                [rows[trial.budget] for trial in shown],
                s=POINT_SIZE,
                color=f"C{(bracket or 0) % CYCLE_COLOURS}",
                label=label,
                linewidths=0,
                zorder=2,
            )
    failed = [trial for trial in trials if not trial.has_score]
    if failed:
        heights = [rows[trial.budget] for trial in failed]
        axes.plot([trial.ended / divisor for trial in failed], heights, "x", color="0.4", markersize=4, label="failed")
    if len(brackets) > 1 or failed:
        axes.legend(frameon=False, fontsize="small")


def _label_rungs(axes: Any, trials: Sequence[ShownTrial], budgets: Sequence[Budget]) -> None:
    """Each row by its budget, and at its end how many trials it has."""
    axes.set_yticks(range(len(budgets)), [label_budget(budget) for budget in budgets])
    axes.set_ylim(-0.5, len(budgets) - 0.5)
    for row, budget in enumerate(budgets):
        count = pluralize(sum(trial.budget == budget for trial in trials), "trial")
        place = axes.get_yaxis_transform()
        axes.text(1.02, row, count, transform=place, va="center", fontsize="small", color="0.3")
