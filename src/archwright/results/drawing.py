"""Drawings of spaces and architectures, shown in notebooks and written to files."""

from pathlib import Path
from typing import Any

from attrs import field, frozen

from archwright.display.output_file import SVG_FILE, UnwritableFile, stage_file
from archwright.execution.checks import BadArgument

SVG_SUFFIX = ".svg"


@frozen
class Drawing:
    """A picture, which a notebook shows; `str` of it is the text of an SVG file."""

    svg: str = field(repr=False)

    def __str__(self) -> str:
        return self.svg

    def _repr_svg_(self) -> str:
        return self.svg


def write_drawing(drawing: Drawing, file: Path, option: str | None = None) -> None:
    """Write the drawing to a file, which may replace one of SVG alone; raises what `stage_file` does."""
    with stage_file(file, SVG_FILE, option) as staged:
        staged.write_text(f"{drawing.svg}\n", encoding="utf-8")


def write_named(drawing: Drawing, file: Any) -> Drawing:
    """The drawing, once it is written where a person has named a file; raises UnwritableFile and BadArgument, too."""
    if file is None:
        return drawing
    if not isinstance(file, str | Path):
        raise BadArgument(f"file is {file!r:.80}; it must be the path of a file, as in space.svg")
    path = Path(file)
    if path.suffix.lower() != SVG_SUFFIX:
        raise UnwritableFile(f"{path} cannot be written: a drawing is an SVG; name a file that ends in .svg")
    write_drawing(drawing, path)
    return drawing
