"""Figures of how much hyperparameters matter: bars, and the mean score at each of their values."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from attrs import frozen

from archwright.core.errors import ArchwrightError, suggest_names
from archwright.core.value import Value
from archwright.display.text import humanize_value
from archwright.plots.axes import MATPLOTLIB_STYLE, PLAIN_TEXT, NotAxes, check_labels, label_in_full, make_figure
from archwright.plots.figure_files import find_figure_format, write_figure
from archwright.plots.figures import UnknownFigureKind
from archwright.search.importance.analysis import HyperparameterImportance, ImportanceAnalysis
from archwright.search.importance.fanova import MarginalCurve

IMPORTANCE_FIGURES: Mapping[str, str] = {
    "bars": "the share of each hyperparameter, and of each pair that was asked for, with deviations over the trees",
    "marginals": "for each hyperparameter, the mean score over all others at its values, with deviations",
}
MAX_BARS, MAX_PAIR_BARS = 30, 10
BAR_INCHES, MARGIN_INCHES, WIDTH_INCHES = 0.24, 0.9, 5.0  # of height: for a bar, and above and below all of them
PANEL_INCHES = (2.3, 2.0)
MAX_PANELS, PANEL_COLUMNS = 12, 3
MAX_TICKS = 6  # of the values of a list below a panel
MAX_SHOWN_LETTERS = 34  # of a longer one, the end tells most
BAR_COLOUR, DOUBTFUL_COLOUR, BEST_COLOUR, INCUMBENT_COLOUR = "C0", "0.75", "C1", "C3"


class NoCurve(ArchwrightError, LookupError):
    """A hyperparameter of which no curve can be drawn."""


@frozen
class ImportanceFigure:
    """What figures show: an analysis, and the best of its trials."""

    analysis: ImportanceAnalysis
    metric: str
    incumbent: int
    values: Mapping[str, Value]  # of the incumbent


def plot_importance(
    shown: ImportanceFigure,
    kind: str = "bars",
    ax: Any = None,
    *,
    names: Sequence[str] | None = None,
    title: str | None = None,
    file: Path | None = None,
) -> Any:
    """Draw an analysis, and return the matplotlib axes; those of several panels as a list.

    `names` are the hyperparameters whose curves are drawn: the first MAX_PANELS, where it is None. A new figure is one
    of pyplot's, unless it is written to a `file`. Raises UnknownFigureKind, NoCurve, NotAxes also where several panels
    are to be drawn on one `ax`, and what `write_figure` does.
    """
    from matplotlib import rc_context

    check_labels(ax, title)
    rows = _select_rows(shown, names) if _check_kind(kind) == "marginals" else []
    if ax is not None and len(rows) > 1:
        raise NotAxes(
            f"ax has room for one of {len(rows)} curves; name one hyperparameter, as in names=[{rows[0].name!r}]"
        )
    if file is not None:
        find_figure_format(file)  # raises what is wrong with it before anything is drawn
    with rc_context(PLAIN_TEXT if ax is not None else MATPLOTLIB_STYLE):
        panels = [ax] if ax is not None else _make_panels(shown, rows, is_shown=file is None)
        if rows:
            _draw_curves(panels, rows, shown)
        else:
            _draw_bars(panels[0], shown)
        _set_title(panels, title)
        if file is not None:
            write_figure(panels[0].figure.canvas.figure, file)
    return panels[0] if len(panels) == 1 else panels


def _check_kind(kind: str) -> str:
    """The kind, if there is a figure of it; raises UnknownFigureKind."""
    if kind not in tuple(IMPORTANCE_FIGURES):
        raise UnknownFigureKind(
            f"there is no figure {kind!r} of importances; {suggest_names(kind, IMPORTANCE_FIGURES)}"
        )
    return kind


def _select_rows(shown: ImportanceFigure, names: Sequence[str] | None) -> list[HyperparameterImportance]:
    """The hyperparameters whose curves are drawn; raises NoCurve."""
    rows = {row.name: row for row in shown.analysis.hyperparameters}
    if names is None:
        return [row for row in rows.values() if row.curve is not None][:MAX_PANELS]
    for name in names:
        if name not in rows:
            raise NoCurve(f"no hyperparameter that varies is called {name!r}; {suggest_names(name, rows)}")
        if rows[name].curve is None:
            raise NoCurve(
                f"{name} has no curve: {rows[name].trials} trials in which it is active are too few, or too much alike"
            )
    if not names:
        raise NoCurve(f"no hyperparameter is named; {suggest_names('', rows)}")
    return [rows[name] for name in names]


def _make_panels(shown: ImportanceFigure, rows: Sequence[HyperparameterImportance], *, is_shown: bool) -> list[Any]:
    """The axes of a new figure: one for bars, or one for each curve."""
    if not rows:
        count = len(_list_bars(shown))
        return [make_figure((WIDTH_INCHES, MARGIN_INCHES + BAR_INCHES * max(count, 4)), is_shown=is_shown).subplots()]
    columns = min(len(rows), PANEL_COLUMNS)
    lines = -(-len(rows) // columns)
    figure = make_figure((columns * PANEL_INCHES[0], lines * PANEL_INCHES[1]), is_shown=is_shown)
    panels = figure.subplots(lines, columns, sharey=True, squeeze=False).flatten().tolist()
    for panel in panels[len(rows) :]:
        panel.remove()
    return panels[: len(rows)]


def _set_title(panels: Sequence[Any], title: str | None) -> None:
    if title and len(panels) > 1:
        panels[0].figure.suptitle(title)
    elif title:
        panels[0].set_title(title)


@frozen
class _Bar:
    """A bar: of a hyperparameter, or of a pair of them."""

    label: str
    mean: float
    deviation: float
    is_meaningful: bool
    best_share: float | None  # None of a pair


def _list_bars(shown: ImportanceFigure) -> list[_Bar]:
    """Those of hyperparameters, then those of pairs."""
    bars = [
        _Bar(
            _label(row, shown),
            0.0 if row.variance is None else row.variance.mean,
            0.0 if row.variance is None else row.variance.deviation,
            row.is_meaningful,
            row.best_share,
        )
        for row in shown.analysis.hyperparameters[:MAX_BARS]
    ]
    bars += [
        _Bar(
            " & ".join(shorten_name(name, MAX_SHOWN_LETTERS // 2) for name in pair.names),
            pair.variance.mean,
            pair.variance.deviation,
            pair.is_meaningful,
            None,
        )
        for pair in shown.analysis.pairs[:MAX_PAIR_BARS]
    ]
    return bars


def _label(row: HyperparameterImportance, shown: ImportanceFigure) -> str:
    """The name, with the incumbent's value, and in how many trials it is active where that is not all."""
    name = shorten_name(row.name, MAX_SHOWN_LETTERS)
    value = f" = {humanize_value(shown.values[row.name])}" if row.name in shown.values else ""
    return f"{name}{value}" + (f" ({row.trials} trials)" if row.is_conditional else "")


