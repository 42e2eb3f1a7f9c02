"""The modules of an architecture as strings: each, each pair in a row, and each route through a graph."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import chain, pairwise, repeat
from sys import intern
from typing import cast

import numpy as np
import numpy.typing as npt
from attrs import frozen

from archwright.core.facts import remember_on_term
from archwright.core.modules.basic import Activation, Identity, Settings, Zero
from archwright.core.modules.composite import Branches, RepeatTied, Residual, Sequential
from archwright.core.modules.graphs import Topology
from archwright.core.node import Node, Path
from archwright.core.spaces.nasbench201 import Nasbench201Network
from archwright.core.term import Basic, Compound, Term

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
        return _basic_word(term)
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


@remember_on_term
def _basic_word(term: Term) -> Word:
    return (_text(term),)  # leaves of one space share their basic modules


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


Matrix = npt.NDArray[np.float64]
Features = Mapping[str, float]  # by name, what it measures or how often it comes; never changed once it is made


@frozen
class Traits:
    """What tells a leaf from another."""

    options: Features  # `name=value` of each choice that is no number, once each
    numbers: Features  # the position of each choice that is one, in [0, 1], in the domain that was offered
    structure: Features  # how often each module, pair of modules and route comes


def traits(leaf: Node, path: Path) -> Traits:
    """The traits of a leaf; `path` is its path, which whoever drew it has made already."""
    options, numbers = dict[str, float](), dict[str, float]()
    node = leaf.parent
    for name, value in reversed(path):
        assert node is not None
        assert node.domain is not None
        kind = type(value)  # values are plain, and isinstance with several types takes half as long as all the rest
        if kind is str or kind is bool:
            options[intern(f"{name}={value}")] = 1.0
        else:
            numbers[intern(name)] = node.domain.to_unit(value)
        node = node.parent
    return Traits(options, numbers, counts(structure(leaf.architecture)))


def counts(names: Iterable[str]) -> Features:
    """How often each name comes."""
    found = dict[str, float]()
    for name in names:
        found[intern(name)] = found.get(name, 0.0) + 1.0
    return found


NGRAM = 4  # the longest n-gram: DeepArchitect's released loops give n = 1 to 4


@frozen
class Names:
    """What the paper's model sees of an architecture: how many modules it has, and n-grams of their names."""

    modules: float
    ngrams: Features


def names(architecture: Term) -> Names:
    """The number of modules and the counts of n-grams, n = 1 to 4, to the last; identities are no modules here."""
    found = module_names(architecture)
    grams = (" ".join(found[i : i + n]) for n in range(1, NGRAM + 1) for i in range(len(found) - n + 1))
    return Names(float(len(found)), counts(grams))


def module_names(architecture: Term) -> list[str]:
    """The labels of the basic modules in order, identities left out; a tied module as often as it runs."""
    if isinstance(architecture, Identity):
        return []
    if isinstance(architecture, Basic):
        return [architecture.label]
    assert isinstance(architecture, Compound)
    return [name for inside in architecture.subterms for name in module_names(inside)] * architecture.copies


def vocabulary(rows: Iterable[Features], least: float = 0.0) -> Mapping[str, int]:
    """A column for each name that adds up to `least` or more over the rows, in the order of first coming."""
    if least <= 0:
        return {name: column for column, name in enumerate(dict.fromkeys(chain.from_iterable(rows)))}
    totals = dict[str, float]()
    for row in rows:
        for name, value in row.items():
            totals[name] = totals.get(name, 0.0) + value
    return {name: column for column, name in enumerate(name for name, n in totals.items() if n >= least)}


def matrix(rows: Sequence[Features], columns: Mapping[str, int], absent: float = 0.0) -> Matrix:
    """[rows, columns]: the values; `absent` where a row has none. Names without a column are left out."""
    width, lengths = len(columns), [len(row) for row in rows]
    held = np.full((len(rows), width + 1), absent)  # the last column takes what is left out
    places = np.fromiter(map(columns.get, chain.from_iterable(rows), repeat(width)), np.intp, sum(lengths))
    values = chain.from_iterable(row.values() for row in rows)
    held[np.repeat(np.arange(len(rows)), lengths), places] = np.fromiter(values, np.float64, sum(lengths))
    return held[:, :width]
