"""Drawings of spaces, architectures and derivations, shown in notebooks and written to files."""

from typing import Any

from attrs import field, frozen

from archwright.display.output_file import SVG_FILE, UnwritableFile, stage_file
from archwright.execution.checks import read_file

SVG_SUFFIX = ".svg"


@frozen
class Drawing:
    """A picture, which a notebook shows; `str` of it is the text of an SVG file."""

    svg: str = field(repr=False)

    def __str__(self) -> str:
        return self.svg

    def _repr_svg_(self) -> str:
        return self.svg


def write_drawing(drawing: Drawing, file: Any) -> Drawing:
    """The drawing, once it is written where a person has named a file, which may replace one of SVG alone.

    Raises UnwritableFile and BadArgument, and what `stage_file` does.
    """
    if file is None:
        return drawing
    path = read_file(file, "space.svg")
    if path.suffix.lower() not in (SVG_SUFFIX, ""):
        raise UnwritableFile(f"{path} cannot be written: a drawing is an SVG; name a file that ends in {SVG_SUFFIX}")
    with stage_file(path, SVG_FILE) as staged:
        staged.write_text(f"{drawing.svg}\n", encoding="utf-8")
    return drawing
