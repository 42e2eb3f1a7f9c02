"""What a surrogate sees of a leaf: the choices of its path, and the modules of its architecture and how they connect.

Features are named by strings in an explicit vocabulary, which whoever compares several leaves makes of them: nothing is
hashed, so the same leaf has the same features in every process, and no two features share a column.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, repeat
from sys import intern

import numpy as np
import numpy.typing as npt
from attrs import frozen

from archwright.core.basic import Identity
from archwright.core.node import Node, Path
from archwright.core.term import Basic, Compound, Term
from archwright.search.surrogates.structure import structure

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
