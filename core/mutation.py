"""Small steps in a space: a leaf with one of its choices changed."""

from collections.abc import Callable, Iterator

from archwright.core.domain import Domain, Value
from archwright.core.node import Node, root


def with_change(leaf: Node, name: str, value: Value, uniform: Callable[[], float]) -> Node:
    """The leaf in which the choice `name` has `value`, others are as they were where that fits, and the rest is drawn.

    Consumes one number in [0, 1) for each choice that is drawn.
    """
    kept = {**dict(leaf.path), name: value}
    node = root(leaf.origin.space, leaf.origin.input_shape)
    while (choice := node.choice) is not None:
        wanted = kept.get(choice.name)
        fits = wanted is not None and wanted in choice.domain
        node = node.choose(wanted if fits else choice.domain.sample(uniform()))  # pyright: ignore[reportArgumentType]
    return node


def mutated(leaf: Node, uniform: Callable[[], float]) -> Node:
    """The leaf with one of its choices, each as likely as another, changed to another value drawn uniformly.

    Consumes one number for the choice, one or more for the value, and one for each choice that did not fit any more.
    """
    steps = list(_choices(leaf))
    if not steps:
        return leaf
    name, domain, old = steps[int(uniform() * len(steps))]
    value = domain.sample(uniform())
    while value == old:
        value = domain.sample(uniform())
    return with_change(leaf, name, value, uniform)


REAL_NEIGHBOURS = 4  # a domain without end, or of very many values, has this many neighbours of a value


def neighbours(leaf: Node) -> Iterator[tuple[str, Value]]:
    """Every change of one choice to another of its values; of large domains, values spread over the domain."""
    for name, domain, old in _choices(leaf):
        large = domain.size is None or domain.size > 64
        values = [domain.from_unit((i + 0.5) / REAL_NEIGHBOURS) for i in range(REAL_NEIGHBOURS)] if large else domain
        for value in values:
            if value != old:
                yield name, value


def _choices(leaf: Node) -> Iterator[tuple[str, Domain, Value]]:
    """The name, the domain and the value of each choice of a leaf's path."""
    node = root(leaf.origin.space, leaf.origin.input_shape)
    for name, value in leaf.path:
        assert node.domain is not None
        yield name, node.domain, value
        node = node.choose(value)
