"""Figures of searches: what the papers draw, good enough to print."""

import math
import textwrap
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from attrs import evolve, frozen

from archwright.core.errors import ArchwrightError, show, suggest_names, to_encodable
from archwright.core.readers import ValueReader
from archwright.display.warning import warn
from archwright.plots.colours import assign_colours
from archwright.plots.figure_files import find_figure_format, write_figure
from archwright.plots.histories import (
    NothingToCompare,
    SearchGroups,
    SearchHistory,
    explain_missing_scores,
    group_by_label,
    read_histories,
    stack_rows,
)
from archwright.plots.sketch import CYCLE, Curve, sketch_curves
from archwright.search.magnitude import FloatArray
from archwright.search.running.statistics import compute_fraction_above, compute_mean_and_error

FIGURE_INCHES = (5.0, 3.4)  # inches: a column of a paper
# A dollar in a title or in the name of a metric is a dollar, also on axes of somebody else's style.
PLAIN_TEXT: dict[Any, Any] = {"text.parse_math": False}
MATPLOTLIB_STYLE: dict[Any, Any] = {
    **PLAIN_TEXT,
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "svg.fonttype": "none",
}
MAX_AXIS_LETTERS = 40  # along the height of a figure
MAX_AXIS_LETTERS_BESIDE_SLANTED_NAMES = 28  # along what slanted names leave of the height
THRESHOLD_COUNT = 100  # as in figure 6 of DeepArchitect
BIN_COUNT = 50
MAX_UNSCALED_SCORE = 1e100  # larger scores are drawn in a unit of their own, as no float holds their squares


class UnknownFigureKind(ArchwrightError, LookupError):
    """A name that no kind of figure has."""


class NotAxes(ArchwrightError, TypeError):
    """Something else than axes or their title."""


@frozen
class FigureKind:
    """A kind of figure: what it shows, and what draws it on axes."""

    shows: str
    draw: Callable[[Any, SearchGroups, float | None], None]


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
    *,
    optimum: float | None = None,
    title: str | None = None,
    file: Path | None = None,
) -> Any:
    """Draw the runs of these names or patterns as `plot_searches` does, and warn of what the figure does not show.

    Raises NothingScored, with what the first trial said, where none has a score, and what `read_histories` does.
    """
    histories = read_histories(log, patterns)
    scored = require_scored(log, " ".join(patterns), histories)
    axes = plot_searches(scored, kind, ax, optimum=optimum, title=title, file=file)
    warn(list_omissions(histories))
    return axes


def plot_searches(
    histories: Sequence[SearchHistory],
    kind: str = "incumbent",
    ax: Any = None,
    *,
    optimum: float | None = None,
    title: str | None = None,
    file: Path | None = None,
) -> Any:
    """Draw searches that have scores, and return the matplotlib axes: `ax`, or those of a new figure.

    `optimum` is the best possible score, if known: then the distance to it is drawn. A new figure is one of pyplot's,
    unless it is written to a `file`. Raises UnknownFigureKind, NothingToCompare where they are about several metrics,
    and what `write_figure` does.
    """
    from matplotlib import rc_context

    figure_kind = get_figure_kind(kind)
    _check_labels(ax, title)
    if file is not None:
        find_figure_format(file)  # raises what is wrong with it before anything is drawn
    with rc_context(MATPLOTLIB_STYLE if ax is None else {}):
        axes = _make_axes(is_shown=file is None) if ax is None else ax
        draw_histories(axes, histories, figure_kind, optimum, title)
        if file is not None:
            write_figure(axes.figure.canvas.figure, file)  # also of axes in a part of a figure
    return axes


def _make_axes(*, is_shown: bool) -> Any:
    """Those of a new figure, which is shown where pyplot shows its own."""
    if is_shown:
        from matplotlib import pyplot  # which looks for a display

        figure = pyplot.figure(figsize=FIGURE_INCHES, layout="constrained")
    else:
        from matplotlib.figure import Figure

        figure = Figure(figsize=FIGURE_INCHES, layout="constrained")
    return figure.subplots()


def sketch_searches(histories: Sequence[SearchHistory], optimum: float | None = None) -> str:
    """The means of the kind incumbent as a small SVG picture; empty where none of the searches has two scores."""
    scored = [history for history in histories if history.has_score]
    if not scored:
        return ""
    scaled, unit = scale_scores(scored, optimum)
    optimum = None if optimum is None else optimum / unit
    groups = group_by_label(scaled)
    means = {label: compute_mean_and_error(_stack_incumbents(group, optimum))[0] for label, group in groups.items()}
    colours = assign_colours(groups)
    curves = [Curve(mean.tolist(), label, CYCLE[int(colours[label][1:]) % len(CYCLE)]) for label, mean in means.items()]
    return sketch_curves(curves, _label_score_axis(_get_first_search(groups), optimum), is_stepped=True)


