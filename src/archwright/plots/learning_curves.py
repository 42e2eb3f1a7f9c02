"""How the trials of a search learned: the objective's metric after each epoch."""

import math
from collections.abc import Sequence
from typing import Any

from archwright.plots.axes import FigureOptions, finish_axes, label_in_full
from archwright.plots.budget_colours import colour_budgets, label_budget, list_legend_budgets
from archwright.plots.trial_histories import NothingToShow, ShownTrial, TrialGroups, TrialHistory, list_histories

MIN_OPACITY, FULL_OPACITY_CURVES = 0.25, 20  # of many curves each is fainter


def draw_learning_curves(axes: Any, groups: TrialGroups, options: FigureOptions) -> None:  # noqa: ARG001  (as each kind's)
    """A line for each trial that reported the metric, in the colour of its budget, and of each run the best in black.

    A trial that goes on with the training of another one begins where that one ended. Raises NothingToShow where none
    has reported it.
    """
    histories = list_histories(groups)
    shown = [(history, trial) for history in histories for trial in history.trials if _list_points(trial.curve)]
    metric = histories[0].metric
    if not shown:
        names = histories[0].run if len(histories) == 1 else "these runs"
        raise NothingToShow(f"no trial of {names} reported the {metric} after an epoch: there are no learning curves")
    budgets = [trial.shown_budget for _, trial in shown]
    colours, named = colour_budgets(budgets), set(list_legend_budgets(budgets))
    opacity = max(MIN_OPACITY, min(1.0, FULL_OPACITY_CURVES / len(shown)))
    for budget, colour in colours.items():
        traces = [trace_training(history, trial) for history, trial in shown if trial.shown_budget == budget]
        if traces:
            label = label_budget(budget) if budget in named else None
            _draw_traces(axes, traces, label, color=colour, alpha=opacity)
    for number, history in enumerate(histories):
        _draw_best(axes, history, "the best trial" if number == 0 else None)
    if len(colours) > 2:  # of two budgets or more, and of None
        axes.set_xscale("log")
        label_in_full(axes.xaxis)
    else:
        axes.xaxis.get_major_locator().set_params(integer=True)
    finish_axes(axes, "epoch", metric, False)


def _draw_traces(axes: Any, traces: Sequence[Sequence[tuple[int, float]]], label: str | None, **style: Any) -> None:
    """Lines at once, since thousands one by one take minutes; and their points, as some have one alone."""
    from matplotlib.collections import LineCollection

    axes.add_collection(LineCollection(traces, linewidths=0.9, **style))
    epochs, values = zip(*(point for trace in traces for point in trace), strict=True)
    axes.plot(epochs, values, ".", markersize=3, label=label, **style)


def _list_points(curve: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    return [(epoch, value) for epoch, value in curve if math.isfinite(value)]


def trace_training(history: TrialHistory, trial: ShownTrial) -> list[tuple[int, float]]:
    """The epochs and values of a trial, after the last one of the trial that it continues, if that has any."""
    points = _list_points(trial.curve)
    earlier = None if trial.continues is None else history.numbered.get(trial.continues)
    before = [] if earlier is None else [point for point in _list_points(earlier.curve) if point[0] < points[0][0]]
    return [*before[-1:], *points]


def _draw_best(axes: Any, history: TrialHistory, label: str | None) -> None:
    """The whole training of the best trial, through all those that it continues."""
    incumbents, trials = history.incumbents, history.numbered
    points: list[tuple[int, float]] = []
    trial = incumbents[-1] if incumbents else None
    while trial is not None:
        first = points[0][0] if points else math.inf
        points = [*(point for point in _list_points(trial.curve) if point[0] < first), *points]
        trial = None if trial.continues is None else trials.get(trial.continues)
    if points:
        axes.plot(*zip(*points, strict=True), color="black", linewidth=1.6, label=label)
