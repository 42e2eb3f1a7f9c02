"""The structure of an architecture as strings: its modules, pairs of them in a row, and routes through its graphs."""

from collections.abc import Sequence
from functools import cache
from itertools import chain, pairwise

from archwright.core.modules.asking import Ask
from archwright.core.modules.basic import Activation, Identity, Select, Settings, Zero
from archwright.core.modules.composite import Branches
from archwright.core.modules.graphs import Topology
from archwright.core.modules.selection import narrow_inputs
from archwright.core.term import Basic, Term
from archwright.core.term_cache import cache_on_term
from archwright.core.wired_shapes import find_wiring
from archwright.core.wiring import TUPLE, Joint, Wiring

Route = tuple[str, ...]  # the modules that data passes, in order

# Of the routes from the input of a graph to one of its nodes, so many are looked at. A choice: all of them in any graph
# of up to 8 nodes (2^6 if each is joined to each), which is more than the cells of NAS-Bench-101 (7) and 201 (4) have;
# in a larger one, some routes are left out before the strings of a leaf become thousands.
MAX_ROUTES = 64
GRAPH_KINDS = frozenset({Branches, Topology})  # modules of the route also where they are but a chain
SELECT = f"{Select.kind}("  # how a select begins in a route


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


def _trace_route(term: Term, strings: list[str]) -> Route | None:
    """The modules that data passes on its way through a term, None if it does not come through.

    A graph is one module of the route; the routes within it are added to `strings`.
    """
    kind = type(term)
    if kind is Identity or kind is Settings or kind is Ask:
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
    for joint, child_route in zip(narrow_inputs(wiring, children), child_routes, strict=True):
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
