"""Curves as a small SVG picture, for notebooks: without matplotlib, and quick."""

import math
from collections.abc import Sequence
from html import escape

from attrs import frozen

from archwright.core.errors import to_one_line
from archwright.display.text import format_score

WIDTH, HEIGHT, MARGIN = 320, 110, 18  # pixels; the margin is above and below the lines, for their labels
NAME_HEIGHT = 14  # pixels; of a name below the picture
MAX_NAME_LETTERS = 50  # as many as the width has room for
COLOUR = "#3a71ad"
# Those of matplotlib's usual cycle, so that C0 to C9 are the same in every picture.
CYCLE = ("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22", "#17becf")


@frozen
class Curve:
    """Values in their order, and how they are drawn. Where one is not finite the line has a gap."""

    values: Sequence[float]
    name: str = ""  # written below the picture, in its colour
    colour: str = COLOUR


def sketch_curve(values: Sequence[float], label: str, *, is_stepped: bool = False) -> str:
    """The picture of one curve, as `sketch_curves` makes it."""
    return sketch_curves([Curve(values)], label, is_stepped=is_stepped)


def sketch_curves(curves: Sequence[Curve], label: str, *, is_stepped: bool = False) -> str:
    """An SVG of curves on the same axes, with the least and the largest value; empty where no line can be drawn.

    With `is_stepped` each value lasts until the next one.
    """
    lists = [[value / 2 for value in curve.values if math.isfinite(value)] for curve in curves]
    finite = [value for values in lists for value in values]  # halved: no float may hold the whole range
    if not any(len(values) > 1 for values in lists):
        return ""
    scale = _Scale(min(finite), max(finite) - min(finite), max(len(curve.values) for curve in curves))
    named = [curve for curve in curves if curve.name]
    height, text = HEIGHT + NAME_HEIGHT * len(named), escape(to_one_line(label))
    lines = [
        f'<path d="{scale.trace(curve.values, is_stepped=is_stepped)}" fill="none" stroke="{curve.colour}" '
        'stroke-width="1.5"/>'
        for curve in curves
    ]
    names = [
        f'<text x="2" y="{HEIGHT + NAME_HEIGHT * number - 4}" fill="{curve.colour}">{_escape_name(curve.name)}</text>'
        for number, curve in enumerate(named, 1)
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
        f'font-family="sans-serif" font-size="11" role="img" aria-label="{text}">'
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>'
        f"{''.join(lines)}"
        f'<text x="2" y="12" fill="#222222">{format_score(2 * max(finite))} {text}</text>'
        f'<text x="2" y="{HEIGHT - 5}" fill="#222222">{format_score(2 * min(finite))}</text>{"".join(names)}</svg>'
    )


@frozen
class _Scale:
    """Where values lie in the picture."""

    low: float  # half the least value
    span: float  # half the range
    length: int  # of the longest curve

    def trace(self, values: Sequence[float], *, is_stepped: bool) -> str:
        """The path of a curve."""
        path, is_drawing = list[str](), False
        for index, value in enumerate(values):
            if not math.isfinite(value):
                is_drawing = False
                continue
            share = (value / 2 - self.low) / self.span if self.span else 0.5
            x = 1 + index * (WIDTH - 2) / (self.length - 1)
            y = HEIGHT - MARGIN - share * (HEIGHT - 2 * MARGIN)
            bend = f"H{x:.1f}" if is_drawing and is_stepped else ""
            path.append(f"{bend}{'L' if is_drawing else 'M'}{x:.1f},{y:.1f}")
            is_drawing = True
        return "".join(path)


def _escape_name(name: str) -> str:
    text = to_one_line(name)
    return escape(text if len(text) <= MAX_NAME_LETTERS else f"{text[: MAX_NAME_LETTERS - 3]}...")
