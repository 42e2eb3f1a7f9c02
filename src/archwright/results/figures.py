"""Files of figures."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from archwright.core.errors import ArchwrightError
from archwright.display.output_file import PDF_FILE, PNG_FILE, SVG_FILE, FileKind, stage_file
from archwright.plots.figures import FIGURE_INCHES, MATPLOTLIB_STYLE
from archwright.results.log import Log

PNG_DOTS_PER_INCH = 200  # dots per inch
FIGURE_FORMATS: Mapping[str, FileKind] = {".png": PNG_FILE, ".svg": SVG_FILE, ".pdf": PDF_FILE}


class UnwritableFigure(ArchwrightError, ValueError):
    """A file whose ending is that of no figure."""


def write_figure(
    log: Log, runs: Sequence[str], kind: str, file: Path, optimum: float | None, title: str | None, option: str
) -> None:
    """Write what `Log.plot` draws to a file, in the format of its ending.

    `option` is the command's option that names the file, for the errors: UnwritableFigure, and what `stage_file`
    raises.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    file_kind = _find_figure_format(file, option)
    with rc_context(MATPLOTLIB_STYLE):
        figure = Figure(figsize=FIGURE_INCHES, layout="constrained")
        log.plot(runs, kind, figure.subplots(), optimum=optimum, title=title)
        with stage_file(file, file_kind, option) as staged:
            figure.savefig(staged, dpi=PNG_DOTS_PER_INCH)


def _find_figure_format(file: Path, option: str) -> FileKind:
    """The kind of file that its ending says; UnwritableFigure if it is none that a figure can be."""
    if file.suffix.lower() not in FIGURE_FORMATS:
        raise UnwritableFigure(f"{file} cannot be written: a figure is a .png, .svg or .pdf; name one with {option}")
    return FIGURE_FORMATS[file.suffix.lower()]
