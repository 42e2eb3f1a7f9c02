"""Scores against the values of one hyperparameter, and of all hyperparameters at once."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from archwright.core.errors import to_one_line
from archwright.plots.axes import POINT_SIZE, FigureOptions, finish_axes, label_in_full
from archwright.plots.budget_colours import COLOUR_MAP, colour_budgets, label_budget, list_legend_budgets
from archwright.plots.coordinates import Coordinate, cut_label, find_coordinates
from archwright.plots.evaluations import compute_height
from archwright.plots.trial_histories import ShownTrial, TrialGroups, TrialHistory, list_histories
from archwright.search.magnitude import FloatArray

MAX_COORDINATES = 12  # side by side
OPTION_SPREAD = 0.5  # of the room between two options, over which the points of one are spread
GOLDEN_RATIO = (5**0.5 - 1) / 2  # its multiples fill an interval evenly, however many there are
WORST_SHARE = 0.1  # of all configurations, which have one colour: else one that is far off would leave the others alike
LABEL_LETTERS = 48  # side by side, of all axes of parallel coordinates together
SMALL = 6  # points: the letters at the axes of parallel coordinates
LABEL_BOX: dict[str, Any] = {"facecolor": "white", "alpha": 0.7, "linewidth": 0, "pad": 0.5}  # behind them


def draw_hyperparameter(axes: Any, groups: TrialGroups, options: FigureOptions) -> None:
    """The score of each trial against the value of a hyperparameter, in the colour of its budget.

    It is the first that varies, unless one is named. Raises what `find_coordinates` does.
    """
    histories = list_histories(groups)
    trials = [(history, trial) for history in histories for trial in history.scored]
    coordinate = find_coordinates((t.path for _, t in trials), options.hyperparameter, name_runs(histories))[0]
    shown = [(history, trial) for history, trial in trials if coordinate.name in trial.path]
    budgets = [trial.shown_budget for _, trial in shown]
    named = set(list_legend_budgets(budgets))
    for budget, colour in colour_budgets(budgets).items():
        points = [
            (_place(coordinate, trial), compute_height(history, trial.score, options.optimum))
            for history, trial in shown
            if trial.shown_budget == budget
        ]
        if points:
            label = label_budget(budget) if budget in named else None
            axes.scatter(*zip(*points, strict=True), s=POINT_SIZE, color=[colour], label=label, alpha=0.8, linewidths=0)
    _scale_axis(axes, coordinate)
    metric = histories[0].metric
    some = "" if len(shown) == len(trials) else f" (of the {len(shown)} of {len(trials)} trials that have it)"
    height = metric if options.optimum is None else f"regret: {metric} from the optimum"
    finish_axes(axes, to_one_line(coordinate.name) + some, height, options.optimum is not None)


def name_runs(histories: Sequence[TrialHistory]) -> str:
    """What a message calls these runs."""
    return histories[0].run if len(histories) == 1 else f"these {len(histories)} runs"


def _place(coordinate: Coordinate, trial: ShownTrial) -> float:
    """The value itself, where it is a number; else its position, with a shift so that points do not hide each other."""
    value = trial.path[coordinate.name]
    if coordinate.numbers is not None:
        return float(value)
    shift = OPTION_SPREAD * ((trial.trial * GOLDEN_RATIO) % 1 - 0.5)
    return coordinate.place(value) * (len(coordinate.options) - 1) + shift


def _scale_axis(axes: Any, coordinate: Coordinate) -> None:
    if coordinate.numbers is None:
        labels = [label for _, label in coordinate.ticks]
        slant = {"rotation": 20, "ha": "right"} if sum(map(len, labels)) > 40 else {}
        axes.set_xticks(range(len(labels)), labels, **slant)
    elif coordinate.is_logarithmic:
        axes.set_xscale("log")
        label_in_full(axes.xaxis)
    elif all(number.is_integer() for number in coordinate.numbers):
        axes.xaxis.get_major_locator().set_params(integer=True)


def draw_parallel_coordinates(axes: Any, groups: TrialGroups, options: FigureOptions) -> None:
    """A line for each configuration through its values, in the colour of its score, the best on top.

    Its score is that of its last trial with the largest budget. A line has a gap where a configuration does not have
    a hyperparameter. Raises what `find_coordinates` does.
    """
    from matplotlib.cm import ScalarMappable
    from matplotlib.collections import LineCollection
    from matplotlib.colors import Normalize

    histories = list_histories(groups)
    trials = choose_last_trials(histories)
    found = find_coordinates((trial.path for trial in trials), options.hyperparameter, name_runs(histories))
    shown, sign = found[:MAX_COORDINATES], histories[0].sign
    trials = sorted(trials, key=lambda trial: sign * trial.score)
    scores = np.array([trial.score for trial in trials])
    worst = float(np.quantile(scores, WORST_SHARE if sign > 0 else 1 - WORST_SHARE))
    limits = (worst, float(scores.max())) if sign > 0 else (float(scores.min()), worst)
    colours = ScalarMappable(Normalize(*limits, clip=True), COLOUR_MAP if sign > 0 else f"{COLOUR_MAP}_r")
    heights = np.array([[_find_height(coordinate, trial) for coordinate in shown] for trial in trials])
    stretches = [split_at_gaps(row) for row in heights]
    lines = [line for some in stretches for line in some]
    of_lines = np.repeat(colours.to_rgba(scores), list(map(len, stretches)), axis=0)
    axes.add_collection(LineCollection(lines, colors=of_lines, linewidths=1.0, alpha=0.8))
    _label_coordinates(axes, shown, len(found))
    end = "min" if sign > 0 else "max"  # what lies beyond it has the colour of the worst
    axes.figure.colorbar(colours, ax=axes, label=to_one_line(histories[0].metric), fraction=0.05, extend=end)


def choose_last_trials(histories: Sequence[TrialHistory]) -> list[ShownTrial]:
    """Of each configuration the last trial with the largest budget that has a score."""
    chosen: dict[str, ShownTrial] = {}
    for history in histories:
        for trial in history.scored:
            key = json.dumps(dict(trial.path))
            best = chosen.get(key)
            if best is None or trial.level >= best.level:
                chosen[key] = trial
    return list(chosen.values())


def _find_height(coordinate: Coordinate, trial: ShownTrial) -> float:
    """Where a line crosses an axis, from 0 to 1; NaN where the trial does not have the hyperparameter."""
    return coordinate.place(trial.path[coordinate.name]) if coordinate.name in trial.path else np.nan


def split_at_gaps(heights: FloatArray) -> list[list[tuple[float, float]]]:
    """The stretches of a line; one of a single value is a short dash."""
    stretches: list[list[tuple[float, float]]] = [[]]
    for place, height in enumerate(heights.tolist()):
        if np.isnan(height):
            stretches.append([])
        else:
            stretches[-1].append((place, height))
    return [s if len(s) > 1 else [(s[0][0] - 0.05, s[0][1]), (s[0][0] + 0.05, s[0][1])] for s in stretches if s]


def _label_coordinates(axes: Any, shown: Sequence[Coordinate], count: int) -> None:
    """The axes by their names, each with its own labels."""
    for place, coordinate in enumerate(shown):
        axes.axvline(place, color="0.6", linewidth=0.7, zorder=0)
        for height, text in coordinate.ticks:
            label = cut_label(to_one_line(text), max(4, LABEL_LETTERS // len(shown)))
            axes.text(place + 0.03, height, label, fontsize=SMALL, va="center", zorder=3, bbox=LABEL_BOX)
    axes.set_xlim(-0.1, len(shown) - 1 + 0.3)
    axes.set_ylim(-0.05, 1.05)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    names = [_shorten_name(to_one_line(coordinate.name)) for coordinate in shown]
    axes.set_xticks(range(len(shown)), names, rotation=30, ha="right", fontsize="small")
    if count > len(shown):
        axes.set_xlabel(f"the first {len(shown)} of {count} hyperparameters that vary", fontsize="small")


def _shorten_name(name: str) -> str:
    """A long name without its beginning, which says least."""
    return name if len(name) <= 24 else f"…{name[-23:]}"
