"""Lines that stand for several searches, in bands that say how far these lie apart."""

from typing import Any

from archwright.plots.axes import Band
from archwright.search.magnitude import FloatArray
from archwright.search.running.statistics import compute_mean_and_error, compute_quartiles


def draw_band(
    axes: Any, x: FloatArray, rows: FloatArray, label: str, colour: str, band: Band, *, is_stepped: bool = False
) -> None:
    """The middle of the searches that have a value there [searches, x], in a band.

    That is their mean and one standard error on either side of it, or their median and the quartiles. With
    `is_stepped` each value lasts until the next one, as that of an incumbent does.
    """
    if band == "quartiles":
        low, middle, high = compute_quartiles(rows)
    else:
        middle, error = compute_mean_and_error(rows)
        low, high = middle - error, middle + error
    line_style, step = ("steps-post", "post") if is_stepped else ("default", None)
    axes.plot(x, middle, label=f"{label} (n={len(rows)})", color=colour, linewidth=1.4, drawstyle=line_style)
    axes.fill_between(x, low, high, color=colour, alpha=0.25, linewidth=0, step=step)
