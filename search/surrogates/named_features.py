"""Features by name: how they are counted, and written as a matrix."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, repeat
from sys import intern

import numpy as np

from archwright.search.magnitude import FloatArray

NamedFeatures = Mapping[str, float]  # by name, its value or how often it comes; never changed once it is made


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
