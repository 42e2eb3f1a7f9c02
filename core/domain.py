"""What a hyperparameter may still be: a domain, of which a finite set of values is one."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any, final

from attrs import field, frozen

from archwright.core.value import InvalidDomain, Value, as_bool, as_sequence, as_value


class Domain(ABC):
    """The values that a hyperparameter may still take.

    Unit positions put the values in order on [0, 1], each with a share of its own, so that uniform numbers give
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
        """The unit position, in [0, 1], of the middle of `value`'s share."""

    @abstractmethod
    def share(self, value: Value) -> float:
        """The length of the unit positions of `value`: the probability that it is sampled; 0 of one of the reals."""

    @abstractmethod
    def split(self, parts: int = 2) -> "tuple[Domain, ...]":
        """At most `parts` domains of about equal shares, none empty, that together hold every value.

        Reals are split down to their grain; there, the only part is the middle value.
        """

    @abstractmethod
    def includes(self, other: "Domain") -> bool:
        """Whether every value of `other` is a value of this domain."""

    @abstractmethod
    def canonical(self, value: Value) -> Value:
        """The domain's own value that equals `value`: choosing 1.0 or True of [1, 2] is choosing 1."""

    @abstractmethod
    def __iter__(self) -> Iterator[Value]:
        """Every value in order; only for domains of a finite size."""

    def sample(self, u: float) -> Value:
        """The value that a number `u`, uniform in [0, 1), picks."""
        return self.from_unit(u)


def _distinct(options: tuple[Value, ...]) -> None:
    if not options:
        raise InvalidDomain("a domain has no values; give it at least one")
    seen: dict[Value, Value] = {}
    for value in options:
        if value in seen:
            raise InvalidDomain(f"a domain holds both {seen[value]!r} and {value!r}, which are equal; keep one of them")
        seen[value] = value


def cuts(size: int, parts: int) -> list[int]:
    """Where to cut so many values into parts that differ by one value at most."""
    parts = max(1, min(parts, size))
    return [i * size // parts for i in range(parts + 1)]


@final
@frozen
class Values(Domain):
    """A finite set of options. `ordered` says that neighbours are alike, as numbers in order are.

    `by_size` puts numbers in order by size where they are written in another one: in units, parts and neighbours, but
    not where people see them. False of numbers that go up or down all the way, which are in order as they are.
    """

    options: tuple[Value, ...] = field(converter=lambda options: tuple(map(as_value, options)))
    ordered: bool = field(default=False, converter=as_bool)
    by_size: bool = field(default=False, converter=as_bool)
    order: tuple[Value, ...] = field(init=False, eq=False, repr=False)  # the options as positions and parts have them

    def __attrs_post_init__(self) -> None:
        _distinct(self.options)
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
        """The option in whose share `u` lies."""
        order = self.order
        return order[int(u * len(order))] if u < 1.0 else order[-1]

    sample = from_unit

    def to_unit(self, value: Value) -> float:
        """The middle of the option's share."""
        return (self.order.index(value) + 0.5) / len(self.order)

    def share(self, value: Value) -> float:
        """As long as any other's."""
        return 1 / len(self.options)

    def split(self, parts: int = 2) -> tuple[Domain, ...]:
        """Runs of neighbouring options; five options in two parts are two and three (DeepArchitect, section 5.3)."""
        runs = pairwise(cuts(len(self.order), parts))
        return tuple(Values(self.order[start:stop], self.ordered) for start, stop in runs)

    def only(self, options: Iterable[Value]) -> "Values":
        """Those of the options that are given, in the order that they have here."""
        kept = frozenset(options)
        return Values(tuple(each for each in self.options if each in kept), self.ordered, self.by_size)

    def includes(self, other: Domain) -> bool:
        """Whether the options hold all of `other`'s."""
        return other.size is not None and other.size <= self.size and all(value in self.options for value in other)

    def canonical(self, value: Value) -> Value:
        """The option that equals `value`; ValueError if none does."""
        return self.options[self.options.index(value)]

    def __str__(self) -> str:
        return "{" + ", ".join(map(str, self.options)) + self._unusual() + "}"

    def _unusual(self) -> str:
        """What is said of the order: something where it is not the one that `values` gives unasked."""
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
    """A finite domain. Numbers are in order by size; with `ordered`, any values are as they are written, or not at all.

    Numbers and text of numpy and the like become Python's. InvalidDomain for what is neither, and for equal values.
    """
    made = tuple(map(as_value, options))
    if ordered is not None:
        return Values(made, ordered)
    numbers = bool(made) and _are_numbers(made)
    return Values(made, numbers, by_size=numbers)


def as_domain(given: Any) -> Domain:
    """What a person may write for what is left open: a domain, or a list of values. InvalidDomain if neither."""
    options = as_sequence(given)
    if options is not None:
        return values(*options)
    if isinstance(given, Domain):
        return given
    raise InvalidDomain(f"{given!r:.80} is no domain; write a list such as [16, 32], integers(lo, hi) or reals(lo, hi)")
