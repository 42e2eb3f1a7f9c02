"""Figures of searches: what the papers draw, good enough to print."""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from attrs import evolve, frozen

from archwright.core.errors import ArchwrightError, suggest_names
from archwright.display.warning import warn
from archwright.plots.axes import NO_OPTIONS, FigureOptions, plot_on_axes
from archwright.plots.colours import assign_colours
from archwright.plots.correlation_matrix import draw_budget_correlations
from archwright.plots.evaluations import draw_evaluations
from archwright.plots.histories import (
    SearchGroups,
    SearchHistory,
    explain_missing_scores,
    group_by_label,
    make_history,
    read_histories,
)
from archwright.plots.hyperparameters import draw_hyperparameter, draw_parallel_coordinates
from archwright.plots.learning_curves import draw_learning_curves
from archwright.plots.model_share import draw_model_share
from archwright.plots.rungs import draw_rungs
from archwright.plots.search_kinds import (
    draw_final_scores,
    draw_histogram,
    draw_incumbents,
    draw_incumbents_over_time,
    draw_thresholds,
    label_score_axis,
    stack_incumbents,
)
from archwright.plots.sketch import CYCLE, Curve, sketch_curves
from archwright.plots.stretches import UnknownAxis
from archwright.plots.trial_histories import (
    TrialGroups,
    TrialHistory,
    divide_scores,
    list_shown_numbers,
    make_trial_history,
    read_trial_histories,
)
from archwright.search.running.run_view import RunView
from archwright.search.running.statistics import compute_mean_and_error

MAX_UNSCALED_SCORE = 1e100  # larger scores are drawn in a unit of their own, as no float holds their squares


class UnknownFigureKind(ArchwrightError, LookupError):
    """A name that no kind of figure has."""


TrialReader = Callable[[], Sequence[TrialHistory]]  # reads the trials of searches, if a figure shows them


@frozen
class FigureKind:
    """A kind of figure: what it shows, and what draws it on axes, from searches by their searchers."""

    shows: str
    draw: Callable[[Any, SearchGroups, FigureOptions], None]


@frozen
class TrialFigureKind:
    """A kind of figure that shows trials one by one, and what draws it."""

    shows: str
    draw: Callable[[Any, TrialGroups, FigureOptions], None]


def get_figure_kind(name: str) -> FigureKind | TrialFigureKind:
    """The kind of figure of that name; raises UnknownFigureKind."""
    if name not in tuple(FIGURE_KINDS):
        raise UnknownFigureKind(f"there is no kind of figure {name!r}; {suggest_names(name, FIGURE_KINDS)}")
    return FIGURE_KINDS[name]


def plot_runs(
    log: Path,
    patterns: Sequence[str],
    kind: str = "incumbent",
    ax: Any = None,
    options: FigureOptions = NO_OPTIONS,
) -> Any:
    """Draw the runs of these names or patterns as `plot_searches` does, and warn of what the figure does not show.

    Raises NothingScored, with what the first trial said, where none has a score, and what `read_histories` does.
    """
    get_figure_kind(kind)  # raises what is wrong with it before anything is read
    histories = read_histories(log, patterns)
    scored = require_scored(log, " ".join(patterns), histories)
    axes = plot_searches(scored, kind, ax, options, lambda: read_trial_histories(log, scored))
    warn(list_omissions(histories))
    return axes


def plot_view(view: RunView, kind: str, ax: Any, options: FigureOptions) -> Any:
    """Draw a run as far as it was read, as `plot_searches` does; it has a score."""
    return plot_searches([make_history(view)], kind, ax, options, lambda: [make_trial_history(view)])


def plot_searches(
    histories: Sequence[SearchHistory], kind: str, ax: Any, options: FigureOptions, read_trials: TrialReader
) -> Any:
    """Draw searches that have scores, and return the matplotlib axes, as `plot_on_axes` does.

    Raises UnknownFigureKind, UnknownAxis where one is named for a kind that has its own, NothingToCompare where they
    are about several metrics, NothingToShow where a kind has nothing to show of them, and what `plot_on_axes` and the
    kinds do.
    """
    figure_kind = get_figure_kind(kind)
    if options.by is not None and figure_kind is not FIGURE_KINDS["incumbent"]:
        raise UnknownAxis(
            f"by is {options.by!r}, and the kind {kind} has axes of its own; leave it out, or draw the kind incumbent"
        )

    def draw(axes: Any) -> None:
        if isinstance(figure_kind, TrialFigureKind):
            draw_trials(axes, read_trials(), figure_kind, options)
        else:
            draw_histories(axes, histories, figure_kind, options)

    return plot_on_axes(ax, options, draw)


