"""Leaves near others, for a model to choose from."""

from collections.abc import Callable, Mapping
from typing import final

from attrs import frozen

from archwright.core.domain import Domain, Integers, Reals, Value
from archwright.core.node import Node, Path

MORE = 0.5  # the probability of one more change, again and again
NEAR = 0.5  # the probability that a number changes to one nearby rather than to any
FARTHEST, NEAREST = 0.5, 0.005  # reach of a change to a number nearby, of the whole domain


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


def variant(of: tuple[Step, ...], uniform: Callable[[], float]) -> tuple[Node, Path]:
    """A leaf, and its path, in which one or more choices have other values, and what does not fit any more is drawn.

    Of its one or more choices, as many change as a fair coin says. Consumes a number for each coin, one for each change
    and one or more for its value, and one for each choice that is drawn.
    """
    changes = dict[int, Value]()
    while not changes or (len(changes) < len(of) and uniform() < MORE):
        i = int(uniform() * len(of))
        domain = of[i].node.domain
        assert domain is not None
        changes[i] = another(domain, of[i].value, uniform)
    first = min(changes)
    wanted = {step.name: changes.get(i, step.value) for i, step in enumerate(of)}
    path = [(step.name, step.value) for step in of[:first]]
    return _completed(of[first].node, path, wanted, uniform)


def _completed(
    node: Node, path: list[tuple[str, Value]], wanted: Mapping[str, Value], uniform: Callable[[], float]
) -> tuple[Node, Path]:
    """The leaf below `node` with the values that are wanted, where they fit, and its path."""
    while (choice := node.choice) is not None:
        value = wanted.get(choice.name)
        if value is None or value not in choice.domain:
            value = choice.domain.sample(uniform())
        node = node.choose(value)
        path.append((choice.name, value))
    return node, tuple(path)


def another(domain: Domain, value: Value, uniform: Callable[[], float]) -> Value:
    """Another value of a domain that has more than one: of numbers, half of the time one nearby."""
    near = isinstance(domain, Reals | Integers) and uniform() < NEAR
    other = value
    while other == value:
        if near:
            reach = FARTHEST * (NEAREST / FARTHEST) ** uniform()
            other = domain.from_unit(min(1.0, max(0.0, domain.to_unit(value) + reach * (2 * uniform() - 1))))
        else:
            other = domain.sample(uniform())
    return other
