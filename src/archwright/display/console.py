"""The console that text for people is printed on, fitted to their terminal, and its tables."""

import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import StringIO
from typing import IO, Any, cast

from attrs import evolve, frozen
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from archwright.core.errors import escape_controls, to_one_line
from archwright.display.columns import TextTable
from archwright.display.text import humanize_value

HTML_FORMAT = '<pre style="white-space: pre; line-height: 1.3">{code}</pre>'
PIPED_WIDTH = 1000  # columns, so that lines that are not read on a terminal are not cut


def make_console(*, beside_json: bool = False) -> Console:
    """The console for text: as wide as the terminal or $COLUMNS; on stderr where stdout is for JSON."""
    stream = sys.stderr if beside_json else sys.stdout
    has_width = stream.isatty() or "COLUMNS" in os.environ
    file = stream if stream.isatty() else cast(IO[str], _TrimmedFile(stream))
    return _SafeConsole(
        file=file,
        width=None if has_width else PIPED_WIDTH,
        highlight=False,
        markup=False,
        emoji=False,
        force_jupyter=False,  # else each line would be an output of the cell of its own
    )


class _SafeConsole(Console):
    """A console that escapes the control characters of every text, whatever it is part of."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        """The segments of a renderable; only rich's own may steer the terminal."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=escape_controls(segment.text))

    def print(self, *objects: Any, crop: bool = False, **options: Any) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Print, and cut nothing off at the right."""
        super().print(*objects, crop=crop, **options)


@frozen
class _TrimmedFile:
    """A file that drops the spaces at the ends of lines, with which tables are padded."""

    file: IO[str]

    def write(self, text: str) -> int:
        return self.file.write(re.sub(r" +(?=\n)", "", text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)


def say(text: object = "", *, err: bool = False) -> None:
    """Print a text with control characters escaped, to stdout or stderr; flushed, so it arrives at once in a pipe."""
    stream = sys.stderr if err else sys.stdout
    stream.write(escape_controls(f"{text}\n"))
    stream.flush()


Pairs = Mapping[str, Any] | Sequence[tuple[str, Any]]  # a sequence may have a name twice


def make_table(columns: Pairs, rows: Iterable[Sequence[object]]) -> TextTable:
    """A table without lines; each of `columns` is a header and left, right, or rest: broken into lines if need be."""
    headers = [to_one_line(name) for name, _ in _list_pairs(columns)]
    kinds = [kind for _, kind in _list_pairs(columns)]
    return TextTable(headers, kinds, [list(map(_format_cell, row, kinds)) for row in rows])


def _format_cell(cell: object, kind: str) -> str:
    """A cell, in one line unless its column may be broken into lines."""
    return escape_controls(humanize_value(cell)) if kind == "rest" else to_one_line(humanize_value(cell))


def _list_pairs(pairs: Pairs) -> Iterable[tuple[str, Any]]:
    return pairs.items() if isinstance(pairs, Mapping) else pairs


def make_property_table(properties: Pairs) -> TextTable:
    """A table of names and values, one pair a line."""
    properties_table = make_table({"": "left", " ": "rest"}, _list_pairs(properties))
    return evolve(properties_table, has_header=False, has_names=True)


def render_text(table: TextTable) -> str:
    """A table as plain text, as wide as it is."""
    return render_lines(table, PIPED_WIDTH)


def render_lines(renderable: RenderableType, width: int) -> str:
    """What rich prints, as plain text of at most `width` columns."""
    out = StringIO()
    _make_recorder(cast(IO[str], _TrimmedFile(out)), width, color_system=None).print(renderable)
    return out.getvalue().rstrip("\n")


def render_html(renderable: RenderableType, width: int) -> str:
    """What rich prints, as HTML of at most `width` columns, in the colours of whatever it is part of."""
    console = _make_recorder(StringIO(), width, color_system="truecolor", record=True)
    console.print(renderable)
    return console.export_html(code_format=HTML_FORMAT, inline_styles=True)


def _make_recorder(file: IO[str], width: int, **options: Any) -> Console:
    return _SafeConsole(file=file, width=width, highlight=False, markup=False, force_jupyter=False, **options)
