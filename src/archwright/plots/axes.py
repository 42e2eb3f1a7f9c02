"""The axes of figures: their style, their labels, and what a person says of a figure beside its kind."""

import textwrap
from pathlib import Path
from typing import Any, Literal

from attrs import frozen

from archwright.core.errors import ArchwrightError, show, to_encodable
from archwright.core.readers import ValueReader

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


NO_OPTIONS = FigureOptions()


def make_axes(*, is_shown: bool) -> Any:
    """The axes of a new figure, which is shown where pyplot shows its own."""
    if is_shown:
        from matplotlib import pyplot  # which looks for a display

        figure = pyplot.figure(figsize=FIGURE_INCHES, layout="constrained")
    else:
        from matplotlib.figure import Figure

        figure = Figure(figsize=FIGURE_INCHES, layout="constrained")
    return figure.subplots()


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
    axes.legend(frameon=False)


def label_in_full(axis: Any) -> None:
    """Label the powers of a logarithmic axis as numbers: by itself it writes them in TeX, which no text is read as."""
    from matplotlib.ticker import LogFormatter

    class Number(LogFormatter):
        def __call__(self, x: float, pos: int | None = None) -> str:
            return f"{x:,g}" if super().__call__(x, pos) else ""  # that labels every place with room for it

    axis.set_major_formatter(Number())
    axis.set_minor_formatter(Number())
