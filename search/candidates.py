"""Leaves near others, for a model to choose from."""

from collections.abc import Callable

from archwright.core.domain import Domain, Integers, Reals, Value
from archwright.core.mutation import Step, with_changes
from archwright.core.node import Node, Path

MORE = 0.5  # the probability of one more change, again and again
NEAR = 0.5  # the probability that a number changes to one nearby rather than to any
FARTHEST, NEAREST = 0.5, 0.005  # reach of a change to a number nearby, of the whole domain


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
    return with_changes(of, changes, uniform)


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
