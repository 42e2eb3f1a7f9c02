"""What commands print: text for people, fitted to their terminal, and JSON for programs."""

import json
import math
import os
import re
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import IO, Any, TextIO, cast

from attrs import evolve, frozen
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from archwright.cli.columns import TextTable
from archwright.core.budget import Budget
from archwright.core.errors import escape_controls, escape_json, to_one_line

PIPED_WIDTH = 1000  # columns, so that lines that are not read on a terminal are not cut
MAX_DOMAIN_VALUES = 6  # of a domain with more, the first two and the last are shown
SPARKLINE_BARS = "▁▂▃▄▅▆▇█"


def make_console(*, beside_json: bool = False) -> Console:
    """The console for text: as wide as the terminal or $COLUMNS; on stderr where stdout is for JSON."""
    stream = sys.stderr if beside_json else sys.stdout
    has_width = stream.isatty() or "COLUMNS" in os.environ
    file = stream if stream.isatty() else cast(IO[str], _TrimmedFile(stream))
    return _SafeConsole(file=file, width=None if has_width else PIPED_WIDTH, highlight=False, markup=False, emoji=False)


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


def print_json(data: object) -> None:
    """Print JSON that every program can read: numbers that it cannot hold become null."""
    sys.set_int_max_str_digits(0)  # Python's limit of 4,300 digits guards servers; the size of a space may have more
    text = escape_json(json.dumps(_to_json_value(data), indent=2, allow_nan=False, ensure_ascii=False, default=str))
    sys.stdout.write((text if _can_encode(sys.stdout, text) else json.dumps(json.loads(text), indent=2)) + "\n")


def _can_encode(stream: TextIO, text: str) -> bool:
    """Whether the encoding of a stream has all characters of a text."""
    try:
        text.encode(stream.encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _to_json_value(data: Any) -> Any:
    if isinstance(data, float) and not math.isfinite(data):
        return None
    if isinstance(data, Mapping):
        return {str(key): _to_json_value(value) for key, value in data.items()}
    return [_to_json_value(item) for item in data] if isinstance(data, list | tuple) else data


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


def humanize_value(value: object) -> str:
    """A value as text for people: a float with four digits, nothing for None."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1e4 or math.isinf(value) else f"{value:,.0f}"
    return str(value)


def format_score(value: float | None) -> str:
    """A score with four places, which line up in a column; a dash for none."""
    if value is None:
        return "-"
    return f"{value + 0.0:.4f}" if 1e-3 <= abs(value) < 1e5 or value == 0 else f"{value:.4g}"  # + 0.0: of no minus zero


def format_duration(seconds: float) -> str:
    """A duration as text: 0.4 s, 12 s, 3 min 20 s, 2 h 5 min."""
    if seconds < 10 or not math.isfinite(seconds):
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def format_milliseconds(seconds: float | None) -> str:
    """A short duration with three significant digits: 0.213 ms; nothing for None."""
    return "" if seconds is None else f"{seconds * 1000:.3g} ms"


def format_space_size(count: int | float) -> str:
    """The number of architectures of a space, or a power of ten where that is shorter."""
    if isinstance(count, float):
        return "infinite"
    return f"{count:,}" if count < 10**15 else f"about 10^{math.log10(count):.1f}"


def format_count(number: float | None) -> str:
    """A count with thousands separators; nothing for None."""
    return "" if number is None else f"{number:,}" if isinstance(number, int) else f"{number:,.0f}"


def pluralize(number: float, noun: str) -> str:
    """A count and its noun: 1 trial, 2 trials."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def format_budget(budget: Budget) -> str:
    """A budget in words: 1 epoch, 0.5 epochs, 30 seconds, 50,000 examples."""
    is_whole = budget.amount == int(budget.amount)
    return pluralize(int(budget.amount) if is_whole else budget.amount, budget.unit.removesuffix("s"))


def make_property_table(properties: Pairs) -> TextTable:
    """A table of names and values, one pair a line."""
    properties_table = make_table({"": "left", " ": "rest"}, _list_pairs(properties))
    return evolve(properties_table, has_header=False, has_names=True)


def wrap_choices(path: Mapping[str, object], width: int) -> str:
    """Choices one after the other, in lines of `width` columns that break only between them."""
    text = " ".join(
        f"{name}={humanize_value(value)}".replace(" ", "\N{NO-BREAK SPACE}") for name, value in path.items()
    )
    return "\n".join(textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False))


def format_local_time(when: str) -> str:
    """A time of the log in the local time zone."""
    return datetime.fromisoformat(when).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def draw_sparkline(values: Sequence[float], width: int) -> str:
    """A curve as one line of at most `width` bars, the lowest for the lowest value; ? if not finite."""
    values = values if len(values) <= width else [values[i * len(values) // width] for i in range(width)]
    halves = [value / 2 for value in values]  # no float holds the difference of the largest and the least
    finite = [half for half in halves if math.isfinite(half)]
    low, span = min(finite, default=0.0), max(finite, default=0.0) - min(finite, default=0.0)
    height = len(SPARKLINE_BARS) - 1
    return "".join(
        SPARKLINE_BARS[round((v - low) / span * height) if span else 0] if math.isfinite(v) else "?" for v in halves
    )


def wrap_tree(text: str, width: int) -> str:
    """A drawn tree with long domains shortened, and long lines wrapped with the indent of their beginning."""
    short = re.sub(r"\{([^{}]*)\}", _shorten_domain, text)
    return "\n".join(_wrap_tree_line(line, width) for line in short.splitlines())


def _shorten_domain(match: re.Match[str]) -> str:
    values = [_shorten_number(value) for value in match[1].split(", ")]
    if len(values) <= MAX_DOMAIN_VALUES:
        return "{" + ", ".join(values) + "}"
    return f"{{{values[0]}, {values[1]} .. {values[-1]}: {len(values)} values}}"


def _shorten_number(text: str) -> str:
    return f"{float(text):.4g}" if re.fullmatch(r"-?[0-9.]+(e-?[0-9]+)?", text) and len(text) > 6 else text


def _wrap_tree_line(line: str, width: int) -> str:
    guides = re.match(r"[│├└─ ]*", line)
    assert guides is not None  # it matches nothing, at least
    indent = re.sub(r"[├]", "│", re.sub(r"[└─]", " ", guides[0]))
    rest = line[guides.end() :]
    text = re.sub(r"   (\([0-9, ]*\) -> .*)", lambda flow: "   " + flow[1].replace(" ", "\N{NO-BREAK SPACE}"), rest)
    pieces = textwrap.wrap(text, max(20, width - len(indent) - 4), break_long_words=False, break_on_hyphens=False)
    return ("\n" + indent + "    ").join([guides[0] + pieces[0], *pieces[1:]]) if len(line) > width and pieces else line
