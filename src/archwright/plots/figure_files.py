"""Files of figures."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from archwright.core.errors import ArchwrightError
from archwright.display.output_file import PDF_FILE, PNG_FILE, SVG_FILE, FileKind, stage_file

PNG_DOTS_PER_INCH = 200  # dots per inch
FIGURE_FORMATS: Mapping[str, FileKind] = {".png": PNG_FILE, ".svg": SVG_FILE, ".pdf": PDF_FILE}


class UnwritableFigure(ArchwrightError, ValueError):
    """A file whose ending is that of no figure."""


def find_figure_format(file: Path) -> FileKind:
    """The kind of file that its ending says; UnwritableFigure if it is none that a figure can be."""
    if file.suffix.lower() not in FIGURE_FORMATS:
        raise UnwritableFigure(f"{file} cannot be written: a figure is a .png, .svg or .pdf; name one of these")
    return FIGURE_FORMATS[file.suffix.lower()]


def write_figure(figure: Any, file: Path) -> None:
    """Write a figure in the format of the file's ending; raises UnwritableFigure, and what `stage_file` does."""
    with stage_file(file, find_figure_format(file)) as staged:
        figure.savefig(staged, dpi=PNG_DOTS_PER_INCH)