def sketch_searches(histories: Sequence[SearchHistory], optimum: float | None = None) -> str:
    """The means of the kind incumbent as a small SVG picture; empty where none of the searches has two scores."""
    scored = [history for history in histories if history.has_score]
    if not scored:
        return ""
    scaled, unit = scale_scores(scored, optimum)
    optimum = None if optimum is None else optimum / unit
    groups = group_by_label(scaled)
    means = {label: compute_mean_and_error(stack_incumbents(group, optimum))[0] for label, group in groups.items()}
    colours = assign_colours(groups)
    curves = [Curve(mean.tolist(), label, CYCLE[int(colours[label][1:]) % len(CYCLE)]) for label, mean in means.items()]
    return sketch_curves(curves, label_score_axis(groups, optimum), is_stepped=True)


def require_scored(log: Path, subject: str, histories: Sequence[SearchHistory]) -> list[SearchHistory]:
    """The searches that have a score; raises NothingScored, with what the first trial said, where none has."""
    scored = [history for history in histories if history.has_score]
    if not scored:
        raise explain_missing_scores(log, subject, histories)
    return scored


def draw_histories(
    axes: Any, histories: Sequence[SearchHistory], kind: FigureKind, options: FigureOptions = NO_OPTIONS
) -> None:
    """Draw searches on axes; each of them has a score."""
    optimum = options.optimum
    scaled, unit = scale_scores(histories, optimum)
    kind.draw(axes, group_by_label(scaled), evolve(options, optimum=None if optimum is None else optimum / unit))


def draw_trials(
    axes: Any, histories: Sequence[TrialHistory], kind: TrialFigureKind, options: FigureOptions = NO_OPTIONS
) -> None:
    """Draw the trials of searches on axes; each of the searches has a score."""
    optimum = options.optimum
    power = find_power(list_shown_numbers(histories), optimum)
    if power:
        histories = [evolve(history, metric=f"{history.metric} in 1e{power}") for history in histories]
        histories = divide_scores(histories, 10.0**power)
        optimum = None if optimum is None else optimum / 10.0**power
    kind.draw(axes, group_by_label(histories), evolve(options, optimum=optimum))


def find_power(values: Sequence[float], optimum: float | None) -> int:
    """The power of ten in which such scores are drawn: 0, unless no float holds their squares."""
    largest = max([*map(abs, values), abs(optimum or 0.0)])
    return 0 if largest <= MAX_UNSCALED_SCORE else math.floor(math.log10(largest))


def scale_scores(histories: Sequence[SearchHistory], optimum: float | None) -> tuple[Sequence[SearchHistory], float]:
    """Searches whose scores can be squared and added up, and the unit in which they now are: 1, or a power of ten."""
    power = find_power([float(np.nanmax(np.abs(history.scores))) for history in histories], optimum)
    if not power:
        return histories, 1.0
    unit = 10.0**power
    return [
        evolve(history, scores=history.scores / unit, metric=f"{history.metric} in 1e{power}") for history in histories
    ], unit


def list_omissions(histories: Sequence[SearchHistory]) -> list[str]:
    """What a figure of these searches does not show, for people."""
    omissions: list[str] = []
    for label, group in group_by_label(histories).items():
        scored = [history for history in group if history.has_score]
        if len(scored) < len(group):
            omissions.append(
                f"{label}: {len(group) - len(scored)} of {len(group)} searches have no score and are not drawn"
            )
        lengths = [len(history.scores) for history in scored]
        if lengths and min(lengths) < max(lengths):
            omissions.append(
                f"{label}: the searches have {min(lengths)} to {max(lengths)} trials; each counts as far as it goes"
            )
    return omissions


FIGURE_KINDS: Mapping[str, FigureKind | TrialFigureKind] = {
    "incumbent": FigureKind(
        "the best score so far against evaluations that have ended, with standard errors", draw_incumbents
    ),
    "time": FigureKind(
        "the best score so far against seconds, until the first search ends",
        draw_incumbents_over_time,
    ),
    "threshold": FigureKind("the share of models above each score (DeepArchitect, figure 6)", draw_thresholds),
    "regret": FigureKind("the final scores, or their distance to the optimum, as boxes", draw_final_scores),
    "histogram": FigureKind("how the scores are spread", draw_histogram),
    "evaluations": TrialFigureKind(
        "every evaluation over time in the colour of its budget, and the best so far (Zela et al. 2018, figure 1)",
        draw_evaluations,
    ),
    "rungs": TrialFigureKind("of one run: its trials over time at each budget, and which of them went on", draw_rungs),
    "curves": TrialFigureKind(
        "the metric after each epoch of each trial, in the colour of its budget, the best trial in black",
        draw_learning_curves,
    ),
    "parallel": TrialFigureKind(
        "the values of all hyperparameters that vary, a line for each configuration in the colour of its score",
        draw_parallel_coordinates,
    ),
    "hyperparameter": TrialFigureKind(
        "the scores against the values of one hyperparameter, the first that varies unless one is named",
        draw_hyperparameter,
    ),
    "models": TrialFigureKind("the share of new configurations that a model made, over the run", draw_model_share),
    "correlation": TrialFigureKind(
        "Spearman's correlation between every two budgets, with its interval and how many pairs it is of",
        draw_budget_correlations,
    ),
}
