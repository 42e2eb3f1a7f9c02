"""The axes of figures: their style, their labels, and what a person says of a figure beside its kind."""

import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from attrs import frozen

from archwright.core.errors import ArchwrightError, show, to_encodable
from archwright.core.readers import ValueReader
from archwright.plots.figure_files import find_figure_format, write_figure
from archwright.plots.histories import SearchAxis

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
MIN_LOG_RATIO = 100  # of the largest to the smallest of positive numbers, from which on their axis is logarithmic
POINT_SIZE = 14  # square points: a trial
MAX_POINTS_AROUND_LEGEND = 2_000
BANDS = ("error", "quartiles")
Band = Literal["error", "quartiles"]


class NotAxes(ArchwrightError, TypeError):
    """Something else than axes or their title."""


@frozen
class FigureOptions:
    """What a person says of a figure, beside its kind."""

    optimum: float | None = None  # the best possible score, if it is known: then the distance to it is drawn
    title: str | None = None
    file: Path | None = None  # where it is written; None: nowhere
    band: Band = "error"  # the mean in a band of one standard error, or the median between the quartiles
    hyperparameter: str | None = None  # the name of a choice, or a pattern of names; None: what varies
    by: SearchAxis | None = None  # what incumbents are drawn against; None: trials


NO_OPTIONS = FigureOptions()


def plot_on_axes(ax: Any, options: FigureOptions, draw: Callable[[Any], None]) -> Any:
    """Draw on `ax`, or on axes of a new figure, and return the axes; the figure is written where a file is given.

    A new figure is one of pyplot's, unless it is written to a file. Raises NotAxes, and what `write_figure` does.
    """
    from matplotlib import rc_context

    check_labels(ax, options.title)
    if options.file is not None:
        find_figure_format(options.file)  # raises what is wrong with it before anything is drawn
    with rc_context(MATPLOTLIB_STYLE if ax is None else PLAIN_TEXT):
        axes = make_axes(is_shown=options.file is None) if ax is None else ax
        draw(axes)
        if options.title:
            axes.set_title(options.title)
        if options.file is not None:
            write_figure(axes.figure.canvas.figure, options.file)  # also of axes in a part of a figure
    return axes


def make_axes(*, is_shown: bool) -> Any:
    """The axes of a new figure of the usual size, as `make_figure` makes it."""
    return make_figure(FIGURE_INCHES, is_shown=is_shown).subplots()


def make_figure(inches: tuple[float, float], *, is_shown: bool) -> Any:
    """A new figure, which is shown where pyplot shows its own."""
    if is_shown:
        from matplotlib import pyplot  # which looks for a display

        return pyplot.figure(figsize=inches, layout="constrained")
    from matplotlib.figure import Figure

    return Figure(figsize=inches, layout="constrained")


def check_labels(ax: Any, title: Any) -> None:
    """NotAxes of what cannot be drawn on, and of a title that is no text, or one that no figure can show."""
    from matplotlib.axes import Axes

    if ax is not None and not isinstance(ax, Axes):
        raise NotAxes(f"ax is {show(ax)}; it must be axes of matplotlib, as of plt.subplots()")
    if title is not None and to_encodable(ValueReader(NotAxes).check_text("title", title)) != title:
        raise NotAxes(f"title is {show(title)}; it must be a text that UTF-8 can write")


def finish_axes(axes: Any, x: str, y: str, logarithmic: bool) -> None:
    """Label the axes and show the legend; with `logarithmic`, heights are regrets on a logarithmic scale."""
    axes.set_xlabel(x)
    axes.set_ylabel(textwrap.fill(y, MAX_AXIS_LETTERS))
    if logarithmic:
        axes.set_yscale("symlog", linthresh=1e-4)
        label_in_full(axes.yaxis)
        axes.set_ylim(bottom=0)  # no regret is below it, though a band may be
    if axes.get_legend_handles_labels()[0]:
        drawn = sum(len(each.get_offsets()) for each in axes.collections) + sum(len(e.get_xdata()) for e in axes.lines)
        place = "best" if drawn <= MAX_POINTS_AROUND_LEGEND else "lower right"  # among many it takes long to find
        for handle in axes.legend(frameon=False, loc=place).legend_handles:
            handle.set_alpha(1.0)  # also where what it names is faint


def label_in_full(axis: Any) -> None:
    """Label the powers of a logarithmic axis as numbers: by itself it writes them in TeX, which no text is read as."""
    from matplotlib.ticker import LogFormatter

    class Number(LogFormatter):
        def __call__(self, x: float, pos: int | None = None) -> str:
            return f"{x:,g}" if super().__call__(x, pos) else ""  # that labels every place with room for it

    axis.set_major_formatter(Number())
    axis.set_minor_formatter(Number())
