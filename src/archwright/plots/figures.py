"""Figures of searches: what the papers draw, good enough to print."""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from attrs import evolve, frozen

from archwright.core.errors import ArchwrightError, suggest_names
from archwright.display.warning import warn
from archwright.plots.axes import MATPLOTLIB_STYLE, NO_OPTIONS, PLAIN_TEXT, FigureOptions, check_labels, make_axes
from archwright.plots.colours import assign_colours
from archwright.plots.figure_files import find_figure_format, write_figure
from archwright.plots.histories import (
    SearchGroups,
    SearchHistory,
    explain_missing_scores,
    group_by_label,
    read_histories,
)
from archwright.plots.search_kinds import (
    draw_final_scores,
    draw_histogram,
    draw_incumbents,
    draw_incumbents_over_time,
    draw_thresholds,
    get_first_search,
    label_score_axis,
    stack_incumbents,
)
from archwright.plots.sketch import CYCLE, Curve, sketch_curves
from archwright.search.running.statistics import compute_mean_and_error

MAX_UNSCALED_SCORE = 1e100  # larger scores are drawn in a unit of their own, as no float holds their squares


class UnknownFigureKind(ArchwrightError, LookupError):
    """A name that no kind of figure has."""


@frozen
class FigureKind:
    """A kind of figure: what it shows, and what draws it on axes."""

    shows: str
    draw: Callable[[Any, SearchGroups, FigureOptions], None]


def get_figure_kind(name: str) -> FigureKind:
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
    histories = read_histories(log, patterns)
    scored = require_scored(log, " ".join(patterns), histories)
    axes = plot_searches(scored, kind, ax, options)
    warn(list_omissions(histories))
    return axes


def plot_searches(
    histories: Sequence[SearchHistory],
    kind: str = "incumbent",
    ax: Any = None,
    options: FigureOptions = NO_OPTIONS,
) -> Any:
    """Draw searches that have scores, and return the matplotlib axes: `ax`, or those of a new figure.

    A new figure is one of pyplot's, unless it is written to a file. Raises UnknownFigureKind, NothingToCompare where
    they are about several metrics, and what `write_figure` does.
    """
    from matplotlib import rc_context

    figure_kind = get_figure_kind(kind)
    check_labels(ax, options.title)
    if options.file is not None:
        find_figure_format(options.file)  # raises what is wrong with it before anything is drawn
    with rc_context(MATPLOTLIB_STYLE if ax is None else {}):
        axes = make_axes(is_shown=options.file is None) if ax is None else ax
        draw_histories(axes, histories, figure_kind, options)
        if options.file is not None:
            write_figure(axes.figure.canvas.figure, options.file)  # also of axes in a part of a figure
    return axes


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
    return sketch_curves(curves, label_score_axis(get_first_search(groups), optimum), is_stepped=True)


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
    from matplotlib import rc_context

    optimum = options.optimum
    scaled, unit = scale_scores(histories, optimum)
    with rc_context(PLAIN_TEXT):
        kind.draw(axes, group_by_label(scaled), evolve(options, optimum=None if optimum is None else optimum / unit))
        if options.title:
            axes.set_title(options.title)


def scale_scores(histories: Sequence[SearchHistory], optimum: float | None) -> tuple[Sequence[SearchHistory], float]:
    """Searches whose scores can be squared and added up, and the unit in which they now are: 1, or a power of ten."""
    largest = max([float(np.nanmax(np.abs(history.scores))) for history in histories] + [abs(optimum or 0.0)])
    if largest <= MAX_UNSCALED_SCORE:
        return histories, 1.0
    power = math.floor(math.log10(largest))
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


FIGURE_KINDS: Mapping[str, FigureKind] = {
    "incumbent": FigureKind(
        "the best score so far against evaluations that have ended, with standard errors", draw_incumbents
    ),
    "time": FigureKind(
        "the best score so far against the seconds of evaluation, until the first search ends",
        draw_incumbents_over_time,
    ),
    "threshold": FigureKind("the share of models above each score (DeepArchitect, figure 6)", draw_thresholds),
    "regret": FigureKind("the final scores, or their distance to the optimum, as boxes", draw_final_scores),
    "histogram": FigureKind("how the scores are spread", draw_histogram),
}
