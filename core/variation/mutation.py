"""Small changes of a leaf: it with some of its choices changed, and which changes are small."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import final

from attrs import evolve, frozen

from archwright.core.domain import Domain, Values
from archwright.core.errors import ArchwrightError
from archwright.core.node import Node
from archwright.core.ranges import Integers, Reals
from archwright.core.traversal import require_uniform
from archwright.core.value import Path, Value
from archwright.core.variation.derivation import DerivationNode, derivation, is_inside

# Values: in a domain of so few, all others are neighbours of one; more would not all be tried in a usual run.
MAX_FULL_NEIGHBOURHOOD = 64
# How far the neighbours of a number are from it, in unit positions. A choice, measured with local search on three
# smooth functions of three or four numbers (mean of 40 seeds): with 1/256 as well, improvements are tiny to begin with,
# and the regret after 100 trials is 3 to 5 times as large; without 1/64, that after 200 trials 3 to 11 times.
NEIGHBOUR_DISTANCES = (1 / 4, 1 / 16, 1 / 64)
# The probability that a number is mutated to one nearby rather than to any. A choice: on the same functions, the regret
# of evolution after 200 trials is 0.2 to 0.7 of what it is with 0.
NEARBY_PROBABILITY = 0.5
# Redraws of a module in a row that give what it was: more only where one value has nearly all of the weight.
MAX_REDRAWS = 100


class NothingToVary(ArchwrightError, LookupError):
    """A leaf that has no other, or leaves between which nothing can be exchanged, where a variation is asked for."""


@final
@frozen
class Decision:
    """A choice that was made on the way to a leaf: the node, the name of its hyperparameter, and the value chosen."""

    node: Node
    name: str
    value: Value

    @property
    def domain(self) -> Domain:
        """The values that were offered."""
        assert self.node.domain is not None
        return self.node.domain


def list_decisions(leaf: Node) -> tuple[Decision, ...]:
    """The choices of a leaf in order."""
    decisions, node = list[Decision](), leaf
    for name, value in reversed(leaf.path):
        assert node.parent is not None
        node = node.parent
        decisions.append(Decision(node, name, value))
    return tuple(reversed(decisions))


def change_values(
    decisions: Sequence[Decision], changes: Mapping[int, Value], uniform: Callable[[], float]
) -> tuple[Node, Path]:
    """The leaf, and its path, in which the decisions of the given indices have other values.

    Other choices are as they were where that fits, and the rest is drawn. Consumes one number in [0, 1) for each choice
    that is drawn. Nothing before the first change is chosen again.
    """
    first = min(changes)
    values = {decision.name: decision.value for decision in decisions[first:]}  # no earlier name comes again
    for i, value in changes.items():
        values[decisions[i].name] = value
    node, path = decisions[first].node, [(decision.name, decision.value) for decision in decisions[:first]]
    while (domain := node.domain) is not None:
        name = node.choice_name
        value = keep_or_draw(domain, values.get(name), uniform)
        node = node.choose(value)
        path.append((name, value))
    return node, tuple(path)


def mutate(decisions: Sequence[Decision], uniform: Callable[[], float], more: float = 0.0) -> tuple[Node, Path]:
    """A leaf, and its path, in which one or more decisions, each as likely as another, have another value.

    One is changed, and with the probability `more` one more, again and again. What does not fit any more is drawn.
    Consumes a number for each change and what `draw_other_value` does for its value, one for each coin if `more` is not
    0, and one for each choice that is drawn.
    """
    changes = dict[int, Value]()
    while not changes or (len(changes) < len(decisions) and more > 0 and uniform() < more):
        i = int(uniform() * len(decisions))
        changes[i] = draw_other_value(decisions[i].domain, decisions[i].value, uniform)
    return change_values(decisions, changes, uniform)


def mutated(leaf: Node, uniform: Callable[[], float], *, subtree: bool = False) -> Node:
    """Another leaf of the same space: one choice, each as likely as another, has another value.

    With `subtree`, one module that asked something, each as likely as another, is drawn anew with all that was chosen
    inside it, until that is not what it was (Schrodi et al. 2023). Either way, the other choices are as they were where
    that fits, and the rest is drawn.

    Consumes a number for the choice or the module and, for the choice, what `draw_other_value` does; then one for each
    choice that is drawn. A module that comes out as it was `MAX_REDRAWS` times has one of its choices changed. Raises
    NothingToVary for a leaf without choices, NotALeaf, and DeadEnd where what is drawn leads to one.
    """
    tree = derivation(leaf)
    require_uniform(uniform)
    if not tree.path:
        raise NothingToVary(f"{leaf!r} has no choices, so there is no other; mutate one of a space that asks something")
    if not subtree:
        return mutate(list_decisions(leaf), uniform)[0]
    module = tree.nodes[int(uniform() * len(tree.nodes))]
    for _ in range(MAX_REDRAWS):
        node = _redraw(module, uniform)
        if node.path != tree.path[: module.stop]:
            return complete_by_name(node, dict(tree.path), uniform)
    i = module.start + int(uniform() * (module.stop - module.start))
    decisions = list_decisions(leaf)
    value = draw_other_value(decisions[i].domain, decisions[i].value, uniform)
    return change_values(decisions, {i: value}, uniform)[0]


def complete_by_name(node: Node, values: Mapping[str, Value], uniform: Callable[[], float]) -> Node:
    """The leaf below `node` whose choices have these values by their names, where they fit; the rest is drawn.

    Consumes a number for each choice that is drawn.
    """
    while (choice := node.choice) is not None:
        node = node.choose(keep_or_draw(choice.domain, values.get(choice.name), uniform))
    return node


def keep_or_draw(domain: Domain, value: Value | None, uniform: Callable[[], float]) -> Value:
    """The value if it is one of the domain, or else one that is drawn, which consumes a number."""
    return domain.sample(uniform()) if value is None or value not in domain else value


def reopen(node: Node) -> Node:
    """A node with its whole domain, if it was narrowed."""
    assert node.request is not None
    return node if node.domain is node.request.domain else evolve(node, domain=node.request.domain)


def _redraw(module: DerivationNode, uniform: Callable[[], float]) -> Node:
    """The node after all choices inside a module are drawn anew."""
    node, outer = reopen(module.asked), module.asked.frame
    while node.domain is not None and is_inside(node.frame, outer):
        node = node.choose(node.domain.sample(uniform()))
    return node


def draw_other_value(domain: Domain, value: Value, uniform: Callable[[], float]) -> Value:
    """Another value of a domain that has more than one: any, or of numbers, half of the time one nearby.

    Draws are repeated until the value differs. Each consumes a number for any value; of numbers, a coin before it, and
    two for one nearby: its distance, at most that of a neighbour, with near and far ones as likely, and its side.
    Options that have weights are drawn without the value, which may be nearly all that is ever drawn.
    """
    others, other = _leave_out(domain, value), value
    while other == value:
        if _are_numbers(domain) and uniform() < NEARBY_PROBABILITY:
            distance = NEIGHBOUR_DISTANCES[0] * (NEIGHBOUR_DISTANCES[-1] / NEIGHBOUR_DISTANCES[0]) ** uniform()
            other = move_number(domain, value, distance if uniform() < 0.5 else -distance)
        else:
            other = others.sample(uniform())
    return other


def _leave_out(domain: Domain, value: Value) -> Domain:
    """The options of a weighted domain but one; any other domain as it is."""
    if isinstance(domain, Values) and domain.weights:
        return domain.restrict(option for option in domain if option != value)
    return domain


def list_neighbours(decisions: Sequence[Decision]) -> Iterator[tuple[int, Value]]:
    """Every change of one decision, by its index, to a neighbour of its value."""
    for i, decision in enumerate(decisions):
        for value in find_neighbours(decision.domain, decision.value):
            yield i, value


def find_neighbours(domain: Domain, value: Value) -> list[Value]:
    """The neighbours of a value: every other one; of more numbers than a few, those at some distances on either side.

    In place of a number beyond the end of the domain comes the end, unless it is nearer than half of the least
    distance. To go to the first neighbour that is better is a pattern search (Hooke and Jeeves 1961) that tries several
    step sizes at once, where that one shortens its step.
    """
    many = domain.size is None or domain.size > MAX_FULL_NEIGHBOURHOOD
    if not (many and _are_numbers(domain)):
        return [other for other in domain if other != value]
    domain = domain.plain
    distances = (sign * distance for distance in NEIGHBOUR_DISTANCES for sign in (-1, 1))
    others = dict.fromkeys(move_number(domain, value, distance) for distance in distances)
    position = domain.to_unit(value)
    return [other for other in others if abs(domain.to_unit(other) - position) >= NEIGHBOUR_DISTANCES[-1] / 2]


def move_number(domain: Domain, value: Value, distance: float) -> Value:
    """The number that is `distance` unit positions further: the next one at least, and no further than the end.

    Positions are those without weights or prior: how alike numbers are does not depend on what is believed of them.
    """
    domain = domain.plain
    position = domain.to_unit(value)
    target = min(1.0, max(0.0, position + distance))
    number = value if target == position else domain.from_unit(target)
    return _next_number(domain, value, 1 if distance > 0 else -1) if number == value else number


def _next_number(domain: Domain, value: Value, direction: int) -> Value:
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
    """Whether values that are near each other are alike: in a range, or in an ordered list of more than a few."""
    if isinstance(domain, Values):
        return domain.ordered and domain.size > MAX_FULL_NEIGHBOURHOOD
    return isinstance(domain, Reals | Integers)
