"""Domains: the sets of values of hyperparameters, and the finite set as one of them."""

import math
from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import accumulate, pairwise
from typing import Any, final

from attrs import evolve, field, frozen

from archwright.core.builders import name_wrong_arguments
from archwright.core.errors import show
from archwright.core.late_fields import Lasting
from archwright.core.value import MAX_INTEGER, InvalidDomain, Value, as_bool, as_sequence, as_value, format_briefly

MIN_SHARE = 1e-12  # of an option: of a smaller one, the interval of unit positions has hardly a float in it


class Domain(Lasting, ABC):
    """The values that a hyperparameter may still take.

    Unit positions map the values in order onto [0, 1], each onto an interval of its own, so that uniform numbers give
    uniform values (log-uniform where `log` is set), or values as likely as their weights or a prior say.
    """

    __slots__ = ()

    @property
    @abstractmethod
    def size(self) -> int | None:
        """How many values there are; None if they are uncountable."""

    @abstractmethod
    def __contains__(self, value: object) -> bool: ...

    @property
    @abstractmethod
    def plain(self) -> "Domain":
        """The domain without weights and prior: where its values lie, whatever is believed of them."""

    @abstractmethod
    def from_unit(self, u: float) -> Value:
        """The value at unit position `u` in [0, 1]."""

    @abstractmethod
    def to_unit(self, value: Value) -> float:
        """The unit position, in [0, 1], of the middle of `value`'s interval."""

    def place_value(self, value: Value) -> float:
        """The unit position without weights and prior: how alike values are, whatever is believed of them."""
        return self.plain.to_unit(value)

    @abstractmethod
    def probability(self, value: Value) -> float:
        """The probability that `value` is sampled, which is the length of its interval; 0 for one of the reals."""

    def compute_share(self, part: "Domain") -> float:
        """The probability that a value of `part`, which is of the kind that `split` gives, is sampled."""
        return math.fsum(self.probability(value) for value in part)

    @abstractmethod
    def restrict(self, options: Iterable[Value]) -> "Values":
        """The finite domain of these of its values alone, as likely compared to each other as they were."""

    @abstractmethod
    def split(self, parts: int = 2) -> "tuple[Domain, ...]":
        """At most `parts` domains of about equal probability, none empty, that together hold every value.

        Reals are split down to their grain; at the grain, the only part is the middle value.
        """

    @abstractmethod
    def includes(self, other: "Domain") -> bool:
        """Whether every value of `other` is a value of this domain."""

    @abstractmethod
    def canonicalize(self, value: Value) -> Value:
        """The domain's own value that equals `value`: of [1, 2], 1.0 and True are 1. ValueError if none does."""

    @abstractmethod
    def __iter__(self) -> Iterator[Value]:
        """Every value in order. InvalidDomain for reals."""

    def sample(self, u: float) -> Value:
        """The value for `u`, a uniform random number in [0, 1)."""
        return self.from_unit(u)


def _require_distinct(options: tuple[Value, ...]) -> None:
    if not options:
        raise InvalidDomain("a domain has no values; give it at least one")
    seen: dict[Value, Value] = {}
    for value in options:
        if value in seen:
            raise InvalidDomain(f"a domain holds both {seen[value]!r} and {value!r}, which are equal; keep one of them")
        seen[value] = value


def _find_weighted_cuts(sums: tuple[float, ...], parts: int) -> list[int]:
    """The indices that cut values into parts of about equal weight, none empty; `sums` are of the weights up to each.

    Each is the one whose sum is nearest to its share, among those that leave a value for every part.
    """
    size, total = len(sums) - 1, sums[-1]
    parts = max(1, min(parts, size))
    cuts = [0]
    for i in range(1, parts):
        share = total * i / parts
        cuts.append(min(range(cuts[-1] + 1, size - parts + i + 1), key=lambda cut: abs(sums[cut] - share)))
    return [*cuts, size]