def _check_labels(ax: Any, title: Any) -> None:
    """NotAxes of what cannot be drawn on, and of a title that is no text, or one that no figure can show."""
    from matplotlib.axes import Axes

    if ax is not None and not isinstance(ax, Axes):
        raise NotAxes(f"ax is {show(ax)}; it must be axes of matplotlib, as of plt.subplots()")
    if title is not None and to_encodable(ValueReader(NotAxes).check_text("title", title)) != title:
        raise NotAxes(f"title is {show(title)}; it must be a text that UTF-8 can write")


def require_scored(log: Path, subject: str, histories: Sequence[SearchHistory]) -> list[SearchHistory]:
    """The searches that have a score; raises NothingScored, with what the first trial said, where none has."""
    scored = [history for history in histories if history.has_score]
    if not scored:
        raise explain_missing_scores(log, subject, histories)
    return scored


def draw_histories(
    axes: Any, histories: Sequence[SearchHistory], kind: FigureKind, optimum: float | None, title: str | None
) -> None:
    """Draw searches on axes. `optimum` is the best possible score, if known. Each of the searches has a score."""
    from matplotlib import rc_context

    scaled, unit = scale_scores(histories, optimum)
    with rc_context(PLAIN_TEXT):
        kind.draw(axes, group_by_label(scaled), None if optimum is None else optimum / unit)
        if title:
            axes.set_title(title)


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


def _draw_mean_and_error(
    axes: Any, x: FloatArray, rows: FloatArray, label: str, colour: str, *, is_stepped: bool = False
) -> None:
    """The mean over the searches that have a value there, and one standard error on either side of it.

    With `is_stepped` each value lasts until the next one, as that of an incumbent does.
    """
    mean, error = compute_mean_and_error(rows)
    line_style, step = ("steps-post", "post") if is_stepped else ("default", None)
    axes.plot(x, mean, label=f"{label} (n={len(rows)})", color=colour, linewidth=1.4, drawstyle=line_style)
    axes.fill_between(x, mean - error, mean + error, color=colour, alpha=0.25, linewidth=0, step=step)


def _label_score_axis(first: SearchHistory, optimum: float | None, when: str = "so far") -> str:
    return f"best {first.metric} {when}" if optimum is None else f"regret {when}: {first.metric} from the optimum"


def _compute_regret(history: SearchHistory, best: FloatArray, optimum: float | None) -> FloatArray:
    return best if optimum is None else history.sign * (optimum - best)


def _stack_incumbents(group: Sequence[SearchHistory], optimum: float | None) -> FloatArray:
    """The best score so far, or its regret, of each search after each trial [searches, trials]."""
    return stack_rows([_compute_regret(history, history.best, optimum) for history in group])


def _draw_incumbent(axes: Any, groups: SearchGroups, optimum: float | None) -> None:
    colour = assign_colours(groups)
    for label, group in groups.items():
        rows = _stack_incumbents(group, optimum)
        x = np.arange(1, rows.shape[1] + 1, dtype=np.float64)
        _draw_mean_and_error(axes, x, rows, label, colour[label], is_stepped=True)
    axes.xaxis.get_major_locator().set_params(integer=True)
    _finish_axes(
        axes, "evaluations that have ended", _label_score_axis(_get_first_search(groups), optimum), optimum is not None
    )


def _draw_time(axes: Any, groups: SearchGroups, optimum: float | None) -> None:
    colour = assign_colours(groups)
    for label, group in groups.items():
        x = np.geomspace(*_find_common_seconds(label, group), 300)
        rows = [
            _look_up_steps(np.cumsum(history.seconds), _compute_regret(history, history.best, optimum), x)
            for history in group
        ]
        _draw_mean_and_error(axes, x, np.stack(rows), label, colour[label], is_stepped=True)
    axes.set_xscale("log")
    _label_in_full(axes.xaxis)
    _finish_axes(
        axes, "seconds of evaluation", _label_score_axis(_get_first_search(groups), optimum), optimum is not None
    )


def _find_common_seconds(label: str, group: Sequence[SearchHistory]) -> tuple[float, float]:
    """The seconds from when all of the searches have a score to when the first one ends.

    Before, only the fast ones would be averaged, which are no fair sample.
    """
    ends = [np.cumsum(history.seconds) for history in group]
    first = max(float(end[np.isfinite(history.scores)][0]) for end, history in zip(ends, group, strict=True))
    last = min(float(end[-1]) for end in ends)
    if not 0 < first < last:
        raise NothingToCompare(
            f"the searches of {label} have no stretch of time in common: all have a score after {first:g} s, and one "
            f"ends after {last:g} s; plot the kind incumbent instead"
        )
    return first, last


