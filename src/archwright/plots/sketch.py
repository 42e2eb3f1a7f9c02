"""A curve as a small SVG picture, for notebooks: without matplotlib, and quick."""

import math
from collections.abc import Sequence
from html import escape

from archwright.core.errors import to_one_line
from archwright.display.text import format_score

WIDTH, HEIGHT, MARGIN = 320, 110, 18  # pixels; the margin is above and below the line, for its labels
COLOUR = "#3a71ad"


def sketch_curve(values: Sequence[float], label: str, *, is_stepped: bool = False) -> str:
    """An SVG of `values` in their order, with the least and the largest; empty where fewer than two are finite.

    Where a value is not finite the line has a gap. With `is_stepped` each value lasts until the next one.
    """
    finite = [value / 2 for value in values if math.isfinite(value)]  # no float may hold the whole range
    if len(finite) < 2:
        return ""
    low, span = min(finite), max(finite) - min(finite)
    step = (WIDTH - 2) / (len(values) - 1)

    def locate(index: int, value: float) -> tuple[float, float]:
        share = (value / 2 - low) / span if span else 0.5
        return 1 + index * step, HEIGHT - MARGIN - share * (HEIGHT - 2 * MARGIN)

    path, is_drawing = list[str](), False
    for index, value in enumerate(values):
        if not math.isfinite(value):
            is_drawing = False
            continue
        x, y = locate(index, value)
        bend = f"H{x:.1f}" if is_drawing and is_stepped else ""
        path.append(f"{bend}{'L' if is_drawing else 'M'}{x:.1f},{y:.1f}")
        is_drawing = True
    text = escape(to_one_line(label))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'font-family="sans-serif" font-size="11" role="img" aria-label="{text}">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>'
        f'<path d="{"".join(path)}" fill="none" stroke="{COLOUR}" stroke-width="1.5"/>'
        f'<text x="2" y="12" fill="#222222">{format_score(2 * max(finite))} {text}</text>'
        f'<text x="2" y="{HEIGHT - 5}" fill="#222222">{format_score(2 * low)}</text></svg>'
    )
