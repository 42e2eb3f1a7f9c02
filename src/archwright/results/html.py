"""The HTML that notebooks show of results: tables, with every text escaped, whoever has written it."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from archwright.core.errors import to_one_line
from archwright.display.text import humanize_value

MAX_TABLE_ROWS = 50  # of a table in a notebook


def escape_text(value: object) -> str:
    """A value as text in HTML, in one line."""
    return escape(to_one_line(humanize_value(value)))


def render_heading(text: str) -> str:
    """A line in bold."""
    return f"<div><b>{escape_text(text)}</b></div>"


def render_table(headers: Sequence[str], rows: Iterable[Sequence[object]], total: int | None = None) -> str:
    """A table of the first MAX_TABLE_ROWS rows; the `total` is said where there are more."""
    shown = [row for row, _ in zip(rows, range(MAX_TABLE_ROWS), strict=False)]
    head = "".join(f"<th>{escape_text(header)}</th>" for header in headers)
    lines = ["<tr>" + "".join(f"<td>{escape_text(cell)}</td>" for cell in row) + "</tr>" for row in shown]
    rest = f"<div>the first {len(shown)} of {total:,}</div>" if total is not None and total > len(shown) else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>{rest}"


def render_properties(properties: Mapping[str, object]) -> str:
    """A table of names and values, one pair a row."""
    pairs = [(escape_text(name), escape_text(value)) for name, value in properties.items()]
    lines = [f"<tr><th>{name}</th><td>{value}</td></tr>" for name, value in pairs]
    return f"<table><tbody>{''.join(lines)}</tbody></table>" if lines else ""
