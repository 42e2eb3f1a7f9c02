"""Rows of cells in columns, without lines between them: as wide as need be, and quick for hundreds of thousands."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Literal

from attrs import frozen
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions
from rich.segment import Segment
from rich.style import Style
from rich.text import Text

ColumnKind = Literal["left", "right", "rest"]  # rest: the last column, broken into lines where it does not fit

COLUMN_GAP = 2  # spaces between columns
MIN_LAST_COLUMN_WIDTH = 10  # columns of the terminal that the last column gets, however little is left for it
_HEADER, _NAME = Style(bold=True), Style(color="cyan")


@frozen
class TextTable:
    """What rich prints as columns; laid out here, since rich's own tables take a millisecond a row."""

    columns: Sequence[str]  # their headers
    kinds: Sequence[ColumnKind]
    rows: Sequence[Sequence[str]]
    has_header: bool = True
    has_names: bool = False  # whether the first column names what the row is about

    @cached_property
    def widths(self) -> list[int]:
        """How wide each column is; of the last, where there is room."""
        headers = self.columns if self.has_header else [""] * len(self.columns)
        columns = zip(*self.rows, strict=True) if self.rows else [()] * len(headers)
        return [
            max([count_cells(header), *map(count_cells, cells)]) for header, cells in zip(headers, columns, strict=True)
        ]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        """The lines; all at once where names have no colour, since each piece costs rich as much as a row costs us."""
        if self.has_header:
            yield Segment(self._line(self.columns), _HEADER)
            yield Segment.line()
        lines = self._lines(console, options.max_width)
        if self.has_names and console.color_system is not None:
            for name, rest in lines:
                yield Segment(name, _NAME)
                yield Segment(rest)
        else:
            yield Segment("".join(name + rest for name, rest in lines))

    def _lines(self, console: Console, most: int) -> Iterator[tuple[str, str]]:
        """Each row's name, if it has one, and what comes behind it, in lines of at most `most` columns."""
        widths = self.widths
        before = sum(widths[:-1]) + COLUMN_GAP * (len(widths) - 1)
        room = max(MIN_LAST_COLUMN_WIDTH, most - before) if self.kinds[-1] == "rest" else widths[-1]
        for row in self.rows:
            last = row[-1]
            whole = "\n" not in last and (widths[-1] <= room or count_cells(last) <= room)
            first, *more = [last] if whole else _wrap_cell(console, last, room)
            line, name = self._line([*row[:-1], first]), row[0] if self.has_names else ""
            below = [f"{' ' * before}{each}".rstrip() for each in more]
            yield name, "\n".join([line[len(name) :], *below]) + "\n"

    def _line(self, cells: Sequence[str]) -> str:
        return (" " * COLUMN_GAP).join(map(_pad_cell, cells, self.kinds, self._filled_to)).rstrip(" ")

    @cached_property
    def _filled_to(self) -> list[int]:
        """How wide cells become: nothing comes behind the last one, and it may be thousands of columns wide."""
        return self.widths if self.kinds[-1] == "right" else [*self.widths[:-1], 0]


def _wrap_cell(console: Console, cell: str, room: int) -> list[str]:
    """A cell in lines of at most `room` columns."""
    return [line.plain.rstrip() for line in Text(cell).wrap(console, room, overflow="fold")] or [""]


def _pad_cell(cell: str, kind: ColumnKind, whole: int) -> str:
    space = " " * (whole - count_cells(cell))
    return space + cell if kind == "right" else cell + space


def count_cells(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return len(text) if text.isascii() else cell_len(text)
