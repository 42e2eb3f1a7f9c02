"""What pictures are made of: boxes, wires and labels, placed relative to the line along which data flows down."""

from collections.abc import Iterable
from typing import Literal, final

from attrs import evolve, frozen

Point = tuple[float, float]  # across and down, in pixels
Weight = Literal["title", "detail", "small"]
SIZES: dict[Weight, float] = {"title": 12.0, "detail": 11.0, "small": 10.0}  # of the letters
LINE = 1.35  # the height of a line, in sizes of its letters

# The widths of letters in sizes, at least those of the widest of the usual fonts without serifs (DejaVu Sans).
_NARROW, _WIDE = frozenset("ijl.,:;'|!()[]{}ftr I/-"), frozenset("mwMW@%…")


def width_of(text: str, weight: Weight) -> float:
    """How wide a line of text is at most."""
    widths = (0.42 if c in _NARROW else 1.03 if c in _WIDE or ord(c) > 0x2000 else 0.7 for c in text)
    return sum(widths) * SIZES[weight] * (1.1 if weight == "title" else 1.0)


@final
@frozen
class Text:
    """A line of text in a box."""

    text: str
    weight: Weight

    @property
    def height(self) -> float:
        """Of the line."""
        return SIZES[self.weight] * LINE


@final
@frozen
class Box:
    """A module, a node, or a frame around others."""

    x: float  # of its left side
    y: float  # of its top
    width: float
    height: float
    style: str  # a name in the table of colours
    lines: tuple[Text, ...] = ()
    is_frame: bool = False
    is_round: bool = False
    is_dashed: bool = False


@final
@frozen
class Wire:
    """A line along which data flows."""

    points: tuple[Point, ...]
    has_arrow: bool = False
    is_dashed: bool = False
    has_dot: bool = False  # at its beginning, where it leaves another wire


@final
@frozen
class Label:
    """Text beside a wire or a frame."""

    x: float  # of its left end
    y: float  # of the line on which the letters stand
    text: str
    weight: Weight

    @property
    def width(self) -> float:
        """At most."""
        return width_of(self.text, self.weight)


Mark = Box | Wire | Label


@final
@frozen
class Picture:
    """Marks around the line x = 0, at which data comes in at the top, y = 0, and leaves at the bottom."""

    left: float  # how far it reaches to the left of the line
    right: float
    height: float
    marks: tuple[Mark, ...] = ()
    wants_arrow: bool = True  # whether a wire that comes in ends in an arrow

    @property
    def is_empty(self) -> bool:
        """Whether data just flows on."""
        return not self.marks


NOTHING = Picture(0, 0, 0)


def moved(marks: Iterable[Mark], across: float, down: float) -> tuple[Mark, ...]:
    """The marks elsewhere."""
    return tuple(_moved(mark, across, down) for mark in marks)


def _moved(mark: Mark, across: float, down: float) -> Mark:
    if isinstance(mark, Wire):
        return evolve(mark, points=tuple((x + across, y + down) for x, y in mark.points))
    return evolve(mark, x=mark.x + across, y=mark.y + down)


def box(lines: tuple[Text, ...], style: str, *, is_round: bool = False) -> Picture:
    """A module as a box that its text fits."""
    width = max([width_of(line.text, line.weight) for line in lines]) + 20
    height = sum(line.height for line in lines) + 10
    return Picture(width / 2, width / 2, height, (Box(-width / 2, 0, width, height, style, lines, is_round=is_round),))


def circle(text: str, radius: float = 10) -> Picture:
    """A node, or a place where data is merged; a longer text makes it a pill."""
    half = max(radius, width_of(text, "title") / 2 + 8) if len(text) > 2 else radius
    lines = (Text(text, "title"),) if text else ()
    mark = Box(-half, 0, 2 * half, 2 * radius, "node", lines, is_round=True)
    return Picture(half, half, 2 * radius, (mark,))
