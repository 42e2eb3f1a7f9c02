"""What pictures are made of, boxes, wires and labels, and how pictures are put together."""

from collections.abc import Iterable, Sequence
from typing import Literal, final

from attrs import evolve, field, frozen

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


GAP = 16.0  # between modules in a column; more where the wire has a label
LABELLED = 26.0
BETWEEN = 22.0  # pictures side by side
PADDING = 12.0  # inside a frame
BESIDE = 5.0  # from a wire to its label


def beside(y: float, text: str, x: float = 0) -> tuple[Label, ...]:
    """A label to the right of a wire."""
    return (Label(x + BESIDE, y, text, "small"),) if text else ()


def reach(text: str) -> float:
    """How far a label beside a wire reaches."""
    return BESIDE + width_of(text, "small") + 2 if text else 0


@frozen
class Part:
    """A picture and what is written on the wire that leaves it."""

    picture: Picture
    after: str = ""
    name: str = ""  # what is written on the wire that comes in, side by side


def column(parts: Sequence[Part]) -> Picture:
    """One after the other, with wires between them; those that are empty leave no trace."""
    seen = [part for part in parts if not part.picture.is_empty]
    if not seen:
        return NOTHING
    marks: list[Mark] = []
    y = 0.0
    for part, following in zip(seen, [*seen[1:], None], strict=True):
        marks += moved(part.picture.marks, 0, y)
        y += part.picture.height
        if following is not None:
            end = y + (LABELLED if part.after else GAP)
            marks += [Wire(((0, y), (0, end)), following.picture.wants_arrow), *beside(y + 15, part.after)]
            y = end
    left = max(part.picture.left for part in seen)
    right = max([*(part.picture.right for part in seen), *(reach(part.after) for part in seen[:-1])])
    return Picture(left, right, y, tuple(marks), seen[0].picture.wants_arrow)


def framed(inside: Picture, style: str, title: str = "", times: str = "", *, is_dashed: bool = False) -> Picture:
    """A picture in a frame, with a title inside at the top, or how many times it comes beside it."""
    top = PADDING + (12 if title else 0)
    low = top + inside.height
    left = max(inside.left, 12) + PADDING
    right = max(inside.right, 12, width_of(title, "small") + BESIDE) + PADDING
    height = low + PADDING
    marks: list[Mark] = [Box(-left, 0, left + right, height, style, is_frame=True, is_dashed=is_dashed)]
    if inside.is_empty:
        marks.append(Wire(((0, 0), (0, height))))
    else:
        marks += [Wire(((0, 0), (0, top)), inside.wants_arrow), *moved(inside.marks, 0, top)]
        marks.append(Wire(((0, low), (0, height))))
    marks += beside(13, title)
    if times:
        marks.append(Label(right + 7, height / 2 + 4, times, "title"))
        right += 9 + width_of(times, "title")
    return Picture(left, right, height, tuple(marks), wants_arrow=False)


def around(inside: Picture, after: str, note: str) -> Picture:
    """A picture whose output is added to its input, which takes a line around it."""
    top, plus = 14.0, circle("+")
    low = top + inside.height + (LABELLED if after else GAP)
    middle = low + plus.height / 2
    left = max(inside.left, plus.left + (8 + width_of(note, "small") if note else 0))
    side = max(inside.right, plus.right, reach(after)) + 14
    marks: list[Mark] = [
        Wire(((0, 0), (side, 0), (side, middle), (plus.right, middle)), has_arrow=True, has_dot=True),
        Wire(((0, 0), (0, top)), inside.wants_arrow and not inside.is_empty),
        *moved(inside.marks, 0, top),
        Wire(((0, top + inside.height), (0, low)), has_arrow=True),
        *beside(top + inside.height + 15, after),
        *moved(plus.marks, 0, low),
    ]
    if note:
        marks.append(Label(-plus.left - 6 - width_of(note, "small"), middle + 4, note, "small"))
    return Picture(left, side + 3, low + plus.height, tuple(marks), wants_arrow=False)


@frozen
class _Placed:
    """A part side by side with others."""

    part: Part
    x: float = field()

    @property
    def right(self) -> float:
        """How far it reaches from x = 0, with what is written on its wires."""
        return self.x + max(self.part.picture.right, reach(self.part.after), reach(self.part.name))


def side_by_side(parts: Sequence[Part], merge: Picture, *, is_dashed: bool = False) -> Picture:
    """Parts that all get the input; their outputs come together in `merge`, or just in one wire if it is empty."""
    placed = _placed(parts)
    named = any(part.name for part in parts)
    top = 36.0 if named else 24.0
    low = top + max(part.picture.height for part in parts)
    bus = low + (24 if any(part.after for part in parts) else 10)
    join = bus + (0 if merge.is_empty else 12)
    marks: list[Mark] = []
    for each in placed:
        part, x = each.part, each.x
        bottom = top + part.picture.height
        enters = part.picture.wants_arrow and not part.picture.is_empty
        start = ((0.0, 0.0), (0.0, 8.0), (x, 8.0), (x, top))
        marks.append(Wire(start, enters, is_dashed=is_dashed))
        marks += [*beside(23, part.name, x), *moved(part.picture.marks, x, top)]
        marks.append(Wire(((x, bottom), (x, bus), (0, bus)), is_dashed=is_dashed))
        marks += beside(low + 14, part.after, x)
    if not merge.is_empty:
        marks += [Wire(((0, bus), (0, join)), has_arrow=True), *moved(merge.marks, 0, join)]
    left = max(merge.left, *(each.part.picture.left - each.x for each in placed))
    right = max(merge.right, *(each.right for each in placed))
    return Picture(left, right, join + merge.height, tuple(marks), wants_arrow=False)


def _placed(parts: Sequence[Part]) -> list[_Placed]:
    """Parts from left to right, the input above the middle one, or between the first and the last if there is none."""
    found: list[_Placed] = []
    end = 0.0
    for part in parts:
        each = _Placed(part, end + max(part.picture.left, 8))
        found.append(each)
        end = max(each.right, each.x + 8) + BETWEEN
    half = len(found) // 2
    middle = found[half].x if len(found) % 2 else (found[0].x + found[-1].x) / 2
    return [_Placed(each.part, each.x - middle) for each in found]
