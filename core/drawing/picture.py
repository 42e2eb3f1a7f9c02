"""Pictures: boxes, wires and labels, and how pictures are combined. Lengths are in pixels."""

from collections.abc import Iterable, Sequence
from typing import Literal, final

from attrs import evolve, frozen

FontWeight = Literal["title", "detail", "small"]
FONT_SIZES: dict[FontWeight, float] = {"title": 12.0, "detail": 11.0, "small": 10.0}
LINE_HEIGHT = 1.35  # in font sizes
WIRE_LENGTH = 16.0  # between pictures that are stacked
LABELLED_WIRE_LENGTH = 26.0
PICTURE_GAP = 22.0  # between pictures side by side
FRAME_PADDING = 12.0
LABEL_OFFSET = 5.0  # from a wire to its label

# The widths below are in font sizes, and at least those of DejaVu Sans, the widest of the usual sans-serif fonts.
_NARROW, _WIDE = frozenset("ijl.,:;'|!()[]{}ftr I/-"), frozenset("mwMW@%…")


def measure_width(text: str, weight: FontWeight) -> float:
    """An upper bound of the width of a line of text."""
    widths = (0.42 if c in _NARROW else 1.03 if c in _WIDE or ord(c) > 0x2000 else 0.7 for c in text)
    return sum(widths) * FONT_SIZES[weight] * (1.1 if weight == "title" else 1.0)


@final
@frozen
class Text:
    """A line of text in a box."""

    text: str
    weight: FontWeight

    @property
    def height(self) -> float:
        """The height of the line."""
        return FONT_SIZES[self.weight] * LINE_HEIGHT


@final
@frozen
class Box:
    """A module, a node, or a frame around other marks."""

    x: float  # of its left side
    y: float  # of its top
    width: float
    height: float
    style: str  # a key of the colours in svg.py
    lines: tuple[Text, ...] = ()
    is_frame: bool = False
    is_round: bool = False
    is_dashed: bool = False
    hint: str = ""  # what browsers tell under the pointer


@final
@frozen
class Wire:
    """A polyline along which data flows."""

    points: tuple[tuple[float, float], ...]  # (x, y)
    has_arrow: bool = False
    is_dashed: bool = False
    has_dot: bool = False  # at its first point, where it leaves another wire


@final
@frozen
class Label:
    """Text beside a wire or a frame."""

    x: float  # of its left end
    y: float  # of its baseline
    text: str
    weight: FontWeight

    @property
    def width(self) -> float:
        """An upper bound."""
        return measure_width(self.text, self.weight)


Mark = Box | Wire | Label


@final
@frozen
class Picture:
    """Marks around the vertical axis x = 0; data enters at the top, y = 0, and leaves at the bottom."""

    left: float  # the extent to the left of the axis
    right: float
    height: float
    marks: tuple[Mark, ...] = ()
    wants_arrow: bool = True  # whether the wire that enters ends in an arrow

    @property
    def is_empty(self) -> bool:
        """Whether data flows through unchanged."""
        return not self.marks


EMPTY = Picture(0, 0, 0)


def move_marks(marks: Iterable[Mark], dx: float, dy: float) -> tuple[Mark, ...]:
    """The marks, shifted to the right and down."""
    return tuple(_move_mark(mark, dx, dy) for mark in marks)


def _move_mark(mark: Mark, dx: float, dy: float) -> Mark:
    if isinstance(mark, Wire):
        return evolve(mark, points=tuple((x + dx, y + dy) for x, y in mark.points))
    return evolve(mark, x=mark.x + dx, y=mark.y + dy)


def draw_box(lines: tuple[Text, ...], style: str, *, is_round: bool = False) -> Picture:
    """A box around lines of text."""
    width = max([measure_width(line.text, line.weight) for line in lines]) + 20
    height = sum(line.height for line in lines) + 10
    return Picture(width / 2, width / 2, height, (Box(-width / 2, 0, width, height, style, lines, is_round=is_round),))


def draw_circle(text: str, radius: float = 10) -> Picture:
    """A circle with a text of up to two characters; with a longer text, a pill."""
    half = max(radius, measure_width(text, "title") / 2 + 8) if len(text) > 2 else radius
    lines = (Text(text, "title"),) if text else ()
    mark = Box(-half, 0, 2 * half, 2 * radius, "node", lines, is_round=True)
    return Picture(half, half, 2 * radius, (mark,))


def label_wire(y: float, text: str, x: float = 0) -> tuple[Label, ...]:
    """A label to the right of a vertical wire at `x`; none for an empty text."""
    return (Label(x + LABEL_OFFSET, y, text, "small"),) if text else ()


def measure_label(text: str) -> float:
    """The extent to the right of a wire with a label."""
    return LABEL_OFFSET + measure_width(text, "small") + 2 if text else 0


@frozen
class Part:
    """A picture within others, and the labels of its wires."""

    picture: Picture
    out_label: str = ""  # of the wire that leaves it
    in_label: str = ""  # of the wire that enters it, among pictures side by side


