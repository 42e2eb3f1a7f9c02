"""The order of searchers in figures, and their colours: as they are called, not as they were logged."""

import re
from collections.abc import Iterable, Mapping

from archwright.search.named import SEARCHERS

CYCLE_COLOURS = 10  # in matplotlib's cycle


def get_sort_key(label: str) -> tuple[int, str]:
    """Where a searcher comes: in the order of the built-in ones, and by its settings among those of its name."""
    return _find_searcher_index(label), label


def assign_colours(labels: Iterable[str]) -> Mapping[str, str]:
    """The colour of each searcher: that of its name, or, where another one has it already, one that is left.

    So a searcher has the same colour in all figures that show no other one of its name. Names beyond the last colour
    begin anew with the first.
    """
    ordered = sorted(labels, key=get_sort_key)
    numbers: dict[str, int] = {}
    for label in ordered:
        number = _find_searcher_index(label) % CYCLE_COLOURS
        if number not in numbers.values():
            numbers[label] = number
    free = [number for number in range(CYCLE_COLOURS) if number not in numbers.values()] or list(range(CYCLE_COLOURS))
    others = [label for label in ordered if label not in numbers]
    numbers |= {label: free[i % len(free)] for i, label in enumerate(others)}
    return {label: f"C{number}" for label, number in numbers.items()}


def _find_searcher_index(label: str) -> int:
    """The index of the searcher's name among the built-in ones; that after theirs if it is none of them."""
    name, names = re.split(r"[, ]", label, maxsplit=1)[0], list(SEARCHERS)
    return names.index(name) if name in names else len(names)