def _look_up_steps(ends: FloatArray, values: FloatArray, x: FloatArray) -> FloatArray:
    """The step function that takes each of `values` at its time in `ends`, at the times `x` (none before the first)."""
    return values[np.searchsorted(ends, x, side="right") - 1]


def _draw_threshold(axes: Any, groups: SearchGroups, optimum: float | None) -> None:  # noqa: ARG001  (as each kind's)
    scores = np.concatenate([history.scores for group in groups.values() for history in group])
    low, high = np.nanmin(scores), np.nanmax(scores)
    x = np.linspace(0.0, 1.0, THRESHOLD_COUNT) if 0 <= low <= high <= 1 else np.linspace(low, high, THRESHOLD_COUNT)
    sign, colour = _get_first_search(groups).sign, assign_colours(groups)
    for label, group in groups.items():
        rows = [
            compute_fraction_above(sign * np.nan_to_num(history.scores, nan=-sign * np.inf), sign * x)
            for history in group
        ]
        _draw_mean_and_error(axes, x, np.stack(rows), label, colour[label])
    side = "or better" if sign > 0 else "or less"
    _finish_axes(axes, _get_first_search(groups).metric, f"share of models with it {side}", False)


def _draw_regret(axes: Any, groups: SearchGroups, optimum: float | None) -> None:
    ends = [
        [float(_compute_regret(history, history.best, optimum)[-1]) for history in group] for group in groups.values()
    ]
    axes.boxplot(ends, tick_labels=list(groups), showmeans=True)
    axes.set_ylabel(
        textwrap.fill(
            _label_score_axis(_get_first_search(groups), optimum, "at the end"), MAX_AXIS_LETTERS_BESIDE_SLANTED_NAMES
        )
    )
    axes.tick_params(axis="x", rotation=20)


def _draw_histogram(axes: Any, groups: SearchGroups, optimum: float | None) -> None:  # noqa: ARG001  (as each kind's)
    scores_of = {label: np.concatenate([history.scores for history in group]) for label, group in groups.items()}
    finite = {label: scores[np.isfinite(scores)] for label, scores in scores_of.items()}
    pooled = np.concatenate(list(finite.values()))
    edges = compute_bin_edges(float(pooled.min()), float(pooled.max()))
    colour = assign_colours(groups)
    for label, scores in finite.items():
        axes.hist(scores, bins=edges, histtype="step", density=True, label=label, color=colour[label], linewidth=1.4)
    _finish_axes(axes, _get_first_search(groups).metric, "density of models", False)


def compute_bin_edges(low: float, high: float) -> FloatArray:
    """The edges of BINS bins from `low` to `high`, and around them where these are too near for so many."""
    middle, span = low / 2 + high / 2, high / 2 - low / 2
    least = max(abs(middle) * 1e-9, 0.5 if low == high and abs(middle) < 1e8 else 1e-300)
    return middle + max(span, least) * np.linspace(-1.0, 1.0, BIN_COUNT + 1)


def _get_first_search(groups: SearchGroups) -> SearchHistory:
    return next(iter(groups.values()))[0]


def _finish_axes(axes: Any, x: str, y: str, logarithmic: bool) -> None:
    axes.set_xlabel(x)
    axes.set_ylabel(textwrap.fill(y, MAX_AXIS_LETTERS))
    if logarithmic:
        axes.set_yscale("symlog", linthresh=1e-4)
        _label_in_full(axes.yaxis)
        axes.set_ylim(bottom=0)  # no regret is below it, though a band may be
    axes.legend(frameon=False)


def _label_in_full(axis: Any) -> None:
    """Label the powers of a logarithmic axis as numbers: by itself it writes them in TeX, which no text is read as."""
    from matplotlib.ticker import LogFormatter

    class Number(LogFormatter):
        def __call__(self, x: float, pos: int | None = None) -> str:
            return f"{x:,g}" if super().__call__(x, pos) else ""  # that labels every place with room for it

    axis.set_major_formatter(Number())
    axis.set_minor_formatter(Number())


FIGURE_KINDS: Mapping[str, FigureKind] = {
    "incumbent": FigureKind(
        "the best score so far against evaluations that have ended, with standard errors", _draw_incumbent
    ),
    "time": FigureKind(
        "the best score so far against the seconds of evaluation, until the first search ends", _draw_time
    ),
    "threshold": FigureKind("the share of models above each score (DeepArchitect, figure 6)", _draw_threshold),
    "regret": FigureKind("the final scores, or their distance to the optimum, as boxes", _draw_regret),
    "histogram": FigureKind("how the scores are spread", _draw_histogram),
}
