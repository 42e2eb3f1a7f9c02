"""Leaves that were not seen: drawn until one is new, or from what remains of a space, worked out exactly."""

from collections.abc import Collection, Iterable, Mapping
from typing import final

from attrs import frozen

from archwright.core.domain import Domain
from archwright.core.node import Node
from archwright.core.traversal import sample
from archwright.core.value import Path, Value
from archwright.search.randomness import UniformStream

# Leaves that are drawn for one that is new, before what remains is worked out, which after 1,000 leaves takes about as
# long as so many draws (measured in three spaces: half as long, as long, and four times as long).
MAX_DRAWS = 256


def sample_unseen(root: Node, seen: Collection[Path], uniform: UniformStream) -> Node | None:
    """A random leaf whose path is none of `seen`; None if there is none.

    It comes with the probability that drawing until one is new gives it. Consumes one number for each choice of each
    leaf that is drawn.
    """
    for _ in range(MAX_DRAWS):
        leaf = sample(root, uniform)
        if leaf.path not in seen:
            return leaf
    return sample_remaining(root, seen, uniform)


@final
@frozen
class Remaining:
    """What remains below a node: the probability that a uniform walk from there ends in a leaf that was not seen.

    It is 0 only if nothing remains: probabilities of what remains are added up, never taken from 1.
    """

    probability: float
    children: "Mapping[Value, Remaining]"  # by choice; of one that no seen path has made, everything remains


EVERYTHING_REMAINS = Remaining(1.0, {})


def sample_remaining(node: Node, seen: Iterable[Path], uniform: UniformStream) -> Node | None:
    """A leaf below `node` whose path is none of `seen`; None if there is none.

    A leaf comes with the probability that a uniform walk has of ending there if it does not end in one of `seen`:
    exactly what drawing until one is new would give. Consumes one number for each choice. Takes as long as a walk
    through all of `seen`.
    """
    depth = len(node.path)
    remaining = _find_remaining(node, [path[depth:] for path in seen])
    if remaining.probability == 0:
        return None
    while node.domain is not None and remaining is not EVERYTHING_REMAINS:
        value = _sample_value(node.domain, remaining, uniform())
        node, remaining = node.choose(value), remaining.children.get(value, EVERYTHING_REMAINS)
    return sample(node, uniform)


def _find_remaining(node: Node, seen: list[Path]) -> Remaining:
    """What remains below a node after some paths, which begin at the node."""
    domain = node.domain
    if not seen:
        return EVERYTHING_REMAINS
    if domain is None:
        return Remaining(0.0, {})
    seen_by_value = dict[Value, list[Path]]()
    for path in seen:
        seen_by_value.setdefault(path[0][1], []).append(path[1:])
    if domain.size is None:
        return EVERYTHING_REMAINS  # finitely many of the reals have a probability of 0
    children = {value: _find_remaining(node.choose(value), below) for value, below in seen_by_value.items()}
    return Remaining(sum(_compute_weight(domain, value, children) for value in domain), children)


def _compute_weight(domain: Domain, value: Value, children: Mapping[Value, Remaining]) -> float:
    """The probability that a uniform walk takes `value` and ends in a leaf that was not seen."""
    return domain.probability(value) * children.get(value, EVERYTHING_REMAINS).probability


def _sample_value(domain: Domain, remaining: Remaining, u: float) -> Value:
    """The value that `u` in [0, 1) picks, each as likely as there is something that remains below it."""
    rest, last = u * remaining.probability, None
    for value in domain:
        weight = _compute_weight(domain, value, remaining.children)
        if weight > 0:
            rest, last = rest - weight, value
            if rest < 0:
                break
    assert last is not None
    return last
