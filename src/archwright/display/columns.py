"""Text tables without lines between their columns, quick for hundreds of thousands of rows."""

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
MIN_LAST_COLUMN_WIDTH = 10  # in columns of the terminal, even where there is no room for it
_HEADER, _NAME = Style(bold=True), Style(color="cyan")


@frozen
class TextTable:
    """A table that rich prints; laid out here, since rich's own tables take a millisecond a row."""

    headers: Sequence[str]
    kinds: Sequence[ColumnKind]
    rows: Sequence[Sequence[str]]
    has_header: bool = True
    has_names: bool = False  # whether the first column has names, which are coloured

    @cached_property
    def widths(self) -> list[int]:
        """The width of each column; of the last, where there is room."""
        headers = self.headers if self.has_header else [""] * len(self.headers)
        columns = zip(*self.rows, strict=True) if self.rows else [()] * len(headers)
        return [
            max([count_cells(header), *map(count_cells, cells)]) for header, cells in zip(headers, columns, strict=True)
        ]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        """The lines; one segment where names have no colour, since a segment costs rich as much as a row costs us."""
        if self.has_header:
            yield Segment(self._format_row(self.headers), _HEADER)
            yield Segment.line()
        lines = self._format_rows(console, options.max_width)
        if self.has_names and console.color_system is not None:
            for name, rest in lines:
                yield Segment(name, _NAME)
                yield Segment(rest)
        else:
            yield Segment("".join(name + rest for name, rest in lines))

    def _format_rows(self, console: Console, max_width: int) -> Iterator[tuple[str, str]]:
        """Each row's name, if it has one, and the rest of the row, in lines of at most `max_width` columns."""
        widths = self.widths
        indent = sum(widths[:-1]) + COLUMN_GAP * (len(widths) - 1)
        last_width = max(MIN_LAST_COLUMN_WIDTH, max_width - indent) if self.kinds[-1] == "rest" else widths[-1]
        for row in self.rows:
            last = row[-1]
            fits = "\n" not in last and (widths[-1] <= last_width or count_cells(last) <= last_width)
            first, *continuation = [last] if fits else _wrap_cell(console, last, last_width)
            line, name = self._format_row([*row[:-1], first]), row[0] if self.has_names else ""
            continuation_lines = [f"{' ' * indent}{text}".rstrip() for text in continuation]
            yield name, "\n".join([line[len(name) :], *continuation_lines]) + "\n"

    def _format_row(self, cells: Sequence[str]) -> str:
        return (" " * COLUMN_GAP).join(map(_pad_cell, cells, self.kinds, self._padded_widths)).rstrip(" ")

    @cached_property
    def _padded_widths(self) -> list[int]:
        """The widths that cells are padded to: 0 for a last one, which may be thousands of columns wide."""
        return self.widths if self.kinds[-1] == "right" else [*self.widths[:-1], 0]


def _wrap_cell(console: Console, cell: str, width: int) -> list[str]:
    """A cell in lines of at most `width` columns."""
    return [line.plain.rstrip() for line in Text(cell).wrap(console, width, overflow="fold")] or [""]


def _pad_cell(cell: str, kind: ColumnKind, width: int) -> str:
    padding = " " * (width - count_cells(cell))
    return padding + cell if kind == "right" else cell + padding


def count_cells(text: str) -> int:
    """The width of a text in columns of a terminal."""
    return len(text) if text.isascii() else cell_len(text)
