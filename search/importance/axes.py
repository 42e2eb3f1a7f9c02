"""The axes of the unit cube: where the values of a hyperparameter lie, and the cells into which a tree cuts an axis.

A number has one column, its position in its domain's own scale; an option has a column for each category, 1 where it is
that one, so that a tree may part any categories from the others and its boxes hold sets of them.
"""

from collections.abc import Sequence
from typing import Any, Literal, Protocol, final

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from archwright.core.domain import Domain, Values
from archwright.core.hyperparameter import is_analyzed_in_full
from archwright.core.ranges import Integers, Reals
from archwright.core.value import Value
from archwright.search.magnitude import FloatArray

CURVE_POINTS = 101  # of the curve of a range, at most

Scale = Literal["linear", "log", "list", "categories"]  # a list is in an order, and its values are equally far apart
Positions = NDArray[np.float32]  # as trees compare them


@final
@frozen
class Cells:
    """An axis cut into cells, none of which a box divides."""

    member: FloatArray  # [boxes, cells]: 1 where the box has the cell, else 0
    shares: FloatArray  # [cells]: of the axis; they add up to 1
    lookup: NDArray[np.intp]  # [points]: the cell of each point of the axis's curve


class Axis(Protocol):
    """An axis of the unit cube."""

    @property
    def points(self) -> Sequence[Value]:
        """The values at which a curve along it is evaluated, in order."""
        ...

    @property
    def scale(self) -> Scale:
        """How its points lie on it."""
        ...

    @property
    def width(self) -> int:
        """How many columns it has."""
        ...

    def encode(self, values: Sequence[Value]) -> Positions:
        """[values, columns]: where values lie."""
        ...

    def cut(self, lower: FloatArray, upper: FloatArray) -> Cells:
        """The cells of boxes that hold, of each column, what is above `lower` and up to `upper` [boxes, columns]."""
        ...


@final
@frozen(eq=False)
class OrderedAxis:
    """Of numbers and of options in an order. An interval of a list or of whole numbers is as long as its values are."""

    domain: Domain
    points: tuple[Value, ...] = field(init=False)
    _places: Positions = field(init=False)  # [points]: their positions
    _steps: "tuple[Positions, FloatArray] | None" = field(init=False)

    def __attrs_post_init__(self) -> None:
        """The steps are the positions of all values, and the shares up to each of them; None of a continuum."""
        domain, steps = self.domain, None
        points = tuple(dict.fromkeys(domain.from_unit(u) for u in np.linspace(0, 1, CURVE_POINTS).tolist()))
        if is_analyzed_in_full(domain):
            every = domain.order if isinstance(domain, Values) else tuple(domain)
            sums = np.concatenate([[0.0], np.cumsum([domain.probability(value) for value in every])])
            steps = self.encode(every)[:, 0], sums / sums[-1]
            points = every if isinstance(domain, Values) or len(every) <= CURVE_POINTS else points
        object.__setattr__(self, "points", points)
        object.__setattr__(self, "_places", self.encode(points)[:, 0])
        object.__setattr__(self, "_steps", steps)

    @property
    def scale(self) -> Scale:
        """That of the range; a list is one."""
        if isinstance(self.domain, Integers | Reals):
            return "log" if self.domain.log else "linear"
        return "list"

    @property
    def width(self) -> int:
        """1."""
        return 1

    def encode(self, values: Sequence[Value]) -> Positions:
        """[values, 1]: the positions in [0, 1]."""
        return np.array([[self.domain.to_unit(value)] for value in values], dtype=np.float32)

    def cut(self, lower: FloatArray, upper: FloatArray) -> Cells:
        """The intervals between all bounds."""
        bounds = np.unique(np.concatenate([lower[:, 0], upper[:, 0]]))
        inner = bounds[np.isfinite(bounds)]
        ends = np.concatenate([[-np.inf], inner, [np.inf]])
        member = (lower <= ends[:-1]) & (ends[1:] <= upper)
        shares = np.diff(np.concatenate([[0.0], self._measure(inner), [1.0]]))
        return Cells(member.astype(np.float64), shares, np.searchsorted(inner, self._places, side="left"))

    def _measure(self, bounds: FloatArray) -> FloatArray:
        """[bounds]: the share of what lies up to each of them."""
        if self._steps is None:
            return bounds
        places, sums = self._steps
        return sums[np.searchsorted(places, bounds, side="right")]


@final
@frozen(eq=False)
class CategoryAxis:
    """Of options without an order, all alike: a box holds a set of them."""

    points: tuple[Value, ...]
    seen: tuple[Value, ...]  # those that some trial has: no tree parts any other from the rest

    @property
    def scale(self) -> Scale:
        """None of numbers."""
        return "categories"

    @property
    def width(self) -> int:
        """As many as categories were seen."""
        return len(self.seen)

    def encode(self, values: Sequence[Value]) -> Positions:
        """[values, categories]: 1 for the one that it is, and else 0."""
        return np.array([[value == category for category in self.seen] for value in values], dtype=np.float32)

    def cut(self, lower: FloatArray, upper: FloatArray) -> Cells:
        """A cell for each category that a box is parted by, and one for all others."""
        is_required, is_excluded = np.isfinite(lower), np.isfinite(upper)
        used = np.flatnonzero((is_required | is_excluded).any(axis=0))
        is_required, is_excluded = is_required[:, used], is_excluded[:, used]
        others_required = is_required.sum(axis=1, keepdims=True) - is_required
        member = np.hstack([~is_excluded & (others_required == 0), ~is_required.any(axis=1, keepdims=True)])
        shares = np.append(np.ones(len(used)), len(self.points) - len(used)) / len(self.points)
        cells: dict[Value, int] = {self.seen[column]: cell for cell, column in enumerate(used)}
        lookup = np.array([cells.get(value, len(used)) for value in self.points], dtype=np.intp)
        kept = slice(None) if shares[-1] > 0 else slice(-1)
        return Cells(member[:, kept].astype(np.float64), shares[kept], lookup)


def make_axis(domain: Domain, chosen: Sequence[Value]) -> Axis:
    """The axis of a domain, of which some trials have `chosen` these values."""
    if isinstance(domain, Values) and not domain.ordered:
        seen = set(chosen)
        return CategoryAxis(domain.options, tuple(value for value in domain.options if value in seen))
    return OrderedAxis(domain)


def encode_all(axes: Sequence[Axis], columns: Sequence[Sequence[Value]]) -> Any:
    """[trials, columns]: the values of trials, by axis, side by side."""
    return np.hstack([axis.encode(values) for axis, values in zip(axes, columns, strict=True)])
