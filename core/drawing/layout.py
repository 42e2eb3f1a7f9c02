"""Terms as pictures."""

from collections.abc import Sequence
from functools import singledispatch
from itertools import groupby

from archwright.core.domain import Domain
from archwright.core.drawing.captions import (
    TIMES_SIGN,
    add_name,
    draw_module,
    format_setting,
    format_shapes,
    format_slot,
    list_details,
    wrap_items,
)
from archwright.core.drawing.graph import EdgePicture, draw_graph, is_drawable, list_edges
from archwright.core.drawing.picture import (
    EMPTY,
    Part,
    Picture,
    Text,
    add_skip_connection,
    draw_box,
    draw_circle,
    frame,
    place_side_by_side,
    stack,
)
from archwright.core.expression import Expression
from archwright.core.hyperparameter import Slot
from archwright.core.modules.basic import Identity, Settings, Zero
from archwright.core.modules.choices import Either, Repeat
from archwright.core.modules.composite import Branches, RepeatTied, Residual, Sequential
from archwright.core.modules.graphs import Cell, Topology
from archwright.core.modules.nonterminal import NonterminalBinder
from archwright.core.modules.places import BoundPlace
from archwright.core.modules.selection import narrow_wiring
from archwright.core.shape import Shape
from archwright.core.term import Composite, Compound, Term, iterate_terms
from archwright.core.wired_shapes import find_wiring
from archwright.core.wiring import RESIDUAL, TUPLE, Wiring, fan_out

CopyShapes = tuple[Shape, ...]  # a shape for each copy of a module; none where shapes are not known


def compute_outputs(term: Term, shapes: CopyShapes) -> CopyShapes:
    """The output shapes of the copies of a term."""
    return tuple(term.out_shape(shape) for shape in shapes)


ConnectedChild = tuple[Term, CopyShapes, CopyShapes]  # a child with its input and output shapes


def list_children(term: Composite, shapes: CopyShapes) -> list[ConnectedChild]:
    """The children of a module with their input and output shapes."""
    runs = [run for shape in shapes for run in term.iterate_calls(shape)]
    return [
        (child, tuple(before for j, _, before, _ in runs if j == i), tuple(after for j, _, _, after in runs if j == i))
        for i, child in enumerate(term.subterms)
    ]


@singledispatch
def draw_term(term: Term, shapes: CopyShapes) -> Picture:
    """The picture of a term with inputs of `shapes`. By default, a kind with children is a frame around them."""
    if not term.subterms:
        return draw_module(term, shapes)
    return _frame_kind(term, _draw_unconnected([(child, ()) for child in term.subterms]))


@draw_term.register
def _(term: Composite, shapes: CopyShapes) -> Picture:
    if not term.subterms:
        return draw_module(term, shapes)
    children = list_children(term, shapes)
    wiring = None if term.plan.names else find_wiring(term)  # what is open may decide it
    if wiring is None or not is_drawable(wiring):
        return _frame_kind(term, _draw_unconnected([(child, before) for child, before, _ in children]))
    narrow = narrow_wiring(wiring, term.subterms)
    wiring = narrow if is_drawable(narrow) else wiring
    merges = dict.fromkeys(joint.merge for joint in wiring.joints if len(joint.sources) > 1)
    merges = [merge for merge in merges if merge not in ("add", TUPLE)]  # of a sum its nodes tell, of a tuple selects
    return _frame_kind(term, _draw_wiring(wiring, children), *merges)


def _draw_unconnected(children: Sequence[tuple[Term, CopyShapes]]) -> Picture:
    pictures = [_draw_visible(child, before) for child, before in children]
    parts = [Part(picture, in_label=str(i)) for i, picture in enumerate(pictures)]
    return pictures[0] if len(pictures) == 1 else place_side_by_side(parts, EMPTY, is_dashed=True)


def _frame_kind(term: Term, body: Picture, *details: str) -> Picture:
    own = list_details(term)
    title = ", ".join(
        [add_name(term, term.kind), *own, *(detail for detail in details if not any(detail in text for text in own))]
    )
    return frame(body, "frame", title, _format_copies(term))