def stack(parts: Sequence[Part]) -> Picture:
    """Pictures one below the other with wires between them, without the empty ones."""
    visible = [part for part in parts if not part.picture.is_empty]
    if not visible:
        return EMPTY
    marks: list[Mark] = []
    y = 0.0
    for part, following in zip(visible, [*visible[1:], None], strict=True):
        marks += move_marks(part.picture.marks, 0, y)
        y += part.picture.height
        if following is not None:
            end = y + (LABELLED_WIRE_LENGTH if part.out_label else WIRE_LENGTH)
            marks += [Wire(((0, y), (0, end)), following.picture.wants_arrow), *label_wire(y + 15, part.out_label)]
            y = end
    left = max(part.picture.left for part in visible)
    right = max([*(part.picture.right for part in visible), *(measure_label(part.out_label) for part in visible[:-1])])
    return Picture(left, right, y, tuple(marks), visible[0].picture.wants_arrow)


def frame(body: Picture, style: str, title: str = "", copies: str = "", *, is_dashed: bool = False) -> Picture:
    """A picture in a frame, with a title at the top and the number of copies at the right."""
    top = FRAME_PADDING + (12 if title else 0)
    low = top + body.height
    left = max(body.left, 12) + FRAME_PADDING
    right = max(body.right, 12, measure_width(title, "small") + LABEL_OFFSET) + FRAME_PADDING
    height = low + FRAME_PADDING
    marks: list[Mark] = [Box(-left, 0, left + right, height, style, is_frame=True, is_dashed=is_dashed)]
    if body.is_empty:
        marks.append(Wire(((0, 0), (0, height))))
    else:
        marks += [Wire(((0, 0), (0, top)), body.wants_arrow), *move_marks(body.marks, 0, top)]
        marks.append(Wire(((0, low), (0, height))))
    marks += label_wire(13, title)
    if copies:
        marks.append(Label(right + 7, height / 2 + 4, copies, "title"))
        right += 9 + measure_width(copies, "title")
    return Picture(left, right, height, tuple(marks), wants_arrow=False)


def add_skip_connection(body: Picture, out_label: str, note: str) -> Picture:
    """A picture with a wire around it from its input to a plus at its output; `note` is beside the plus."""
    top, plus = 14.0, draw_circle("+")
    low = top + body.height + (LABELLED_WIRE_LENGTH if out_label else WIRE_LENGTH)
    middle = low + plus.height / 2
    left = max(body.left, plus.left + (8 + measure_width(note, "small") if note else 0))
    side = max(body.right, plus.right, measure_label(out_label)) + 14
    marks: list[Mark] = [
        Wire(((0, 0), (side, 0), (side, middle), (plus.right, middle)), has_arrow=True, has_dot=True),
        Wire(((0, 0), (0, top)), body.wants_arrow and not body.is_empty),
        *move_marks(body.marks, 0, top),
        Wire(((0, top + body.height), (0, low)), has_arrow=True),
        *label_wire(top + body.height + 15, out_label),
        *move_marks(plus.marks, 0, low),
    ]
    if note:
        marks.append(Label(-plus.left - 6 - measure_width(note, "small"), middle + 4, note, "small"))
    return Picture(left, side + 3, low + plus.height, tuple(marks), wants_arrow=False)


@frozen
class _PlacedPart:
    """A part at a horizontal position among others."""

    part: Part
    x: float

    @property
    def right(self) -> float:
        """The right end of it and of the labels of its wires."""
        return self.x + max(
            self.part.picture.right, measure_label(self.part.out_label), measure_label(self.part.in_label)
        )


def place_side_by_side(parts: Sequence[Part], merge: Picture, *, is_dashed: bool = False) -> Picture:
    """Parts with the same input, whose outputs enter `merge`; if that is empty, they join in one wire."""
    placed = _place_parts(parts)
    top = 36.0 if any(part.in_label for part in parts) else 24.0
    low = top + max(part.picture.height for part in parts)
    bus = low + (24 if any(part.out_label for part in parts) else 10)
    join = bus + (0 if merge.is_empty else 12)
    marks: list[Mark] = []
    for placed_part in placed:
        part, x = placed_part.part, placed_part.x
        bottom = top + part.picture.height
        enters = part.picture.wants_arrow and not part.picture.is_empty
        start = ((0.0, 0.0), (0.0, 8.0), (x, 8.0), (x, top))
        marks.append(Wire(start, enters, is_dashed=is_dashed))
        marks += [*label_wire(23, part.in_label, x), *move_marks(part.picture.marks, x, top)]
        marks.append(Wire(((x, bottom), (x, bus), (0, bus)), is_dashed=is_dashed))
        marks += label_wire(low + 14, part.out_label, x)
    if not merge.is_empty:
        marks += [Wire(((0, bus), (0, join)), has_arrow=True), *move_marks(merge.marks, 0, join)]
    left = max(merge.left, *(placed_part.part.picture.left - placed_part.x for placed_part in placed))
    right = max(merge.right, *(placed_part.right for placed_part in placed))
    return Picture(left, right, join + merge.height, tuple(marks), wants_arrow=False)


def _place_parts(parts: Sequence[Part]) -> list[_PlacedPart]:
    """Parts from left to right, centred on the middle part, or between the first and the last of an even number."""
    placed: list[_PlacedPart] = []
    end = 0.0
    for part in parts:
        placed_part = _PlacedPart(part, end + max(part.picture.left, 8))
        placed.append(placed_part)
        end = max(placed_part.right, placed_part.x + 8) + PICTURE_GAP
    half = len(placed) // 2
    middle = placed[half].x if len(placed) % 2 else (placed[0].x + placed[-1].x) / 2
    return [_PlacedPart(placed_part.part, placed_part.x - middle) for placed_part in placed]
