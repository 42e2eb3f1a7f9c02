"""Files of figures."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from archwright.cli.output_file import PDF_FILE, PNG_FILE, SVG_FILE, FileKind, stage_file
from archwright.core.errors import ArchwrightError
from archwright.plots.figures import (
    FIGURE_INCHES,
    MATPLOTLIB_STYLE,
    FigureKind,
    draw_histories,
    list_omissions,
    require_scored,
)
from archwright.plots.histories import SearchHistory, read_histories

PNG_DOTS_PER_INCH = 200  # dots per inch
FIGURE_FORMATS: Mapping[str, FileKind] = {".png": PNG_FILE, ".svg": SVG_FILE, ".pdf": PDF_FILE}


class UnwritableFigure(ArchwrightError, ValueError):
    """A file whose ending is that of no figure."""


def draw_runs(
    log: Path, patterns: Sequence[str], kind: FigureKind, output: Path, optimum: float | None, title: str | None
) -> list[str]:
    """Draw the runs of these names or patterns; what the figure does not show of them, for people.

    NothingScored, with what the first trial said, where none of them has a score.
    """
    file_kind, histories = _find_figure_format(output), read_histories(log, patterns)
    scored = require_scored(log, " ".join(patterns), histories)
    with stage_file(output, file_kind, "--output") as staged:
        draw_figure(scored, kind, staged, optimum, title)
    return list_omissions(histories)


def _find_figure_format(output: Path) -> FileKind:
    """The kind of file that its ending says; UnwritableFigure if it is none that a figure can be."""
    if output.suffix.lower() not in FIGURE_FORMATS:
        raise UnwritableFigure(f"{output} cannot be written: a figure is a .png, .svg or .pdf; name one with --output")
    return FIGURE_FORMATS[output.suffix.lower()]


def draw_figure(
    histories: Sequence[SearchHistory], kind: FigureKind, output: Path, optimum: float | None, title: str | None
) -> None:
    """Write the figure to `output`, in the format of its ending. `optimum` is the best possible score, if known.

    Each of the searches has a score.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(MATPLOTLIB_STYLE):
        figure = Figure(figsize=FIGURE_INCHES, layout="constrained")
        draw_histories(figure.subplots(), histories, kind, optimum, title)
        figure.savefig(output, dpi=PNG_DOTS_PER_INCH)