def _frame_named(term: Term, picture: Picture) -> Picture:
    """The picture of a module that has no box of its own, in a frame with its name, if it has one."""
    return frame(picture, "frame", term.given_name) if term.given_name and not picture.is_empty else picture


def _draw_wiring(wiring: Wiring, children: Sequence[ConnectedChild]) -> Picture:
    """A chain as a stack, an input past a body as a wire around it, branches side by side, and all else as a graph."""
    if wiring.is_chain:
        return _draw_chain(children)
    if wiring == RESIDUAL:
        return _draw_residual(*children[0])
    if wiring == fan_out(len(children), wiring.output.merge):
        return _draw_branches(children, wiring.output.merge)
    edges = list_edges(wiring)
    pictures = [[EdgePicture(EMPTY) if i is None else _draw_edge(*children[i]) for i in on] for _, on in edges]
    return draw_graph([edge for edge, _ in edges], [_draw_parallel(alike) for alike in pictures])


def _draw_parallel(edges: Sequence[EdgePicture]) -> EdgePicture:
    """Several edges between the same two nodes as one."""
    if len(edges) == 1:
        return edges[0]
    return EdgePicture(place_side_by_side([Part(edge.picture, edge.label) for edge in edges], EMPTY))


def _format_copies(term: Term) -> str:
    """The number of times that a module runs its children, if it is more than one and not open; else empty."""
    copies = term.copies if isinstance(term, Compound) and not term.plan.names else 1
    return f"{TIMES_SIGN}{copies}" if copies != 1 else ""


def _draw_visible(term: Term, shapes: CopyShapes) -> Picture:
    """The picture of a term; an identity, too, has a box."""
    return draw_module(term, shapes) if isinstance(term, Identity) else draw_term(term, shapes)


@draw_term.register
def _(_: Identity, __: CopyShapes) -> Picture:
    return EMPTY


@draw_term.register
def _(_: Settings, __: CopyShapes) -> Picture:
    return EMPTY  # settings are listed at the top of a diagram


@draw_term.register
def _(term: Sequential, shapes: CopyShapes) -> Picture:
    return _frame_named(term, _draw_chain(list_children(term, shapes)))


def _draw_chain(children: Sequence[ConnectedChild]) -> Picture:
    parts: list[Part] = []
    for child, group in groupby(children, lambda run: run[0]):
        runs = list(group)
        if len(runs) == 1 or not (child.plan.is_specified or isinstance(child, BoundPlace)):
            parts += [Part(draw_term(child, before), format_shapes(after)) for _, before, after in runs]
        else:
            before = tuple(shape for _, shapes, _ in runs for shape in shapes)
            parts.append(
                Part(_frame_copies(draw_term(child, before), f"{TIMES_SIGN}{len(runs)}"), format_shapes(runs[-1][2]))
            )
    return stack(parts)


def _frame_copies(body: Picture, copies: str) -> Picture:
    return body if body.is_empty or copies == f"{TIMES_SIGN}1" else frame(body, "frame", copies=copies)


@draw_term.register
def _(term: RepeatTied, shapes: CopyShapes) -> Picture:
    ((body, before, _),) = list_children(term, shapes)
    count: Slot = term.count
    is_open = isinstance(count, Expression) or (isinstance(count, Domain) and count.size != 1)
    alike = " alike" if is_open else ""
    copies = f"{TIMES_SIGN}{format_slot(count)}{alike}"
    return _frame_named(term, _frame_copies(draw_term(body, before), copies))


@draw_term.register
def _(term: Repeat, _: CopyShapes) -> Picture:
    return _frame_named(term, _frame_copies(draw_term(term.body, ()), f"{TIMES_SIGN}{format_slot(term.count)}"))


@draw_term.register
def _(term: Residual, shapes: CopyShapes) -> Picture:
    return _frame_named(term, _draw_residual(*list_children(term, shapes)[0]))


