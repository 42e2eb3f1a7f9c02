"""A small graph as a picture: nodes down the middle, edges to the next node between them, others in lanes beside."""

from collections.abc import Sequence
from functools import singledispatch
from itertools import groupby

from attrs import frozen

from archwright.core.domain import Domain
from archwright.core.drawing.captions import TIMES, details, entry, module, setting, size, told, wrapped
from archwright.core.drawing.picture import (
    NOTHING,
    Label,
    Mark,
    Part,
    Picture,
    Text,
    Wire,
    around,
    box,
    circle,
    column,
    framed,
    moved,
    reach,
    side_by_side,
)
from archwright.core.expression import Expression
from archwright.core.hyperparameter import Slot
from archwright.core.modules.basic import Identity, Settings, Zero
from archwright.core.modules.choices import Either, Repeat
from archwright.core.modules.composite import Branches, RepeatTied, Residual, Sequential
from archwright.core.modules.graphs import Cell, Topology
from archwright.core.shape import Shape
from archwright.core.spaces.nasbench201 import STAGES, Nasbench201Network
from archwright.core.term import Composite, Compound, Term

Edge = tuple[int, int]
RADIUS = 11.0
OFF = 4.0  # from the middle of a node to where edges leave, below it, and come in, above it
ROOM = 18.0  # above and below what lies between two nodes
BETWEEN = 20.0  # lanes


@frozen
class _Lane:
    """A column of edges that are never at the same height."""

    side: int  # 0 in the middle, 1 to the right, -1 to the left
    edges: tuple[int, ...]


