"""Graphs and places that come again in a term: drawn once, and a box with their name from then on."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import final

from attrs import frozen

from archwright.core.modules.composite import Wired
from archwright.core.modules.graphs import Topology
from archwright.core.modules.nonterminal import NonterminalBinder
from archwright.core.modules.places import BoundPlace, Let
from archwright.core.names import drop_names
from archwright.core.shape import Shape
from archwright.core.term import Basic, Term

MIN_EDGES = 3  # of a graph that is drawn once; a smaller one is no larger than the box in its place


@final
@frozen
class DrawnBefore(Basic):
    """Stands in a drawing for a term that is in it already."""

    is_kind = False
    field_roles = ()
    subterm_fields = ()
    original: Term
    title: str  # what is drawn in its place

    @property
    def kind(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]  (the class itself is of no kind)
        """The title."""
        return self.title

    def out_shape(self, in_shape: Shape) -> Shape:
        """That of the term."""
        return self.original.out_shape(in_shape)

    def parameters(self, in_shape: Shape) -> int:
        """Those of the term."""
        return self.original.parameters(in_shape)


def fold_repeated(term: Term) -> Term:
    """`term` with its lets expanded, in which a graph or a place that came before is a DrawnBefore.

    Equal modules in a row stay equal.
    """
    return fold_graphs(_expand_lets(term))


def fold_graphs(term: Term) -> Term:
    """`term`, in which a graph that came before is a DrawnBefore, unless it is within a graph; so is a bound place."""
    graphs: list[Term] = []  # compared, and not hashed: modules of unknown kinds may hold anything
    for graph in map(drop_names, filter(is_graph, _iterate_terms(term))):
        if graph not in graphs:
            graphs.append(graph)
    return _fold(term, graphs, [])


def _expand_lets(term: Term) -> Term:
    if isinstance(term, Let):
        return _expand_lets(term.with_children((term.expand(),)))
    if isinstance(term, BoundPlace | NonterminalBinder) or not term.subterms:
        return term
    return term.with_subterms(tuple(map(_expand_lets, term.subterms)))


def is_graph(term: Term) -> bool:
    """Whether a term is one that is drawn once: of nested ones, those inside."""
    is_whole = isinstance(term, Topology) or (isinstance(term, Wired) and not any(map(is_graph, _iterate_inside(term))))
    return is_whole and len(term.subterms) >= MIN_EDGES


def _iterate_terms(term: Term) -> Iterator[Term]:
    yield term
    yield from _iterate_inside(term)


def _iterate_inside(term: Term) -> Iterator[Term]:
    for subterm in term.subterms if not isinstance(term, NonterminalBinder) else ():
        yield from _iterate_terms(subterm)


def _fold(term: Term, graphs: Sequence[Term], drawn: list[Term]) -> Term:
    if isinstance(term, BoundPlace) or is_graph(term):
        unnamed = drop_names(term)
        if unnamed in drawn:
            return DrawnBefore(term, _name(unnamed, graphs), name=term.given_name)
        drawn.append(unnamed)
    if isinstance(term, BoundPlace | Topology | NonterminalBinder) or not term.subterms:
        return term
    if isinstance(term, Wired):  # whose modules are no row
        return term.with_subterms(tuple(_fold(child, graphs, drawn) for child in term.subterms))
    return term.with_subterms(tuple(_fold_in_order(term.subterms, graphs, drawn)))


def _name(term: Term, graphs: Sequence[Term]) -> str:
    if isinstance(term, BoundPlace):
        return f"the same {term.binding.name}"
    return "the same cell" if len(graphs) == 1 else f"cell {1 + graphs.index(term)} again"


def _fold_in_order(terms: Iterable[Term], graphs: Sequence[Term], drawn: list[Term]) -> Iterator[Term]:
    for _, run in groupby(terms):
        copies = list(run)
        yield from [_fold(copies[0], graphs, drawn)] * len(copies)
