"""Where everything goes: one small function for each kind of module that has others inside."""

from collections.abc import Sequence
from functools import singledispatch
from itertools import groupby

from archwright.core.basic import Identity, Settings, Zero
from archwright.core.cell import Cell, Topology
from archwright.core.composite import Branches, RepeatTied, Residual, Sequential
from archwright.core.domain import Domain
from archwright.core.expression import Expression
from archwright.core.nasbench201 import STAGES, Nasbench201Network
from archwright.core.picture.arrange import Part, around, column, framed, side_by_side
from archwright.core.picture.captions import TIMES, details, entry, module, setting, size, told, wrapped
from archwright.core.picture.graph import graph
from archwright.core.picture.marks import NOTHING, Picture, Text, box, circle
from archwright.core.rewriting import Either, Repeat
from archwright.core.term import Composite, Compound, Entry, Shape, Term

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
        if len(alike) == 1 or not child.plan.closed:
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
    held: Entry = term.count
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
