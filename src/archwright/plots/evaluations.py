"""Every evaluation of a search over time, in the colour of its budget, and the best one so far."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np

from archwright.plots.axes import MIN_LOG_RATIO, POINT_SIZE, FigureOptions, finish_axes, label_in_full
from archwright.plots.bands import draw_band
from archwright.plots.budget_colours import colour_budgets, label_budget, list_legend_budgets
from archwright.plots.colours import assign_colours
from archwright.plots.trial_histories import TrialGroups, TrialHistory, list_histories
from archwright.search.magnitude import FloatArray

GRID_POINTS = 300  # of the line that stands for several searches
TIME_UNITS = ((48 * 3600.0, 86400.0, "days"), (3 * 3600.0, 3600.0, "hours"), (600.0, 60.0, "minutes"))


def draw_evaluations(axes: Any, groups: TrialGroups, options: FigureOptions) -> None:
    """A point for each trial that has a score, and a line for the best one so far of each searcher.

    Of several searches of one searcher the line is in a band, over the time that they have in common.
    """
    histories = list_histories(groups)
    seconds = [trial.ended for history in histories for trial in history.scored]
    divisor, unit = choose_time_unit(max(seconds))
    optimum = options.optimum
    _draw_points(axes, histories, divisor, optimum)
    colours = assign_colours(groups)
    for label, group in groups.items():
        colour = "black" if len(groups) == 1 else colours[label]
        _draw_incumbents(axes, label, group, colour, divisor, options)
    if min(seconds) > 0 and max(seconds) / min(seconds) >= MIN_LOG_RATIO:
        axes.set_xscale("log")
        label_in_full(axes.xaxis)
    metric = histories[0].metric
    height = metric if optimum is None else f"regret: {metric} from the optimum"
    finish_axes(axes, f"{unit} since the run began", height, optimum is not None)


def choose_time_unit(seconds: float) -> tuple[float, str]:
    """How many seconds the unit has in which a figure shows so many, and its name."""
    return next(((divisor, name) for least, divisor, name in TIME_UNITS if seconds >= least), (1.0, "seconds"))


def compute_height(history: TrialHistory, score: float, optimum: float | None) -> float:
    """Where a score stands: at itself, or at its distance to the optimum."""
    return score if optimum is None else history.sign * (optimum - score)


def _draw_points(axes: Any, histories: Sequence[TrialHistory], divisor: float, optimum: float | None) -> None:
    shown = [(history, trial) for history in histories for trial in history.scored]
    budgets = [trial.shown_budget for _, trial in shown]
    colours, named = colour_budgets(budgets), set(list_legend_budgets(budgets))
    for budget, colour in colours.items():
        points = [
            (trial.ended / divisor, compute_height(history, trial.score, optimum))
            for history, trial in shown
            if trial.shown_budget == budget
        ]
        if points:
            label = label_budget(budget) if budget in named else None
            axes.scatter(*zip(*points, strict=True), s=POINT_SIZE, color=[colour], label=label, alpha=0.8, linewidths=0)
    failed = [t for history in histories for t in history.trials if not (t.is_open or t.has_score)]
    if failed:
        times = [trial.ended / divisor for trial in failed]
        axes.plot(
            times,
            [0.02] * len(times),
            "x",
            color="0.5",
            markersize=4,
            transform=axes.get_xaxis_transform(),
            label="failed",
        )


def _draw_incumbents(
    axes: Any, label: str, group: Sequence[TrialHistory], colour: Any, divisor: float, options: FigureOptions
) -> None:
    curves = [_trace_incumbents(history, divisor, options.optimum) for history in group]
    first, last = max(times[0] for times, _ in curves), min(times[-1] for times, _ in curves)
    if len(curves) > 1 and first < last:
        x = np.linspace(first, last, GRID_POINTS) if first == 0 else np.geomspace(first, last, GRID_POINTS)
        rows = np.stack([scores[np.searchsorted(times, x, side="right") - 1] for times, scores in curves])
        draw_band(axes, x, rows, f"best of {label}", colour, options.band, is_stepped=True)
        return
    for history in group:
        name = f"best of {label}" if history is group[0] else None
        _draw_line(axes, history, name, colour, divisor, options.optimum)


def _draw_line(
    axes: Any, history: TrialHistory, name: str | None, colour: Any, divisor: float, optimum: float | None
) -> None:
    """The best so far as a line that begins anew with each larger budget, as it may be worse there."""
    incumbents, end = history.incumbents, history.scored[-1].ended
    stretches = [list(stretch) for _, stretch in groupby(incumbents, key=lambda trial: trial.shown_budget)]
    ends = [*(stretch[0].ended for stretch in stretches[1:]), end]
    for number, (stretch, last) in enumerate(zip(stretches, ends, strict=True)):
        times = [*(trial.ended for trial in stretch), last]
        heights = [compute_height(history, trial.score, optimum) for trial in (*stretch, stretch[-1])]
        axes.plot(
            np.array(times) / divisor,
            heights,
            color=colour,
            linewidth=1.4,
            drawstyle="steps-post",
            label=None if number else name,
        )


def _trace_incumbents(history: TrialHistory, divisor: float, optimum: float | None) -> tuple[FloatArray, FloatArray]:
    """When there was a new best trial, and its height, up to the end of the search."""
    incumbents = history.incumbents
    times = [*(trial.ended for trial in incumbents), history.scored[-1].ended]
    heights = [compute_height(history, trial.score, optimum) for trial in (*incumbents, incumbents[-1])]
    return np.array(times) / divisor, np.array(heights)
