"""Small steps in a space: a leaf with some of its choices changed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import final

from attrs import frozen

from archwright.core.domain import Value
from archwright.core.node import Node, Path


@final
@frozen
class Step:
    """A choice of a leaf: the node that asked, and the answer."""

    node: Node
    name: str
    value: Value


def steps(leaf: Node) -> tuple[Step, ...]:
    """The choices of a leaf in order."""
    found, node = list[Step](), leaf
    for name, value in reversed(leaf.path):
        assert node.parent is not None
        node = node.parent
        found.append(Step(node, name, value))
    return tuple(reversed(found))


def with_changes(of: Sequence[Step], changes: Mapping[int, Value], uniform: Callable[[], float]) -> tuple[Node, Path]:
    """The leaf, and its path, in which the choices that are numbered have other values.

    Others are as they were where that fits, and the rest is drawn. Consumes one number in [0, 1) for each choice that
    is drawn. What comes before the first change is not walked again.
    """
    first = min(changes)
    wanted = {step.name: changes.get(i, step.value) for i, step in enumerate(of)}
    node, path = of[first].node, [(step.name, step.value) for step in of[:first]]
    while (choice := node.choice) is not None:
        value = wanted.get(choice.name)
        if value is None or value not in choice.domain:
            value = choice.domain.sample(uniform())
        node = node.choose(value)
        path.append((choice.name, value))
    return node, tuple(path)


def mutated(leaf: Node, uniform: Callable[[], float]) -> Node:
    """The leaf with one of its choices, each as likely as another, changed to another value.

    Of a space of one leaf, that leaf. Consumes one number for the choice, one or more for the value, which is drawn
    uniformly, and one for each choice that did not fit any more.
    """
    of = steps(leaf)
    if not of:
        return leaf
    i = int(uniform() * len(of))
    domain = of[i].node.domain
    assert domain is not None
    value = domain.sample(uniform())
    while value == of[i].value:
        value = domain.sample(uniform())
    return with_changes(of, {i: value}, uniform)[0]


REAL_NEIGHBOURS = 4  # a domain without end, or of very many values, has this many neighbours of a value


def neighbours(of: Sequence[Step]) -> Iterator[tuple[int, Value]]:
    """Every change of one choice, by its number, to another value; of large domains, values spread over the domain."""
    for i, step in enumerate(of):
        domain = step.node.domain
        assert domain is not None
        large = domain.size is None or domain.size > 64
        values = [domain.from_unit((k + 0.5) / REAL_NEIGHBOURS) for k in range(REAL_NEIGHBOURS)] if large else domain
        for value in values:
            if value != step.value:
                yield i, value
