"""The features of an architecture: what surrogates see of it, by name, and as matrices."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import chain, pairwise, repeat
from sys import intern
from typing import final

import numpy as np
from attrs import frozen

from archwright.core.flow import find_wiring
from archwright.core.modules.basic import Activation, Identity, Select, Settings, Zero
from archwright.core.modules.composite import Branches
from archwright.core.modules.graphs import Topology
from archwright.core.modules.places import Binding, BoundPlace, Let
from archwright.core.modules.selection import narrow_wiring
from archwright.core.node import Node
from archwright.core.term import Basic, Composite, Compound, Term
from archwright.core.term_cache import cache_on_term
from archwright.core.value import Path
from archwright.core.wiring import TUPLE, Joint, Wiring
from archwright.search.magnitude import FloatArray

NamedFeatures = Mapping[str, float]  # by name, its value or how often it comes; never changed once it is made

# Of the routes from the input of a graph to one of its nodes, so many are looked at. A choice: all of them in any graph
# of up to 8 nodes (2^6 if each is joined to each), which is more than the cells of NAS-Bench-101 (7) and 201 (4) have;
# in a larger one, some routes are left out before the strings of a leaf become thousands.
MAX_ROUTES = 64
MAX_NGRAM_LENGTH = 4  # DeepArchitect's released loops give n = 1 to 4
GRAPH_KINDS = frozenset({Branches, Topology})  # modules of the route also where they are but a chain
SELECT = f"{Select.kind}("  # how a select begins in a route


@final
@frozen
class LeafFeatures:
    """What tells a leaf from another."""

    options: NamedFeatures  # `name=value` of each choice that is no number, once each
    numbers: NamedFeatures  # the position of each choice that is one, in [0, 1], in the domain that was offered
    structure: NamedFeatures  # how often each module, pair of modules and route comes


def extract_leaf_features(leaf: Node, path: Path) -> LeafFeatures:
    """The features of a leaf; `path` is its path, which whoever drew it has made already."""
    options, numbers = dict[str, float](), dict[str, float]()
    node = leaf.parent
    for name, value in reversed(path):
        kind = type(value)  # values are plain, and isinstance with several types takes half as long as all the rest
        if kind is str or kind is bool:
            options[intern(f"{name}={value}")] = 1.0
        else:
            numbers[intern(name)] = node.domain.place_value(value)  # pyright: ignore[reportOptionalMemberAccess]
        node = node.parent  # pyright: ignore[reportOptionalMemberAccess]  (there is one for each choice)
    structure = chain.from_iterable(map(extract_structure, list_chosen_parts(leaf)))
    return LeafFeatures(options, numbers, count_names(structure))


def list_chosen_parts(leaf: Node) -> Sequence[Term]:
    """The parts of an architecture in which it may differ from others of its space, each once.

    Of a let that leaves nothing else open, these are the terms that were chosen; of any other space, all of it.
    """
    bindings = _list_open_bindings(leaf.origin.space)
    if not bindings:
        return [leaf.architecture]
    chosen = map(leaf.environment.get, bindings)
    return [term.term for term in chosen if term is not None]


@cache_on_term
def _list_open_bindings(space: Term) -> Sequence[Binding]:
    """The bindings of a let that leaves nothing else open; none of any other space."""
    return space.bindings if isinstance(space, Let) and _is_closed(space.expand()) else ()


def _is_closed(skeleton: Term) -> bool:
    """Whether nothing is open in a term but what is chosen for places."""
    if skeleton.plan.is_specified or isinstance(skeleton, BoundPlace):
        return True
    return isinstance(skeleton, Composite) and not skeleton.plan.names and all(map(_is_closed, skeleton.subterms))


def extract_structure(architecture: Term) -> list[str]:
    """The modules as strings: each, each pair in a row, and each route through a graph, as often as it comes.

    Identities vanish and zeros block their route, so that graphs that compute the same have much in common. Within a
    graph, only routes count. Copies of a tied module count once: their number is a choice of its own. How a kind
    without a wiring connects its children nobody knows: it is one module, and what is in a row within a child is so for
    sure.
    """
    strings = list[str]()
    route = _trace_route(architecture, strings) or ()
    strings += route
    strings += [f"{a} > {b}" for a, b in pairwise(route)]
    return strings


Route = tuple[str, ...]  # the modules that data passes, in order


def _trace_route(term: Term, strings: list[str]) -> Route | None:
    """The modules that data passes on its way through a term, None if it does not come through.

    A graph is one module of the route; the routes within it are added to `strings`.
    """
    kind = type(term)
    if kind is Identity or kind is Settings:
        return ()
    if kind is Zero:
        return None
    if _is_basic(kind):
        return _trace_basic(term)
    child_routes = [_trace_route(child, strings) for child in term.subterms]
    wiring = find_wiring(term)  # pyright: ignore[reportArgumentType]  (to cast it takes time)
    if wiring is not None and wiring.is_chain and kind not in GRAPH_KINDS:
        return None if None in child_routes else tuple(chain.from_iterable(child_routes))  # pyright: ignore[reportArgumentType]
    if wiring is None:
        by_segment = [(term.segment(i), route) for i, route in enumerate(child_routes) if route is not None]
        strings += [f"{segment}: {' > '.join(route)}" for segment, route in by_segment]
        return (_describe_module(term),)
    routes = (
        _list_routes(wiring, term.subterms, child_routes) if child_routes else []
    )  # no branches at all are no route
    strings += [f"{term.kind}: {' > '.join(route)}" for route in routes]
    return (term.kind,) if routes else None


@cache_on_term
def _trace_basic(term: Term) -> Route:
    return (_describe_module(term),)  # leaves of one space share their basic modules


@cache
def _is_basic(kind: type[Term]) -> bool:
    return issubclass(kind, Basic)  # asked once a kind: for abstract classes it is slow


def _list_routes(wiring: Wiring, children: Sequence[Term], child_routes: Sequence[Route | None]) -> list[Route]:
    """The routes from the input of a composite to its output, of which each child has a part.

    Of outputs side by side, only those that a child selects are on its routes.
    """
    to_source: list[list[Route]] = [[()]]  # to the input, and to the output of each child
    for joint, child_route in zip(narrow_wiring(wiring, children).inputs, child_routes, strict=True):
        if child_route is None:
            to_source.append([])
            continue
        if joint.merge == TUPLE and child_route[:1] and child_route[0].startswith(SELECT):
            child_route = child_route[1:]  # the way to what it selects says more than its index
        to_source.append([route + child_route for route in _list_routes_to(joint, to_source)])
    return _list_routes_to(wiring.output, to_source)


def _list_routes_to(joint: Joint, to_source: Sequence[list[Route]]) -> list[Route]:
    if len(joint.sources) == 1:
        return to_source[joint.sources[0]]
    routes = list(chain.from_iterable([to_source[source] for source in joint.sources]))
    return routes[: max(MAX_ROUTES, len(joint.sources))]


def _describe_module(term: Term) -> str:
    """The module with its values, without those that are floats: hardly any two of them are equal."""
    if isinstance(term, Activation):
        return term.label
    values = ",".join(
        f"{name}={value}"
        for name, value in term.hyperparameters
        if isinstance(value, int | str) and not term.leaves_out(name)
    )
    return f"{term.kind}({values})" if values else term.kind


@final
@frozen
class NgramFeatures:
    """What DeepArchitect's surrogate sees of an architecture: its number of modules, and n-grams of their names."""

    modules: float
    ngrams: NamedFeatures


