"""The modules of an architecture as strings: each, each pair in a row, and each route through a graph."""

from collections.abc import Sequence
from functools import cache
from itertools import chain, pairwise
from typing import cast

from archwright.core.basic import Activation, Identity, Settings, Zero
from archwright.core.cell import Topology
from archwright.core.composite import Branches, RepeatTied, Residual, Sequential
from archwright.core.nasbench201 import Nasbench201Network
from archwright.core.term import Basic, Term

# Of the ways from the input of a graph to one of its nodes, so many are looked at. A choice: all of them in any graph
# of up to 8 nodes (2^6 if each is joined to each), which is more than the cells of NAS-Bench-101 (7) and 201 (4) have;
# in a larger one, some routes are left out before the strings of a leaf become thousands.
ROUTES = 64

CHAINS = frozenset({Sequential, RepeatTied, Nasbench201Network})  # kinds whose children follow each other

Word = tuple[str, ...]  # the modules that data meets on its way


def structure(architecture: Term) -> list[str]:
    """The strings, each as often as what it names comes.

    Identities vanish and zeros block their route, so that graphs that compute the same have much in common. Within a
    graph, only routes count. Copies of a tied module count once: their number is a choice of its own. How a person's
    own kind connects its children nobody knows: it is one module, and what is in a row within a child is so for sure.
    """
    found = list[str]()
    word = _word(architecture, found) or ()
    found += word
    found += (f"{a} > {b}" for a, b in pairwise(word))
    return found


def _word(term: Term, found: list[str]) -> Word | None:
    """What data meets on its way through a term, None if it does not come through.

    A graph is one module of the word; the routes through it are added to `found`.
    """
    kind = type(term)
    if kind is Identity or kind is Settings:
        return ()
    if kind is Zero:
        return None
    if _basic(kind):
        memo = term.plan.memo  # leaves of one space share their basic modules
        if _word not in memo:
            memo[_word] = (_text(term),)
        return memo[_word]
    words = [_word(each, found) for each in term.subterms]
    if kind is Topology:
        routes = _routes(cast(Topology, term).edges, words)
    elif kind is Branches:
        routes = [word for word in words if word is not None]
    elif kind is Residual:
        routes = [(), *(word for word in words if word is not None)]
    elif kind in CHAINS:
        return None if None in words else tuple(chain.from_iterable(cast(list[Word], words)))
    else:
        named = ((term.segment(i), word) for i, word in enumerate(words) if word is not None)
        found += (f"{segment}: {' > '.join(word)}" for segment, word in named)
        return (_text(term),)
    found += (f"{term.kind}: {' > '.join(route)}" for route in routes)
    return (term.kind,) if routes else None


@cache
def _basic(kind: type[Term]) -> bool:
    return issubclass(kind, Basic)  # asked once a kind: for abstract classes it is slow


def _routes(edges: Sequence[tuple[int, int]], words: Sequence[Word | None]) -> list[Word]:
    """What data meets on each way from the first node to the last."""
    ways: dict[int, list[Word]] = {0: [()]}
    for (source, target), word in zip(edges, words, strict=True):
        if word is not None:
            into = ways.setdefault(target, [])
            into += [way + word for way in ways.get(source, [])[: ROUTES - len(into)]]
    return ways.get(edges[-1][1], [])


def _text(term: Term) -> str:
    """The module with its values, without those that are floats: hardly any two of them are equal."""
    if isinstance(term, Activation):
        return term.label
    held = ",".join(f"{name}={value}" for name, value in term.hyperparameters if isinstance(value, int | str))
    return f"{term.kind}({held})" if held else term.kind
