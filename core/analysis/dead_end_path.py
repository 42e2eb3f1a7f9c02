"""Choices that lead to a dead end, found by choosing: of what a let or copies share, an analysis knows not which."""

from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import count

from archwright.core.hyperparameter import list_analyzed_values
from archwright.core.node import DeadEnd, Node
from archwright.core.value import Path, Value

MAX_TRIED_CHOICES = 5000  # for one dead end; a second at most


def find_dead_end_path(start: Node, place: str, guess: Path) -> Path | None:
    """The choices from `start` to the dead end at a place, as few of them as can be other than in a guess.

    Choices that are not guessed and make no difference are left out.
    A part in which nothing is open is named as a whole on the way. None if nothing that is tried leads there.
    """
    guessed, order = dict(guess), count()
    queue = [(0, 0, next(order), start, value) for value in _list_values(start, guessed)[:1]]
    queue += _list_others(start, guessed, 1, order)
    for _ in range(MAX_TRIED_CHOICES):
        if not queue:
            break
        others, turn, _, node, value = heappop(queue)
        assert node.choice is not None
        name = node.choice.name
        try:
            after = node.choose(value)
        except DeadEnd as error:
            if place == error.place or (not others and place.startswith(error.place.rpartition(".")[0])):
                return _leave_out((*node.path, (name, value)), start, error.place, guessed)
            continue
        for first in _list_values(after, guessed)[:1]:
            heappush(queue, (others, turn, next(order), after, first))
        for other in _list_others(after, guessed, others + 1, order):
            heappush(queue, other)
    return None


def _list_values(node: Node, guessed: dict[str, Value]) -> list[Value]:
    """The values of the open choice to try, first the one that is guessed; none at a leaf."""
    choice = node.choice
    if choice is None:
        return []
    values = list_analyzed_values(choice.domain)
    guess = guessed.get(choice.name, values[0])
    return [guess, *(value for value in values if value != guess)] if guess in choice.domain else values


def _list_others(
    node: Node, guessed: dict[str, Value], others: int, order: Iterator[int]
) -> list[tuple[int, int, int, Node, Value]]:
    """What to try later: values that are not guessed, each with its turn."""
    turns = ((next(order), value) for value in _list_values(node, guessed)[1:])
    return [(others, turn, turn, node, value) for turn, value in turns]


def _leave_out(path: Path, start: Node, place: str, guessed: dict[str, Value]) -> Path:
    """A path to a dead end without the choices that are not guessed and may have any other value."""
    chosen = dict(path)
    for name, value in path:
        if name not in guessed and _leads_with_any(start, chosen, place, name):
            path = tuple(choice for choice in path if choice != (name, value))
    return path


def _leads_with_any(start: Node, chosen: dict[str, Value], place: str, name: str) -> bool:
    """Whether any value of one of the choices leads to the dead end at a place."""
    node = start
    while node.choice is not None and node.choice.name != name:
        node = node.choose(chosen[node.choice.name])
    return all(_leads(node, {**chosen, name: value}, place) for value in _list_values(node, chosen))


def _leads(node: Node, chosen: dict[str, Value], place: str) -> bool:
    try:
        while (
            node.choice is not None
            and node.choice.name in chosen
            # With another value before it, a choice of the same name may be among other options.
            and chosen[node.choice.name] in node.choice.domain
        ):
            node = node.choose(chosen[node.choice.name])
    except DeadEnd as error:
        return error.place == place
    return False
