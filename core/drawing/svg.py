"""Pictures as SVG: text that browsers, papers and notebooks show."""

from collections.abc import Iterator
from html import escape

from archwright.core.drawing.captions import told, wrapped
from archwright.core.drawing.layout import outs, picture, settings_of
from archwright.core.drawing.picture import SIZES, Box, Label, Mark, Part, Picture, Text, Wire, box, column, moved
from archwright.core.errors import to_one_line
from archwright.core.shape import Shape
from archwright.core.term import Term

FONTS = "Helvetica Neue, Helvetica, Arial, DejaVu Sans, sans-serif"
COLOURS: dict[str, tuple[str, str]] = {  # of a box: inside, and of its line
    "convolution": ("#dce9f7", "#3a71ad"),
    "affine": ("#e6e0f3", "#6a55a3"),
    "pool": ("#fde7d3", "#c0712b"),
    "norm": ("#def0de", "#468646"),
    "activation": ("#fcf3cb", "#a68a14"),
    "dropout": ("#eeeeee", "#7d7d7d"),
    "plain": ("#ffffff", "#9a9a9a"),
    "own": ("#d9efee", "#37827f"),
    "end": ("#3f3f3f", "#3f3f3f"),
    "node": ("#ffffff", "#3f3f3f"),
    "frame": ("#fafafa", "#b5b5b5"),
    "choice": ("#fffdf5", "#b39a45"),
}
INK, PALE = "#222222", "#6b6b6b"
MARGIN = 14.0


def as_svg(term: Term, in_shape: Shape | None = None) -> str:
    """The SVG of a space, or of an architecture, whose shapes and parameters its input shape tells."""
    return svg(whole(term, in_shape), f"{term.kind}: {'architecture' if term.plan.specified else 'search space'}")


def whole(term: Term, in_shape: Shape | None = None) -> Picture:
    """The picture of a term from input to output, with its settings at the top."""
    shapes = (in_shape,) if in_shape is not None and term.plan.specified else ()
    drawn = Part(picture(term, shapes), told(outs(term, shapes)))
    start = Part(box((Text("input", "title"),), "end", is_round=True), told(shapes))
    flow = column([start, drawn, Part(box((Text("output", "title"),), "end", is_round=True))])
    settings = settings_of(term)
    if not settings:
        return flow
    lines = (Text("settings", "title"), *(Text(line, "detail") for line in wrapped(list(settings))))
    note = box(lines, "plain")
    below = note.height + 16
    left, right = max(flow.left, note.left), max(flow.right, note.right)
    return Picture(left, right, below + flow.height, (*note.marks, *moved(flow.marks, 0, below)))


def svg(drawn: Picture, about: str) -> str:
    """A picture as a document of its own that can stand in a page, too."""
    width, height = drawn.left + drawn.right + 2 * MARGIN, drawn.height + 2 * MARGIN
    marks = moved(drawn.marks, drawn.left + MARGIN, MARGIN)
    frames = [mark for mark in marks if isinstance(mark, Box) and mark.is_frame]  # the outer ones come first
    rest = [mark for mark in marks if not (isinstance(mark, Box) and mark.is_frame)]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
            f'viewBox="0 0 {width:.1f} {height:.1f}" font-family="{FONTS}" role="img" '
            f'aria-label="{escape(to_one_line(about))}">',
            f'<rect width="{width:.1f}" height="{height:.1f}" fill="#ffffff"/>',
            *(
                line
                for mark in frames + sorted(rest, key=lambda mark: not isinstance(mark, Wire))
                for line in _mark(mark)
            ),
            "</svg>",
        ]
    )


def _mark(mark: Mark) -> Iterator[str]:
    match mark:
        case Box():
            yield from _box(mark)
        case Wire():
            yield from _wire(mark)
        case Label(x, y, text, weight):
            yield _text(x, y, text, SIZES[weight], PALE if weight == "small" else INK, bold=weight == "title")


def _box(mark: Box) -> Iterator[str]:
    inside, line = COLOURS[mark.style]
    radius = mark.height / 2 if mark.is_round else 7 if mark.is_frame else 4
    dashed = ' stroke-dasharray="5 3"' if mark.is_dashed else ""
    yield (
        f'<rect x="{mark.x:.1f}" y="{mark.y:.1f}" width="{mark.width:.1f}" height="{mark.height:.1f}" '
        f'rx="{radius:.1f}" fill="{inside}" stroke="{line}"{dashed}/>'
    )
    middle, y = mark.x + mark.width / 2, mark.y + (mark.height - sum(text.height for text in mark.lines)) / 2
    for text in mark.lines:
        colour = "#ffffff" if mark.style == "end" else PALE if text.weight == "small" else INK
        size = SIZES[text.weight]
        below = y + text.height / 2 + size * 0.36  # where letters stand whose middle is that of the line
        yield _text(middle, below, text.text, size, colour, bold=text.weight == "title", centred=True)
        y += text.height


def _text(x: float, y: float, text: str, size: float, colour: str, *, bold: bool, centred: bool = False) -> str:
    how = (' text-anchor="middle"' if centred else "") + (' font-weight="600"' if bold else "")
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" fill="{colour}"{how}>{escape(to_one_line(text))}</text>'


def _wire(mark: Wire) -> Iterator[str]:
    points = [point for i, point in enumerate(mark.points) if i == 0 or point != mark.points[i - 1]]
    if len(points) < 2:
        return
    dashed = ' stroke-dasharray="4 3"' if mark.is_dashed else ""
    if mark.has_dot:
        x, y = points[0]
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.4" fill="{INK}"/>'
    shown = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    yield f'<polyline points="{shown}" fill="none" stroke="{INK}" stroke-width="1.1"{dashed}/>'
    if mark.has_arrow:
        (x0, y0), (x, y) = points[-2:]
        length = max(abs(x - x0) + abs(y - y0), 1e-9)  # wires run straight across or straight down
        across, down = (x - x0) / length, (y - y0) / length
        back = [(x - 6 * across + 3 * side * down, y - 6 * down + 3 * side * across) for side in (1, -1)]
        corners = " ".join(f"{a:.1f},{b:.1f}" for a, b in [(x, y), *back])
        yield f'<polygon points="{corners}" fill="{INK}"/>'
