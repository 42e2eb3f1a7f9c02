"""Domains: the sets of values of hyperparameters, and the finite set as one of them."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any, final

from attrs import field, frozen

from archwright.core.value import InvalidDomain, Value, as_bool, as_sequence, as_value


class Domain(ABC):
    """The values that a hyperparameter may still take.

    Unit positions map the values in order onto [0, 1], each onto an interval of its own, so that uniform numbers give
    uniform values (log-uniform where `log` is set).
    """

    __slots__ = ()

    @property
    @abstractmethod
    def size(self) -> int | None:
        """How many values there are; None if they are uncountable."""

    @abstractmethod
    def __contains__(self, value: object) -> bool: ...

    @abstractmethod
    def from_unit(self, u: float) -> Value:
        """The value at unit position `u` in [0, 1]."""

    @abstractmethod
    def to_unit(self, value: Value) -> float:
        """The unit position, in [0, 1], of the middle of `value`'s interval."""

    @abstractmethod
    def probability(self, value: Value) -> float:
        """The probability that `value` is sampled, which is the length of its interval; 0 for one of the reals."""

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
    """

    options: tuple[Value, ...] = field(converter=lambda options: tuple(map(as_value, options)))
    ordered: bool = field(default=False, converter=as_bool)
    by_size: bool = field(default=False, converter=as_bool)
    order: tuple[Value, ...] = field(init=False, eq=False, repr=False)  # the options in the order of unit positions

    def __attrs_post_init__(self) -> None:
        _require_distinct(self.options)
        order = self.options
        if self.by_size:
            if not (self.ordered and _are_numbers(order)):
                raise InvalidDomain(f"{self.options} cannot be in order by size; only numbers that are ordered can be")
            rising = tuple(sorted(order))
            if order in (rising, rising[::-1]):
                object.__setattr__(self, "by_size", False)
            else:
                order = rising
        object.__setattr__(self, "order", order)

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
        order = self.order
        return order[int(u * len(order))] if u < 1.0 else order[-1]

    sample = from_unit

    def to_unit(self, value: Value) -> float:
        """The middle of the option's interval."""
        return (self.order.index(value) + 0.5) / len(self.order)

    def probability(self, value: Value) -> float:
        """The same for every option."""
        return 1 / len(self.options)

    def split(self, parts: int = 2) -> tuple[Domain, ...]:
        """Runs of neighbouring options; five options in two parts are two and three (DeepArchitect, section 5.3)."""
        runs = pairwise(find_cuts(len(self.order), parts))
        return tuple(Values(self.order[start:stop], self.ordered) for start, stop in runs)

    def restrict(self, options: Iterable[Value]) -> "Values":
        """The domain with only these of its options, in the domain's order."""
        allowed = frozenset(options)
        return Values(tuple(option for option in self.options if option in allowed), self.ordered, self.by_size)

    def includes(self, other: Domain) -> bool:
        """Whether every value of `other` is an option."""
        return other.size is not None and other.size <= self.size and all(value in self.options for value in other)

    def canonicalize(self, value: Value) -> Value:
        """The option that equals `value`; ValueError if none does."""
        return self.options[self.options.index(value)]

    def __repr__(self) -> str:
        is_usual = self == values(*self.options)
        order = "" if is_usual else f", ordered={self.ordered}"
        return f"values({', '.join(map(repr, self.options))}{order})"

    def __str__(self) -> str:
        return "{" + ", ".join(map(str, self.options)) + self._describe_order() + "}"

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


def _are_numbers(options: tuple[Value, ...]) -> bool:
    return all(type(option) in (int, float) for option in options)


def values(*options: Value, ordered: bool | None = None) -> Values:
    """A finite domain. By default numbers are ordered by size, and other values are unordered.

    With `ordered` True, any values are ordered as they are written; with False, none are. Numbers and text of numpy and
    other libraries become Python's. InvalidDomain for other types, and for equal values.
    """
    plain = tuple(map(as_value, options))
    if ordered is not None:
        return Values(plain, ordered)
    is_numeric = bool(plain) and _are_numbers(plain)
    return Values(plain, is_numeric, by_size=is_numeric)


def as_domain(options: Any) -> Domain:
    """The domain that a user wrote as a domain or as a list of values. InvalidDomain if it is neither."""
    listed = as_sequence(options)
    if listed is not None:
        return values(*listed)
    if isinstance(options, Domain):
        return options
    raise InvalidDomain(
        f"{options!r:.80} is no domain; write a list such as [16, 32], integers(lo, hi) or reals(lo, hi)"
    )