def _draw_residual(body: Term, before: CopyShapes, after: CopyShapes) -> Picture:
    return add_skip_connection(draw_term(body, before), format_shapes(after), "" if before == after else "zero-padded")


@draw_term.register
def _(term: Branches, shapes: CopyShapes) -> Picture:
    if not term.children:
        return EMPTY
    return _frame_named(term, _draw_branches(list_children(term, shapes), format_slot(term.merging)))


def _draw_branches(children: Sequence[ConnectedChild], merging: str) -> Picture:
    parts = [Part(draw_term(child, before), format_shapes(after)) for child, before, after in children]
    return place_side_by_side(parts, draw_circle("+" if merging == "add" else merging))


@draw_term.register
def _(term: Either, _: CopyShapes) -> Picture:
    options = list(zip(term.labels, term.terms, strict=True))
    others = [option for _, option in options if not isinstance(option, Identity)]
    if len(others) == 1 and len(options) == 2:
        return frame(draw_term(others[0], ()), "choice", add_name(term, "optional"), is_dashed=True)
    parts = [Part(_draw_visible(option, ()), in_label=label) for label, option in options]
    return frame(place_side_by_side(parts, EMPTY, is_dashed=True), "choice", add_name(term, "one of"), is_dashed=True)


@draw_term.register
def _(term: NonterminalBinder, _: CopyShapes) -> Picture:
    rules: list[Part] = []
    for symbol, productions in term.list_rules():
        parts = [Part(_draw_visible(p.term, ()), in_label=p.format()) for p in productions]
        body = place_side_by_side(parts, EMPTY, is_dashed=True)
        rules.append(Part(frame(body, "choice", symbol, is_dashed=True)))
    depth = f", depth {term.depth}" if term.depth else ""
    title = add_name(term, f"{term.kind} {term.start}{depth}")
    return frame(place_side_by_side(rules, EMPTY, is_dashed=True), "frame", title)


@draw_term.register
def _(term: Topology, shapes: CopyShapes) -> Picture:
    edges = [_draw_edge(*child) for child in list_children(term, shapes)]
    return _frame_graph(term, draw_graph(term.edges, edges))


def _frame_graph(term: Topology | Cell, graph: Picture) -> Picture:
    """A graph in a frame, if it has a name, or if its nodes do not just add what comes in."""
    merging: Slot = term.merging
    if merging == "add" and "merging" not in term.open_names:
        return _frame_named(term, graph)
    return frame(graph, "frame", add_name(term, format_setting("merging", merging)))


def _draw_edge(child: Term, before: CopyShapes, after: CopyShapes) -> EdgePicture:
    picture = frame(draw_term(child, before), "frame") if _has_nodes(child) else _draw_visible(child, before)
    return EdgePicture(picture, "" if before == after else format_shapes(after), isinstance(child, Zero))


def _has_nodes(term: Term) -> bool:
    """Whether the picture of a term has nodes, which need a frame among the nodes of another graph."""
    return isinstance(term, Topology | Cell) or any(map(_has_nodes, term.subterms))


@draw_term.register
def _(term: Cell, _: CopyShapes) -> Picture:
    options = [Text("one of", "small"), *(Text(line, "detail") for line in wrap_items(list(term.labels)))]
    boxes = [
        draw_box(tuple(options) if isinstance(slot, Domain | Expression) else (Text(str(slot), "detail"),), "plain")
        for _, slot in term.ops
    ]
    return _frame_graph(term, draw_graph(term.edges, list(map(EdgePicture, boxes))))


@draw_term.register
def _(term: BoundPlace, _: CopyShapes) -> Picture:
    return frame(draw_term(term.binding.term, ()), "frame", add_name(term, term.binding.name))


def list_settings(term: Term) -> Sequence[str]:
    """The training settings in a term, as text."""
    entries = (entry for each in iterate_terms(term) if isinstance(each, Settings) for entry in each.entries)
    return [format_setting(name, value) for name, value in entries]