def graph(edges: Sequence[Edge], pictures: Sequence[tuple[Picture, str, bool]]) -> Picture:
    """Nodes and what is on their edges: its picture, what is written on its wire, and whether it stands for nothing.

    What is on an edge lies between two nodes that follow each other, so that no wire to a node meets it.
    """
    count = edges[-1][1] + 1
    rows = [s if t == s + 1 else (s + t - 1) // 2 for s, t in edges]  # between which nodes, by the upper one
    heights = [
        max(
            [p.height + (16 if label else 0) for (p, label, _), row in zip(pictures, rows, strict=True) if row == i]
            or [0]
        )
        for i in range(count - 1)
    ]
    tops = [0.0]
    for height in heights:
        tops.append(tops[-1] + 2 * RADIUS + height + 2 * ROOM)
    marks: list[Mark] = []
    left, right = RADIUS, RADIUS
    for lane in _lanes(edges):
        inside = [pictures[i] for i in lane.edges]
        outward = max(max(p.right, reach(label)) for p, label, _ in inside)
        inward = max(p.left for p, _, _ in inside)
        x = 0.0
        if lane.side > 0:
            x = right + BETWEEN + inward
        elif lane.side < 0:
            x = -(left + BETWEEN + outward)
        left, right = max(left, inward - x), max(right, outward + x)
        for i in lane.edges:
            drawn, label, nothing = pictures[i]
            top = tops[rows[i]] + 2 * RADIUS + ROOM + (heights[rows[i]] - drawn.height - (16 if label else 0)) / 2
            ends = tops[edges[i][0]] + RADIUS, tops[edges[i][1]] + RADIUS
            marks += _edge(drawn, label, x, top, ends, is_dashed=nothing)
    for node, top in enumerate(tops):
        marks += moved(circle(str(node), RADIUS).marks, 0, top)
    return Picture(left, right, tops[-1] + 2 * RADIUS, tuple(marks))


def _lanes(edges: Sequence[Edge]) -> list[_Lane]:
    """Edges to the next node in the middle; each other one in the first lane, right and left in turn, that is free."""
    middle = tuple(i for i, (s, t) in enumerate(edges) if t == s + 1)
    lanes = [_Lane(0, middle)] if middle else []
    beside: list[list[int]] = []
    for i in sorted(set(range(len(edges))) - set(middle), key=lambda i: edges[i][1] - edges[i][0]):
        source, target = edges[i]
        free = (lane for lane in beside if all(target <= edges[j][0] or edges[j][1] <= source for j in lane))
        lane = next(free, None)
        if lane is None:
            beside.append([i])
        else:
            lane.append(i)
    return lanes + [_Lane(1 if i % 2 == 0 else -1, tuple(lane)) for i, lane in enumerate(beside)]


def _edge(
    drawn: Picture, label: str, x: float, top: float, ends: tuple[float, float], *, is_dashed: bool
) -> list[Mark]:
    """The wires and the picture of an edge, from one node's middle to another's."""
    source, target = ends
    low = top + drawn.height
    if x == 0:
        start, end = ((0.0, source + RADIUS), (0.0, top)), ((0.0, low), (0.0, target - RADIUS))
    else:
        near = RADIUS * 0.93 if x > 0 else -RADIUS * 0.93  # where a circle is OFF its middle
        start = ((near, source + OFF), (x, source + OFF), (x, top))
        end = ((x, low), (x, target - OFF), (near, target - OFF))
    marks: list[Mark] = [Wire(start, drawn.wants_arrow, is_dashed), *moved(drawn.marks, x, top)]
    marks.append(Wire(end, has_arrow=True, is_dashed=is_dashed))
    return [*marks, Label(x + 5, low + 13, label, "small")] if label else marks


Shapes = tuple[Shape, ...]  # of the inputs, one for each copy that runs; none where they are not known


def outs(term: Term, shapes: Shapes) -> Shapes:
    """The shapes of a term's outputs."""
    return tuple(term.out_shape(shape) for shape in shapes)


def inside(term: Composite, shapes: Shapes) -> list[tuple[Term, Shapes, Shapes]]:
    """The children of a module with the shapes of their inputs and outputs."""
    runs = [run for shape in shapes for run in term.runs(shape)]
    return [
        (child, tuple(before for j, _, before, _ in runs if j == i), tuple(after for j, _, _, after in runs if j == i))
        for i, child in enumerate(term.subterms)
    ]


@singledispatch
def picture(term: Term, shapes: Shapes) -> Picture:
    """The picture of a term that gets inputs of `shapes`.

    A kind with others inside that is not known here is a frame around them.
    """
    if not term.subterms:
        return module(term, shapes)
    children = inside(term, shapes) if isinstance(term, Composite) else [(child, (), ()) for child in term.subterms]
    drawn = [_seen(child, before) for child, before, _ in children]
    parts = [Part(each, name=str(i)) for i, each in enumerate(drawn)]
    body = drawn[0] if len(drawn) == 1 else side_by_side(parts, NOTHING, is_dashed=True)
    title = ", ".join([term.kind, *details(term)])
    return framed(body, "frame", title, _copies(term))


def _copies(term: Term) -> str:
    """How many times what is inside a module runs, where that is more than once and nothing open decides it."""
    copies = term.copies if isinstance(term, Compound) and not term.plan.names else 1
    return f"{TIMES}{copies}" if copies != 1 else ""


def _seen(term: Term, shapes: Shapes) -> Picture:
    """The picture of a term, also of one that does nothing."""
    drawn = picture(term, shapes)
    return module(term, shapes) if drawn.is_empty and isinstance(term, Identity) else drawn


@picture.register
def _(_: Identity, __: Shapes) -> Picture:
    return NOTHING


@picture.register
def _(_: Settings, __: Shapes) -> Picture:
    return NOTHING  # nothing flows through them; they are written at the top


@picture.register
def _(term: Sequential, shapes: Shapes) -> Picture:
    parts: list[Part] = []
    for child, group in groupby(inside(term, shapes), lambda each: each[0]):
        alike = list(group)
        if len(alike) == 1 or not child.plan.specified:
            parts += [Part(picture(child, before), told(after)) for _, before, after in alike]
        else:
            before = tuple(shape for _, shapes, _ in alike for shape in shapes)
            parts.append(Part(_repeated(picture(child, before), f"{TIMES}{len(alike)}"), told(alike[-1][2])))
    return column(parts)


def _repeated(body: Picture, times: str) -> Picture:
    return body if body.is_empty or times == f"{TIMES}1" else framed(body, "frame", times=times)


@picture.register
def _(term: RepeatTied, shapes: Shapes) -> Picture:
    ((body, before, _),) = inside(term, shapes)
    held: Slot = term.count
    is_open = isinstance(held, Expression) or (isinstance(held, Domain) and held.size != 1)
    alike = " alike" if is_open else ""
    return _repeated(picture(body, before), f"{TIMES}{entry(held)}{alike}")


@picture.register
def _(term: Repeat, _: Shapes) -> Picture:
    return _repeated(picture(term.body, ()), f"{TIMES}{entry(term.count)}")


@picture.register
def _(term: Residual, shapes: Shapes) -> Picture:
    ((body, before, after),) = inside(term, shapes)
    return around(picture(body, before), told(after), "" if before == after else "zero-padded")


@picture.register
def _(term: Branches, shapes: Shapes) -> Picture:
    if not term.children:
        return NOTHING
    children = inside(term, shapes)
    parts = [Part(picture(child, before), told(after)) for child, before, after in children]
    merging = entry(term.merging)
    return side_by_side(parts, circle("+" if merging == "add" else merging))


@picture.register
def _(term: Either, _: Shapes) -> Picture:
    options = list(zip(term.labels, term.terms, strict=True))
    some = [option for _, option in options if not isinstance(option, Identity)]
    if len(some) == 1 and len(options) == 2:
        return framed(picture(some[0], ()), "choice", "optional", is_dashed=True)
    parts = [Part(_seen(option, ()), name=label) for label, option in options]
    return framed(side_by_side(parts, NOTHING, is_dashed=True), "choice", "one of", is_dashed=True)


@picture.register
def _(term: Topology, shapes: Shapes) -> Picture:
    edges: list[tuple[Picture, str, bool]] = []
    for child, before, after in inside(term, shapes):
        drawn = framed(picture(child, before), "frame") if _holds_nodes(child) else _seen(child, before)
        edges.append((drawn, "" if before == after else told(after), isinstance(child, Zero)))
    return graph(term.edges, edges)


def _holds_nodes(term: Term) -> bool:
    """Whether nodes are drawn for a term, which among those of another one need a frame to be told apart."""
    return isinstance(term, Topology | Cell) or any(map(_holds_nodes, term.subterms))


@picture.register
def _(term: Cell, _: Shapes) -> Picture:
    options = [Text("one of", "small"), *(Text(line, "detail") for line in wrapped(list(term.labels)))]
    chosen = [
        box(tuple(options) if isinstance(held, Domain | Expression) else (Text(str(held), "detail"),), "plain")
        for _, held in term.ops
    ]
    return graph(term.edges, [(each, "", False) for each in chosen])


@picture.register
def _(term: Nasbench201Network, shapes: Shapes) -> Picture:
    if not shapes:
        return framed(picture(term.cell, ()), "frame", f"{term.kind}: the cell", f"{TIMES}{STAGES * term.cells}")
    (channels, *_), stages = shapes[0], term.stages(shapes[0])
    stem = size(term.channels * (9 * channels + 2))
    parts = [
        Part(
            _written("convolution", f"conv2d 3{TIMES}3, batch_norm", f"{term.channels} filters", stem), told(stages[:1])
        )
    ]
    for i, shape in enumerate(stages):
        if i:
            parts.append(Part(_reduction(stages[i - 1][0], shape[0]), told((shape,))))
        again = _written("own", "the same cell", size(term.cell.parameters(shape)))
        cell = picture(term.cell, (shape,)) if i == 0 else again
        parts.append(Part(_repeated(cell, f"{TIMES}{term.cells}") if term.cells else NOTHING, told((shape,))))
    last = stages[-1]
    parts.append(Part(_written("norm", "batch_norm, relu", size(2 * last[0])), told((last,))))
    parts.append(Part(_written("pool", "global_avg_pool"), told((last[:1],))))
    parts.append(Part(_written("affine", "affine", f"{term.classes} units", size((last[0] + 1) * term.classes))))
    return column(parts)


def _reduction(narrow: int, wide: int) -> Picture:
    count = wide * (9 * narrow + 2) + wide * (9 * wide + 2) + wide * narrow
    return _written("convolution", "residual block", f"{wide} filters, stride 2", size(count))


def _written(style: str, title: str, *more: str | Text) -> Picture:
    return box(
        (Text(title, "title"), *(Text(line, "detail") if isinstance(line, str) else line for line in more)), style
    )


def settings_of(term: Term) -> Sequence[str]:
    """The training settings in a term, as they are written."""
    own = [setting(name, held) for name, held in term.entries] if isinstance(term, Settings) else []
    return [*own, *(each for child in term.subterms for each in settings_of(child))]
