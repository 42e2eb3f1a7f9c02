"""The kinds of figures that hold searchers against each other: a line, or a box, for each searcher."""

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np

from archwright.plots.axes import FigureOptions, finish_axes, label_in_full
from archwright.plots.bands import draw_band
from archwright.plots.colours import assign_colours
from archwright.plots.histories import (
    NothingToCompare,
    SearchAxis,
    SearchGroups,
    SearchHistory,
    have_several_budgets,
    stack_rows,
)
from archwright.plots.stretches import find_grid, label_axis
from archwright.search.magnitude import FloatArray
from archwright.search.running.statistics import compute_fraction_above

MAX_AXIS_LETTERS_BESIDE_SLANTED_NAMES = 28  # along what slanted names leave of the height
THRESHOLD_COUNT = 100  # as in figure 6 of DeepArchitect
BIN_COUNT = 50


def label_score_axis(groups: SearchGroups, optimum: float | None) -> str:
    """What the best score so far, or its regret, is called on an axis; of several budgets also of which it is."""
    return _label_best(groups, optimum, "so far", " so far")


def _label_best(groups: SearchGroups, optimum: float | None, when: str, by_then: str = "") -> str:
    metric = get_first_search(groups).metric
    name = f"best {metric} {when}" if optimum is None else f"regret {when}: {metric} from the optimum"
    has_several = have_several_budgets(history for group in groups.values() for history in group)
    return f"{name}, of the largest budget{by_then}" if has_several else name


def _compute_regret(history: SearchHistory, best: FloatArray, optimum: float | None) -> FloatArray:
    return best if optimum is None else history.sign * (optimum - best)


def stack_incumbents(group: Sequence[SearchHistory], optimum: float | None) -> FloatArray:
    """The best score so far, or its regret, of each search after each trial [searches, trials]."""
    return stack_rows([_compute_regret(history, history.best, optimum) for history in group])


def draw_incumbents(axes: Any, groups: SearchGroups, options: FigureOptions) -> None:
    """The best score so far, or its regret, against the evaluations that have ended, or what else is asked for."""
    if options.by is not None and options.by != "trials":
        _draw_incumbents_by(axes, groups, options, options.by)
        return
    colour = assign_colours(groups)
    for label, group in groups.items():
        rows = stack_incumbents(group, options.optimum)
        x = np.arange(1, rows.shape[1] + 1, dtype=np.float64)
        draw_band(axes, x, rows, label, colour[label], options.band, is_stepped=True)
    axes.xaxis.get_major_locator().set_params(integer=True)
    _finish_incumbents(axes, "evaluations that have ended", groups, options.optimum)


def _draw_incumbents_by(axes: Any, groups: SearchGroups, options: FigureOptions, by: SearchAxis) -> None:
    units = {history.unit: history.run for group in groups.values() for history in group}
    if by == "total" and len(units) > 1:
        named = " and ".join(f"{unit} in {run}" for unit, run in units.items())
        raise NothingToCompare(f"the searches have budgets of different units, {named}; plot those of one unit")
    colour = assign_colours(groups)
    for label, group in groups.items():
        x = find_grid(group, by)
        rows = [history.look_up(_compute_regret(history, history.best, options.optimum), by, x) for history in group]
        ends = np.array([history.measure(by)[-1] for history in group])
        going = x[None, :] <= ends[:, None]  # each counts as far as it goes
        rows = np.where(going, np.stack(rows), np.nan)
        draw_band(axes, x, rows, label, colour[label], options.band, is_stepped=True)
    _finish_incumbents(axes, label_axis(by, get_first_search(groups).unit), groups, options.optimum)


def draw_incumbents_over_time(axes: Any, groups: SearchGroups, options: FigureOptions) -> None:
    """The same against seconds; raises NothingToCompare where these have no stretch in common."""
    colour = assign_colours(groups)
    for label, group in groups.items():
        x = np.geomspace(*_find_common_seconds(label, group), 300)
        rows = [
            history.look_up(_compute_regret(history, history.best, options.optimum), "time", x) for history in group
        ]
        draw_band(axes, x, np.stack(rows), label, colour[label], options.band, is_stepped=True)
    axes.set_xscale("log")
    label_in_full(axes.xaxis)
    _finish_incumbents(axes, label_axis("time", ""), groups, options.optimum)


