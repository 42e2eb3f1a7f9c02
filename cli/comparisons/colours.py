"""The order of searchers in figures, and their colours: as they are called, not as they were logged."""

import re
from collections.abc import Iterable, Mapping

from archwright.search.searchers.named import SEARCHERS

CYCLE_COLOURS = 10  # of matplotlib's cycle


def get_sort_key(label: str) -> tuple[int, str]:
    """Where a searcher comes: in the order of the built-in ones, and by its settings among those of its name."""
    return _find_searcher_index(label), label


def assign_colours(labels: Iterable[str]) -> Mapping[str, str]:
    """The colour of each searcher: that of its name, or, where another one of its name comes first, one that is left.

    So a searcher has the same colour in all figures that show no other one of its name.
    """
    ordered = sorted(labels, key=get_sort_key)
    first: dict[int, str] = {}
    for label in ordered:
        first.setdefault(_find_searcher_index(label), label)
    taken = {label: number for number, label in first.items()}
    left = [number for number in range(CYCLE_COLOURS) if number not in first] or list(range(CYCLE_COLOURS))
    more = [label for label in ordered if label not in taken]
    taken |= {label: left[i % len(left)] for i, label in enumerate(more)}
    return {label: f"C{number}" for label, number in taken.items()}


def _find_searcher_index(label: str) -> int:
    """Of the searcher's name among the built-in ones; of one that is not among them, the number after theirs."""
    name, names = re.split(r"[, ]", label, maxsplit=1)[0], list(SEARCHERS)
    return names.index(name) if name in names else len(names)