def extract_ngram_features(*parts: Term) -> NgramFeatures:
    """The number of modules and the counts of n-grams, n = 1 to 4, to the last; identities are no modules here."""
    names = [name for part in parts for name in list_module_names(part)]
    lengths = range(1, MAX_NGRAM_LENGTH + 1)
    ngrams = (" ".join(names[i : i + n]) for n in lengths for i in range(len(names) - n + 1))
    return NgramFeatures(float(len(names)), count_names(ngrams))


def list_module_names(architecture: Term) -> list[str]:
    """The labels of the basic modules in order, identities left out; a tied module as often as it runs."""
    if isinstance(architecture, Identity):
        return []
    if isinstance(architecture, Basic):
        return [architecture.label]
    assert isinstance(architecture, Compound)
    return [name for child in architecture.subterms for name in list_module_names(child)] * architecture.copies


def count_names(names: Iterable[str]) -> NamedFeatures:
    """How often each name comes."""
    counts = dict[str, float]()
    for name in names:
        counts[intern(name)] = counts.get(name, 0.0) + 1.0
    return counts


def build_vocabulary(rows: Iterable[NamedFeatures], min_total: float = 0.0) -> Mapping[str, int]:
    """A column for each name that adds up to `min_total` or more over the rows, in the order of first coming."""
    if min_total <= 0:
        return {name: column for column, name in enumerate(dict.fromkeys(chain.from_iterable(rows)))}
    totals = dict[str, float]()
    for row in rows:
        for name, value in row.items():
            totals[name] = totals.get(name, 0.0) + value
    return {name: column for column, name in enumerate(name for name, n in totals.items() if n >= min_total)}


def to_matrix(rows: Sequence[NamedFeatures], columns: Mapping[str, int], missing: float = 0.0) -> FloatArray:
    """[rows, columns]: the values; `missing` where a row has none. Names without a column are left out."""
    width, lengths = len(columns), [len(row) for row in rows]
    matrix = np.full((len(rows), width + 1), missing)  # the last column takes what is left out
    indices = np.fromiter(map(columns.get, chain.from_iterable(rows), repeat(width)), np.intp, sum(lengths))
    values = chain.from_iterable(row.values() for row in rows)
    matrix[np.repeat(np.arange(len(rows)), lengths), indices] = np.fromiter(values, np.float64, sum(lengths))
    return matrix[:, :width]
