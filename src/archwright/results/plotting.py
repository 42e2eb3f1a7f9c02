"""What a person says of a figure, checked before anything is drawn."""

from pathlib import Path
from typing import Annotated, Any, TypedDict

from archwright.core.errors import show
from archwright.execution.call_options import Option
from archwright.execution.checks import BadArgument, check_text, read_figure_file, read_optimum
from archwright.plots.axes import BANDS, Band, FigureOptions
from archwright.plots.stretches import read_axis


class PictureSettings(TypedDict, total=False):
    """What every figure may have."""

    title: Annotated[str | None, Option(None, "what stands above it")]
    file: Annotated[str | Path | None, Option(None, "a .png, .svg or .pdf to which it is written")]


class FigureSettings(PictureSettings, total=False):
    """What figures of some kinds may have."""

    by: Annotated[str | None, Option(None, "of incumbents: 'trials', 'configurations', 'total' (of budgets) or 'time'")]
    hyperparameter: Annotated[str | None, Option(None, "the name of a choice, or a pattern, as in 'cell.*'")]
    band: Annotated[
        Band,
        Option("error", "of several searches: 'error', the mean and its standard error, or 'quartiles', the median's"),
    ]


class PlotOptions(FigureSettings, total=False):
    """The same, of runs of which nobody has said what the best possible score is."""

    optimum: Annotated[float | None, Option(None, "the best possible score: then the distance to it is drawn")]


def read_figure_options(options: PlotOptions) -> FigureOptions:
    """The options as those who draw read them; raises BadArgument and UnknownAxis.

    Titles are checked where they are drawn.
    """
    return FigureOptions(
        optimum=read_optimum(options.get("optimum")),
        title=options.get("title"),
        file=read_figure_file(options.get("file")),
        hyperparameter=_read_pattern(options.get("hyperparameter")),
        band=_read_band(options.get("band", "error")),
        by=None if options.get("by") is None else read_axis(options.get("by")),
    )


def _read_band(given: Any) -> Band:
    if given not in BANDS:
        raise BadArgument(f"band is {show(given)}; it must be {' or '.join(map(repr, BANDS))}")
    return given


def _read_pattern(given: Any) -> str | None:
    return None if given is None else check_text("hyperparameter", given, "the name of a choice, or a pattern of names")
