"""Small steps in a space: a leaf with some of its choices changed, and which changes are small."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import final

from attrs import frozen

from archwright.core.domain import Domain, Values
from archwright.core.node import Node, Path
from archwright.core.ranges import Integers, Reals
from archwright.core.value import Value

SMALL = 64  # values: the others of so few are all neighbours; more would not all be tried in a usual run
# How far the neighbours of a number are from it, in unit positions. A choice, measured with local search on three
# smooth functions of three or four numbers (mean of 40 seeds): with 1/256 as well, improvements are tiny to begin with,
# and the regret after 100 trials is 3 to 5 times as large; without 1/64, that after 200 trials 3 to 11 times.
DISTANCES = (1 / 4, 1 / 16, 1 / 64)
# The probability that a number is mutated to one nearby rather than to any. A choice: on the same functions, the regret
# of evolution after 200 trials is 0.2 to 0.7 of what it is with 0.
NEAR = 0.5


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
    first, wanted = min(changes), {step.name: step.value for step in of}
    wanted.update((of[i].name, value) for i, value in changes.items())
    node, path = of[first].node, [(step.name, step.value) for step in of[:first]]
    while (choice := node.choice) is not None:
        name, domain = choice.name, choice.domain
        value = wanted.get(name)
        if value is None or value not in domain:
            value = domain.sample(uniform())
        node = node.choose(value)
        path.append((name, value))
    return node, tuple(path)


def mutated(of: Sequence[Step], uniform: Callable[[], float], more: float = 0.0) -> tuple[Node, Path]:
    """A leaf, and its path, in which one of one or more choices, each as likely as another, has another value.

    With the probability `more` one more of them has, again and again. What does not fit any more is drawn. Consumes
    a number for each change and what `another` does for its value, one for each coin if `more` is not 0, and one for
    each choice that is drawn.
    """
    changes = dict[int, Value]()
    while not changes or (len(changes) < len(of) and more > 0 and uniform() < more):
        i = int(uniform() * len(of))
        changes[i] = another(_domain(of[i]), of[i].value, uniform)
    return with_changes(of, changes, uniform)


def another(domain: Domain, value: Value, uniform: Callable[[], float]) -> Value:
    """Another value of a domain that has more than one: any, or of numbers, half of the time one nearby.

    Until it is another one, consumes a number for any; of numbers, a coin before it, and two for one nearby: it is as
    far as a neighbour may be, near and far ones as likely, on either side.
    """
    other = value
    while other == value:
        if _are_numbers(domain) and uniform() < NEAR:
            distance = DISTANCES[0] * (DISTANCES[-1] / DISTANCES[0]) ** uniform()
            other = moved(domain, value, distance if uniform() < 0.5 else -distance)
        else:
            other = domain.sample(uniform())
    return other


def neighbours(of: Sequence[Step]) -> Iterator[tuple[int, Value]]:
    """Every change of one choice, by its number, to a neighbour of its value."""
    for i, step in enumerate(of):
        for value in near(_domain(step), step.value):
            yield i, value


def near(domain: Domain, value: Value) -> list[Value]:
    """The neighbours of a value: every other one; of more numbers than a few, those at some distances on either side.

    What is further than the end is at the end, unless that is nearly here: nearer than half of the least distance.
    To go to the first of them that is better is a pattern search (Hooke and Jeeves 1961) that tries several lengths of
    a step at once where that one shortens it.
    """
    many = domain.size is None or domain.size > SMALL
    if not (many and _are_numbers(domain)):
        return [other for other in domain if other != value]
    around = dict.fromkeys(moved(domain, value, sign * distance) for distance in DISTANCES for sign in (-1, 1))
    here = domain.to_unit(value)
    return [other for other in around if abs(domain.to_unit(other) - here) >= DISTANCES[-1] / 2]


def moved(domain: Domain, value: Value, by: float) -> Value:
    """The number that is `by` unit positions further: the next one at least, and no further than the end."""
    position = domain.to_unit(value)
    there = min(1.0, max(0.0, position + by))
    found = value if there == position else domain.from_unit(there)
    return _next(domain, value, 1 if by > 0 else -1) if found == value else found


def _next(domain: Domain, value: Value, direction: int) -> Value:
    """The number beside another; itself at the end, and among reals, where none is next."""
    match domain:
        case Integers():
            return min(domain.hi, max(domain.lo, int(value) + direction))
        case Values():
            order = domain.order
            return order[min(len(order) - 1, max(0, order.index(value) + direction))]
        case _:
            return value


def _are_numbers(domain: Domain) -> bool:
    """Whether values are alike that are near each other: in a range, or in an order of more than a few."""
    if isinstance(domain, Values):
        return domain.ordered and domain.size > SMALL
    return isinstance(domain, Reals | Integers)


def _domain(step: Step) -> Domain:
    assert step.node.domain is not None
    return step.node.domain
