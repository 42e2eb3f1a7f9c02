"""Diagrams of spaces and architectures as SVG, for browsers, papers and notebooks."""

from collections.abc import Iterator
from html import escape

from archwright.core.drawing.captions import format_shapes, wrap_items
from archwright.core.drawing.layout import compute_outputs, draw_term, list_settings
from archwright.core.drawing.picture import (
    FONT_SIZES,
    Box,
    Label,
    Mark,
    Part,
    Picture,
    Text,
    Wire,
    draw_box,
    move_marks,
    stack,
)
from archwright.core.drawing.repeated import fold_repeated
from archwright.core.errors import to_one_line
from archwright.core.shape import Shape
from archwright.core.term import Term

FONT_FAMILIES = "Helvetica Neue, Helvetica, Arial, DejaVu Sans, sans-serif"
BOX_COLOURS: dict[str, tuple[str, str]] = {  # fill and outline of a box, by its style
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
DARK, GREY = "#222222", "#6b6b6b"  # of text and wires; of small text
MARGIN = 14.0  # pixels around the picture


def as_svg(term: Term, in_shape: Shape | None = None) -> str:
    """The SVG of a space or an architecture; with its input shape, an architecture has shapes and parameters."""
    sort = "architecture" if term.plan.is_specified else "search space"
    return to_svg(draw_diagram(term, in_shape), f"{term.kind}: {sort}")


def draw_diagram(term: Term, in_shape: Shape | None = None) -> Picture:
    """The picture of a term from its input to its output, with its training settings at the top."""
    shapes = (in_shape,) if in_shape is not None and term.plan.is_specified else ()
    body = Part(draw_term(fold_repeated(term), shapes), format_shapes(compute_outputs(term, shapes)))
    start = Part(draw_box((Text("input", "title"),), "end", is_round=True), format_shapes(shapes))
    flow = stack([start, body, Part(draw_box((Text("output", "title"),), "end", is_round=True))])
    settings = list_settings(term)
    if not settings:
        return flow
    lines = (Text("settings", "title"), *(Text(line, "detail") for line in wrap_items(list(settings))))
    note = draw_box(lines, "plain")
    top = note.height + 16
    left, right = max(flow.left, note.left), max(flow.right, note.right)
    return Picture(left, right, top + flow.height, (*note.marks, *move_marks(flow.marks, 0, top)))


def to_svg(picture: Picture, label: str) -> str:
    """A picture as an SVG document that can also be part of a page; `label` is its text for screen readers."""
    width, height = picture.left + picture.right + 2 * MARGIN, picture.height + 2 * MARGIN
    marks = move_marks(picture.marks, picture.left + MARGIN, MARGIN)
    frames = [mark for mark in marks if isinstance(mark, Box) and mark.is_frame]  # the outer ones come first
    rest = [mark for mark in marks if not (isinstance(mark, Box) and mark.is_frame)]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
            f'viewBox="0 0 {width:.1f} {height:.1f}" font-family="{FONT_FAMILIES}" role="img" '
            f'aria-label="{escape(to_one_line(label))}">',
            f'<rect width="{width:.1f}" height="{height:.1f}" fill="#ffffff"/>',
            *(
                line
                for mark in frames + sorted(rest, key=lambda mark: not isinstance(mark, Wire))
                for line in _render_mark(mark)
            ),
            "</svg>",
        ]
    )


def _render_mark(mark: Mark) -> Iterator[str]:
    match mark:
        case Box():
            yield from _render_box(mark)
        case Wire():
            yield from _render_wire(mark)
        case Label(x, y, text, weight):
            yield _render_text(
                x, y, text, FONT_SIZES[weight], GREY if weight == "small" else DARK, bold=weight == "title"
            )


def _render_box(mark: Box) -> Iterator[str]:
    if mark.hint:
        yield f"<g><title>{escape(to_one_line(mark.hint))}</title>"
    fill, outline = BOX_COLOURS[mark.style]
    radius = mark.height / 2 if mark.is_round else 7 if mark.is_frame else 4
    dashed = ' stroke-dasharray="5 3"' if mark.is_dashed else ""
    yield (
        f'<rect x="{mark.x:.1f}" y="{mark.y:.1f}" width="{mark.width:.1f}" height="{mark.height:.1f}" '
        f'rx="{radius:.1f}" fill="{fill}" stroke="{outline}"{dashed}/>'
    )
    centre, y = mark.x + mark.width / 2, mark.y + (mark.height - sum(text.height for text in mark.lines)) / 2
    for text in mark.lines:
        colour = "#ffffff" if mark.style == "end" else GREY if text.weight == "small" else DARK
        size = FONT_SIZES[text.weight]
        baseline = y + text.height / 2 + size * 0.36  # so that the letters are in the middle of the line
        yield _render_text(centre, baseline, text.text, size, colour, bold=text.weight == "title", centred=True)
        y += text.height
    if mark.hint:
        yield "</g>"


def _render_text(x: float, y: float, text: str, size: float, colour: str, *, bold: bool, centred: bool = False) -> str:
    attributes = (' text-anchor="middle"' if centred else "") + (' font-weight="600"' if bold else "")
    letters = escape(to_one_line(text))
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" fill="{colour}"{attributes}>{letters}</text>'


def _render_wire(mark: Wire) -> Iterator[str]:
    points = [point for i, point in enumerate(mark.points) if i == 0 or point != mark.points[i - 1]]
    if len(points) < 2:
        return
    dashed = ' stroke-dasharray="4 3"' if mark.is_dashed else ""
    if mark.has_dot:
        x, y = points[0]
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.4" fill="{DARK}"/>'
    coordinates = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    yield f'<polyline points="{coordinates}" fill="none" stroke="{DARK}" stroke-width="1.1"{dashed}/>'
    if mark.has_arrow:
        (x0, y0), (x, y) = points[-2:]
        length = max(abs(x - x0) + abs(y - y0), 1e-9)  # wires are horizontal or vertical
        across, down = (x - x0) / length, (y - y0) / length
        back = [(x - 6 * across + 3 * side * down, y - 6 * down + 3 * side * across) for side in (1, -1)]
        corners = " ".join(f"{a:.1f},{b:.1f}" for a, b in [(x, y), *back])
        yield f'<polygon points="{corners}" fill="{DARK}"/>'
