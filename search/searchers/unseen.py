"""Leaves that were not seen: drawn until one is new, or from what is left of a space, worked out exactly."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import final

from attrs import frozen

from archwright.core.domain import Domain
from archwright.core.node import Node, Path
from archwright.core.traversal import sample
from archwright.core.value import Value

# Leaves that are drawn for one that is new, before what is left is worked out, which after 1,000 leaves takes about as
# long as so many draws (measured in three spaces: half as long, as long, and four times as long).
DRAWS = 256


def fresh(root: Node, seen: Collection[Path], uniform: Callable[[], float]) -> Node | None:
    """A random leaf whose path is none of `seen`; None if there is none.

    It comes with the probability that drawing until one is new gives it. Consumes one number for each choice of each
    leaf that is drawn.
    """
    for _ in range(DRAWS):
        leaf = sample(root, uniform)
        if leaf.path not in seen:
            return leaf
    return unseen(root, seen, uniform)


@final
@frozen
class Left:
    """What is left below a node: the probability that a uniform walk from there ends in a leaf that was not seen.

    It is 0 only if none is left: probabilities of what is there are added up, never taken from 1.
    """

    probability: float
    below: "Mapping[Value, Left]"  # by choice; a choice that no seen path has made is not there, and whole


WHOLE = Left(1.0, {})


def unseen(node: Node, paths: Iterable[Path], uniform: Callable[[], float]) -> Node | None:
    """A leaf below `node` whose path is none of `paths`; None if there is none.

    A leaf comes with the probability that a uniform walk has of ending there if it does not end in one of `paths`:
    exactly what drawing until one is new would give. Consumes one number for each choice. Takes as long as a walk
    through all of `paths`.
    """
    depth = len(node.path)
    left = _left(node, [path[depth:] for path in paths])
    if left.probability == 0:
        return None
    while node.domain is not None and left is not WHOLE:
        value = _drawn(node.domain, left, uniform())
        node, left = node.choose(value), left.below.get(value, WHOLE)
    return sample(node, uniform)


def _left(node: Node, rests: list[Path]) -> Left:
    """What is left below a node after paths of which these are the rests."""
    domain = node.domain
    if not rests:
        return WHOLE
    if domain is None:
        return Left(0.0, {})
    by_value = dict[Value, list[Path]]()
    for rest in rests:
        by_value.setdefault(rest[0][1], []).append(rest[1:])
    if domain.size is None:
        return WHOLE  # finitely many of the reals are nothing of them
    below = {value: _left(node.choose(value), some) for value, some in by_value.items()}
    return Left(sum(_weight(domain, value, below) for value in domain), below)


def _weight(domain: Domain, value: Value, below: Mapping[Value, Left]) -> float:
    return domain.probability(value) * below.get(value, WHOLE).probability


def _drawn(domain: Domain, left: Left, u: float) -> Value:
    """The value that `u` in [0, 1) picks, each as likely as there is something left below it."""
    rest, last = u * left.probability, None
    for value in domain:
        weight = _weight(domain, value, left.below)
        if weight > 0:
            rest, last = rest - weight, value
            if rest < 0:
                break
    assert last is not None
    return last