def shorten_name(name: str, letters: int) -> str:
    """The last parts of a name that is too long; of its last one, if that is too long by itself, the end."""
    if len(name) <= letters:
        return name
    rest = name[1 - letters :]
    return f"…{rest.partition('.')[2] or rest}"


def _draw_bars(axes: Any, shown: ImportanceFigure) -> None:
    """The first at the top; with what matters for the best tenth as dots."""
    bars = _list_bars(shown)
    heights = np.arange(len(bars))
    colours = [BAR_COLOUR if bar.is_meaningful else DOUBTFUL_COLOUR for bar in bars]
    means, deviations = [bar.mean for bar in bars], [bar.deviation for bar in bars]
    axes.barh(heights, means, xerr=deviations, color=colours, height=0.7, error_kw={"elinewidth": 1, "ecolor": "0.3"})
    marked = [(bar.best_share, height) for bar, height in zip(bars, heights, strict=True) if bar.best_share is not None]
    axes.plot(*zip(*marked, strict=True), "o", color=BEST_COLOUR, markersize=4, label="for the best tenth")
    axes.set_yticks(heights, [bar.label for bar in bars])
    axes.invert_yaxis()
    axes.set_xlim(left=0)
    axes.set_xlabel(f"share of the variance of {shown.metric}\nthe values are those of trial {shown.incumbent}")
    axes.legend(frameon=False, loc="lower right")


def _draw_curves(panels: Sequence[Any], rows: Sequence[HyperparameterImportance], shown: ImportanceFigure) -> None:
    """A panel for each; the first one with the incumbent says which trial that is."""
    for row, panel in zip(rows, panels, strict=True):
        _draw_curve(panel, row, shown)
    for panel in [panel for row, panel in zip(rows, panels, strict=True) if row.name in shown.values][:1]:
        panel.legend(frameon=False, fontsize="small")
    for panel in panels[::PANEL_COLUMNS]:  # those on the left
        panel.set_ylabel(shown.metric)


def _draw_curve(axes: Any, row: HyperparameterImportance, shown: ImportanceFigure) -> None:
    """The mean in a band of one deviation on either side, and the value of the incumbent."""
    curve = row.curve
    assert curve is not None
    places = _place_points(curve)
    colour = BAR_COLOUR if row.is_meaningful else DOUBTFUL_COLOUR
    if curve.scale == "categories":
        axes.errorbar(places, curve.means, curve.deviations, fmt="o", color=colour, markersize=4, elinewidth=1)
    else:
        axes.plot(places, curve.means, color=colour, marker="o" if curve.scale == "list" else None, markersize=3)
        low, high = curve.means - curve.deviations, curve.means + curve.deviations
        axes.fill_between(places, low, high, color=colour, alpha=0.25, linewidth=0)
    if row.name in shown.values:
        place = _place_value(curve, shown.values[row.name])
        axes.axvline(place, color=INCUMBENT_COLOUR, linestyle="--", linewidth=1, label=f"trial {shown.incumbent}")
    _label_points(axes, curve)
    axes.set_xlabel(shorten_name(row.name, MAX_SHOWN_LETTERS))


def _place_points(curve: MarginalCurve) -> Any:
    """[points]: numbers of ranges where they are, and what is in a list one after the other."""
    if curve.scale in ("linear", "log"):
        return np.array(curve.points, dtype=np.float64)
    return np.arange(len(curve.points), dtype=np.float64)


def _place_value(curve: MarginalCurve, value: Any) -> float:
    return float(value) if curve.scale in ("linear", "log") else float(curve.points.index(value))


def _label_points(axes: Any, curve: MarginalCurve) -> None:
    """The scale of a range; some of the values of a list."""
    if curve.scale == "log":
        axes.set_xscale("log")
        label_in_full(axes.xaxis)
    elif curve.scale != "linear":
        step = -(-len(curve.points) // MAX_TICKS)
        ticks = range(0, len(curve.points), step)
        axes.set_xlim(-0.5, len(curve.points) - 0.5)
        axes.set_xticks(list(ticks), [shorten_name(humanize_value(curve.points[tick]), 12) for tick in ticks])