def _find_common_seconds(label: str, group: Sequence[SearchHistory]) -> tuple[float, float]:
    """The seconds from when all of the searches have a score to when the first one ends.

    Before, only the fast ones would be averaged, which are no fair sample.
    """
    ends = [history.times for history in group]
    first = max(float(end[np.isfinite(history.scores)][0]) for end, history in zip(ends, group, strict=True))
    last = min(float(end[-1]) for end in ends)
    if not 0 < first < last:
        raise NothingToCompare(
            f"the searches of {label} have no stretch of time in common: all have a score after {first:g} s, and one "
            f"ends after {last:g} s; plot the kind incumbent instead"
        )
    return first, last


def draw_thresholds(axes: Any, groups: SearchGroups, options: FigureOptions) -> None:
    """The share of models above each score; of several budgets those that were tried at the largest."""
    scores = np.concatenate([history.largest_scores for group in groups.values() for history in group])
    low, high = np.nanmin(scores), np.nanmax(scores)
    x = np.linspace(0.0, 1.0, THRESHOLD_COUNT) if 0 <= low <= high <= 1 else np.linspace(low, high, THRESHOLD_COUNT)
    sign, colour = get_first_search(groups).sign, assign_colours(groups)
    for label, group in groups.items():
        rows = [
            compute_fraction_above(sign * np.nan_to_num(history.largest_scores, nan=-sign * np.inf), sign * x)
            for history in group
        ]
        draw_band(axes, x, np.stack(rows), label, colour[label], options.band)
    side = "or better" if sign > 0 else "or less"
    finish_axes(axes, _label_models_metric(groups), f"share of models with it {side}", False)


def draw_final_scores(axes: Any, groups: SearchGroups, options: FigureOptions) -> None:
    """The best scores at the end, or their regrets, as a box for each searcher."""
    ends = [
        [float(_compute_regret(history, history.best, options.optimum)[-1]) for history in group]
        for group in groups.values()
    ]
    axes.boxplot(ends, tick_labels=list(groups), showmeans=True)
    axes.set_ylabel(
        textwrap.fill(
            _label_best(groups, options.optimum, "at the end"),
            MAX_AXIS_LETTERS_BESIDE_SLANTED_NAMES,
        )
    )
    axes.tick_params(axis="x", rotation=20)


def draw_histogram(axes: Any, groups: SearchGroups, options: FigureOptions) -> None:  # noqa: ARG001  (as each kind's)
    """The density of all scores; of several budgets those at the largest."""
    scores_of = {
        label: np.concatenate([history.largest_scores for history in group]) for label, group in groups.items()
    }
    finite = {label: scores[np.isfinite(scores)] for label, scores in scores_of.items()}
    pooled = np.concatenate(list(finite.values()))
    edges = compute_bin_edges(float(pooled.min()), float(pooled.max()))
    colour = assign_colours(groups)
    for label, scores in finite.items():
        axes.hist(scores, bins=edges, histtype="step", density=True, label=label, color=colour[label], linewidth=1.4)
    finish_axes(axes, _label_models_metric(groups), "density of models", False)


def _label_models_metric(groups: SearchGroups) -> str:
    """The metric of models, and where they were tried at several budgets of which it is."""
    has_several = any(np.unique(history.levels).size > 1 for group in groups.values() for history in group)
    return (
        f"{get_first_search(groups).metric} at the largest budget" if has_several else get_first_search(groups).metric
    )


def compute_bin_edges(low: float, high: float) -> FloatArray:
    """The edges of BINS bins from `low` to `high`, and around them where these are too near for so many."""
    middle, span = low / 2 + high / 2, high / 2 - low / 2
    least = max(abs(middle) * 1e-9, 0.5 if low == high and abs(middle) < 1e8 else 1e-300)
    return middle + max(span, least) * np.linspace(-1.0, 1.0, BIN_COUNT + 1)


def get_first_search(groups: SearchGroups) -> SearchHistory:
    """Any of them, of which all have one objective."""
    return next(iter(groups.values()))[0]


def _finish_incumbents(axes: Any, x: str, groups: SearchGroups, optimum: float | None) -> None:
    finish_axes(axes, x, label_score_axis(groups, optimum), optimum is not None)