def find_cuts(size: int, parts: int) -> list[int]:
    """The indices, 0 and `size` included, that cut `size` values into parts whose lengths differ by at most one."""
    parts = max(1, min(parts, size))
    return [i * size // parts for i in range(parts + 1)]


@final
@frozen
class Values(Domain):
    """A finite set of options. `ordered` says that neighbouring options are similar, as those of numbers are.

    `by_size` is for numbers that are written in another order than by size: unit positions, parts and neighbours are by
    size, iteration and text are as written. It is False for numbers that are written in rising or falling order.

    `weights`, one for each option as written, say how often options are drawn, compared to each other; none are alike.
    """

    options: tuple[Value, ...] = field(converter=lambda options: tuple(map(as_value, options)))
    ordered: bool = field(default=False, converter=as_bool)
    by_size: bool = field(default=False, converter=as_bool)
    weights: tuple[float, ...] = field(default=(), converter=lambda weights: tuple(map(_as_plain_number, weights)))
    order: tuple[Value, ...] = field(init=False, eq=False, repr=False)  # the options in the order of unit positions
    sums: tuple[float, ...] = field(init=False, eq=False, repr=False)  # of the weights before each of them, and of all

    def __attrs_post_init__(self) -> None:
        _require_distinct(self.options)
        order, weights = self.options, self.weights
        if weights:
            _require_weights(order, weights)
            if len(set(weights)) == 1:
                object.__setattr__(self, "weights", ())
        if self.by_size:
            if not (self.ordered and _are_numbers(order)):
                raise InvalidDomain(f"{self.options} cannot be in order by size; only numbers that are ordered can be")
            rising = tuple(sorted(order))
            if order in (rising, rising[::-1]):
                object.__setattr__(self, "by_size", False)
            else:
                order = rising
        object.__setattr__(self, "order", order)
        sums = tuple(accumulate(map(self._get_weight, order), initial=0)) if self.weights else ()
        object.__setattr__(self, "sums", sums)

    def _get_weight(self, value: Value) -> float:
        return self.weights[self.options.index(value)] if self.weights else 1

    @property
    def plain(self) -> "Values":
        """The options, all alike."""
        return evolve(self, weights=()) if self.weights else self

    @property
    def size(self) -> int:
        """How many options there are."""
        return len(self.options)

    def __contains__(self, value: object) -> bool:
        return value in self.options

    def __iter__(self) -> Iterator[Value]:
        return iter(self.options)

    def from_unit(self, u: float) -> Value:
        """The option in whose interval `u` lies."""
        order, sums = self.order, self.sums
        if sums:
            return order[bisect_right(sums, u * sums[-1], 1, len(order)) - 1]
        return order[int(u * len(order))] if u < 1.0 else order[-1]

    sample = from_unit

    def to_unit(self, value: Value) -> float:
        """The middle of the option's interval."""
        if self.sums:
            i = self.order.index(value)
            return (self.sums[i] + self.sums[i + 1]) / 2 / self.sums[-1]
        return self.place_value(value)

    def place_value(self, value: Value) -> float:
        """The middle of the option's interval, where all are of one length."""
        order = self.order
        return (order.index(value) + 0.5) / len(order)

    def probability(self, value: Value) -> float:
        """The same for every option, unless they have weights."""
        return self._get_weight(value) / self.sums[-1] if self.sums else 1 / len(self.options)

    def split(self, parts: int = 2) -> tuple[Domain, ...]:
        """Runs of neighbouring options; five options in two parts are two and three (DeepArchitect, section 5.3)."""
        order = self.order
        if not self.sums:
            runs = pairwise(find_cuts(len(order), parts))
            return tuple(Values(order[start:stop], self.ordered) for start, stop in runs)
        weights = tuple(map(self._get_weight, order))
        return tuple(
            Values(order[start:stop], self.ordered, weights=weights[start:stop])
            for start, stop in pairwise(_find_weighted_cuts(self.sums, parts))
        )

    def restrict(self, options: Iterable[Value]) -> "Values":
        """The domain with only these of its options, in the domain's order."""
        allowed = frozenset(options)
        kept = tuple(option for option in self.options if option in allowed)
        weights = tuple(map(self._get_weight, kept)) if self.weights else ()
        return Values(kept, self.ordered, self.by_size, weights)

    def includes(self, other: Domain) -> bool:
        """Whether every value of `other` is an option."""
        return other.size is not None and other.size <= self.size and all(value in self.options for value in other)

    def canonicalize(self, value: Value) -> Value:
        """The option that equals `value`; ValueError if none does."""
        return self.options[self.options.index(value)]

    def __repr__(self) -> str:
        is_usual = self.plain == values(*self.options)
        order = "" if is_usual else f", ordered={self.ordered}"
        weights = f", weights={list(self.weights)}" if self.weights else ""
        return f"values({', '.join(map(repr, self.options))}{order}{weights})"

    def __str__(self) -> str:
        return "{" + ", ".join(map(str, self.options)) + self._describe_order() + self.describe_weights() + "}"

    def describe_weights(self) -> str:
        """The weights in words, in the order of writing, as in ` weighted 2:1`; empty if all are alike."""
        return f" weighted {':'.join(map(format_briefly, self.weights))}" if self.weights else ""

    def _describe_order(self) -> str:
        """The order in words, if it is not the default of `values`; else empty."""
        if len(self.options) == 1:
            return ""
        if not _are_numbers(self.options):
            return " ordered" if self.ordered else ""
        if not self.ordered:
            return " unordered"
        rising = tuple(sorted(self.options))
        return "" if self.by_size or self.options in (rising, rising[::-1]) else " as written"


def _as_plain_number(number: Any) -> Any:
    """A number of another library as Python's; anything else unchanged."""
    with suppress(InvalidDomain):
        return as_value(number)
    return number


def _require_weights(options: tuple[Value, ...], weights: tuple[Any, ...]) -> None:
    if len(weights) != len(options):
        raise InvalidDomain(f"{len(options)} values have {len(weights)} weights; give each value one weight")
    for option, weight in zip(options, weights, strict=True):
        if type(weight) not in (int, float) or not 0 < weight < math.inf:
            raise InvalidDomain(f"the weight of {option!r} is {show(weight)}; it must be a finite number above 0")
    least, total = min(weights), sum(weights)
    if not (total < MAX_INTEGER and least >= MIN_SHARE * total):
        option = options[weights.index(least)]
        raise InvalidDomain(
            f"the weight of {option!r} is {least!r} of {total!r}, too little ever to be drawn; leave the value out, "
            "or give it more"
        )


def _are_numbers(options: tuple[Value, ...]) -> bool:
    return all(type(option) in (int, float) for option in options)


@name_wrong_arguments
def values(*options: Value, ordered: bool | None = None, weights: Iterable[float] = ()) -> Values:
    """A finite domain. By default numbers are ordered by size, and other values are unordered.

    With `ordered` True, any values are ordered as they are written; with False, none are. With `weights`, a number
    above 0 for each of them, a value of weight 2 is drawn twice as often as one of weight 1. Numbers and text of numpy
    and other libraries become Python's. InvalidDomain for other types, for equal values and for other weights.
    """
    plain, shares = tuple(map(as_value, options)), as_weights(weights)
    if ordered is not None:
        return Values(plain, ordered, weights=shares)
    is_numeric = bool(plain) and _are_numbers(plain)
    return Values(plain, is_numeric, by_size=is_numeric, weights=shares)


def as_weights(weights: Any) -> tuple[Any, ...]:
    """A list of weights as a tuple. InvalidDomain for anything else."""
    listed = as_sequence(weights)
    if listed is None:
        raise InvalidDomain(f"the weights are {show(weights)}; write a list of one number for each value, as in [2, 1]")
    return tuple(listed)


def as_domain(options: Any) -> Domain:
    """The domain that a user wrote as a domain or as a list of values. InvalidDomain if it is neither."""
    listed = as_sequence(options)
    if listed is not None:
        return values(*listed)
    if isinstance(options, Domain):
        return options
    raise InvalidDomain(
        f"{show(options)} is no domain; write a list such as [16, 32], integers(lo, hi) or reals(lo, hi)"
    )
