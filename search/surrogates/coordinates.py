"""Where configurations lie: coordinates of the choices that they have made, whatever the space is."""

from collections.abc import Iterable, Mapping, Sequence
from typing import final

import numpy as np
from attrs import frozen

from archwright.core.domain import Domain, Values
from archwright.core.node import Node
from archwright.core.picked import PickedHyperparameter, find_picked
from archwright.core.term import Term
from archwright.core.term_cache import cache_on_term
from archwright.core.value import Path, Value
from archwright.search.magnitude import FloatArray

# After the point, of bandwidths and of positions that are drawn: the digits behind are the processor's.
POSITION_DIGITS = 12


@final
@frozen
class Coordinates:
    """Where a configuration lies: a coordinate for each choice that its path has made, by name.

    A choice that was not asked on the way is inactive, and has none. In place of one that says but a place of lists
    come the hyperparameters that are picked from them.
    """

    numbers: Mapping[str, float]  # the unit position of each number, or ordered value, in the domain that was offered
    options: Mapping[str, Value]  # the value of each other choice
    offered: Mapping[str, Values]  # what that was chosen of

    def __len__(self) -> int:
        return len(self.numbers) + len(self.options)


def is_numeric(domain: Domain) -> bool:
    """Whether the values of a domain have positions: those of a range, or of a list in an order."""
    return domain.ordered if isinstance(domain, Values) else True


def extract_coordinates(leaf: Node, path: Path) -> Coordinates:
    """The coordinates of a leaf; `path` is its path, which whoever drew it has made already."""
    numbers, options, offered = dict[str, float](), dict[str, Value](), dict[str, Values]()
    picked, node = find_picked(leaf.origin.space), leaf.parent
    for name, value in reversed(path):
        assert node is not None
        domain = node.domain
        assert domain is not None
        if name in picked:
            for each in picked[name]:
                if each.is_number:
                    numbers[each.name] = each.positions[int(value)]
                else:
                    options[each.name], offered[each.name] = each.options[int(value)], each.domain
        elif isinstance(domain, Values) and not domain.ordered:
            options[name], offered[name] = value, domain
        else:
            numbers[name] = domain.place_value(value)
        node = node.parent
    return Coordinates(numbers, options, offered)


def count_options(points: Iterable[Coordinates]) -> Mapping[str, int]:
    """How many options each choice has in the space, as far as these points were offered them; two at least."""
    offered, counted = dict[str, set[Value]](), set[tuple[str, int]]()
    for name, domain in (item for point in points for item in point.offered.items()):
        if (name, id(domain)) not in counted:  # most are one object
            counted.add((name, id(domain)))
            offered.setdefault(name, set()).update(domain.options)
    return {name: max(2, len(options)) for name, options in offered.items()}


@final
@frozen(eq=False)
class PlaceIndex:
    """What a choice that says a place of lists picks there."""

    numbers: Sequence[PickedHyperparameter]
    options: Sequence[PickedHyperparameter]
    positions: FloatArray  # [places, numbers]

    def find_nearest(self, domain: Domain, positions: Sequence[float], options: Sequence[Value]) -> Value:
        """The place that the domain offers at which what is picked is nearest to these: by the squared distances.

        `positions` are of the numbers, in [0, 1]; an option that is another one is as far as the ends of a range.
        """
        distances: FloatArray = ((self.positions - np.array(positions)) ** 2).sum(1)
        for each, option in zip(self.options, options, strict=True):
            distances += [float(other != option) for other in each.options]
        offered = [int(place) for place in domain]
        return list(domain)[int(np.argmin(np.round(distances[offered], POSITION_DIGITS)))]


@cache_on_term
def index_places(space: Term) -> Mapping[str, PlaceIndex]:
    """By the name of each choice that says a place of lists, what it picks."""
    index = dict[str, PlaceIndex]()
    for name, picked in find_picked(space).items():
        numbers, options = [each for each in picked if each.is_number], [each for each in picked if not each.is_number]
        positions = np.array([each.positions for each in numbers]).reshape(len(numbers), len(picked[0].options)).T
        index[name] = PlaceIndex(numbers, options, positions)
    return index
