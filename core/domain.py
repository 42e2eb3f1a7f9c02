"""What a hyperparameter may still be: finite values, integers or reals."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, final

from attrs import evolve, field, frozen

from archwright.core.errors import ArchwrightError

Value = bool | int | float | str


class InvalidDomain(ArchwrightError, ValueError):
    """A domain that holds nothing, or something that is not a plain JSON value."""


class IllegalValue(ArchwrightError, ValueError):
    """A value that a hyperparameter cannot take."""


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


def plain(value: Any) -> Value:
    """`value` as a plain JSON value; numpy scalars become Python's."""
    if type(value) in (bool, int, str):
        return value
    if type(value) is float:
        if math.isfinite(value):
            return value
        raise InvalidDomain(f"a hyperparameter's value is {value}; values must be finite")
    if hasattr(value, "item") and getattr(value, "ndim", 0) == 0:
        return plain(value.item())
    raise InvalidDomain(
        f"a hyperparameter's value is {value!r} of type {type(value).__name__}; values are bool, int, float or str"
    )


def _distinct(options: tuple[Value, ...]) -> None:
    if not options:
        raise InvalidDomain("a domain has no values; give it at least one")
    seen: dict[Value, Value] = {}
    for value in options:
        if value in seen:
            raise InvalidDomain(f"a domain holds both {seen[value]!r} and {value!r}, which are equal; keep one of them")
        seen[value] = value


def _cuts(size: int, parts: int) -> list[int]:
    parts = max(1, min(parts, size))
    return [i * size // parts for i in range(parts + 1)]


@final
@frozen
class Values(Domain):
    """A finite set of options. `ordered` says that neighbours are alike, as numbers in order are."""

    options: tuple[Value, ...] = field(converter=lambda options: tuple(map(plain, options)))
    ordered: bool = False

    def __attrs_post_init__(self) -> None:
        _distinct(self.options)

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
        options = self.options
        return options[int(u * len(options))] if u < 1.0 else options[-1]

    sample = from_unit

    def to_unit(self, value: Value) -> float:
        """The middle of the option's share."""
        return (self.options.index(value) + 0.5) / len(self.options)

    def share(self, value: Value) -> float:  # noqa: ARG002  (all options have the same)
        """As long as any other's."""
        return 1 / len(self.options)

    def split(self, parts: int = 2) -> tuple[Domain, ...]:
        """Runs of neighbouring options; five options in two parts are two and three (DeepArchitect, section 5.3)."""
        cuts = _cuts(len(self.options), parts)
        return tuple(Values(self.options[start:stop], self.ordered) for start, stop in pairwise(cuts))

    def includes(self, other: Domain) -> bool:
        """Whether the options hold all of `other`'s."""
        return other.size is not None and other.size <= self.size and all(value in self.options for value in other)

    def canonical(self, value: Value) -> Value:
        """The option that equals `value`; ValueError if none does."""
        return self.options[self.options.index(value)]

    def __str__(self) -> str:
        return "{" + ", ".join(map(str, self.options)) + "}"


def _log_bounds(lo: float, hi: float) -> tuple[float, float]:
    return math.log(lo), math.log(hi)


@final
@frozen
class Integers(Domain):
    """The integers from `lo` to `hi`, both included."""

    lo: int
    hi: int
    log: bool = False

    def __attrs_post_init__(self) -> None:
        if type(self.lo) is not int or type(self.hi) is not int or self.lo > self.hi:
            raise InvalidDomain(f"integers({self.lo}, {self.hi}) is empty or not of integers; write integers(lo, hi)")
        if self.log and self.lo < 1:
            raise InvalidDomain(f"integers({self.lo}, {self.hi}, log=True) reaches below 1; a log scale needs lo >= 1")

    @property
    def size(self) -> int:
        """How many integers there are."""
        return self.hi - self.lo + 1

    def __contains__(self, value: object) -> bool:
        return isinstance(value, int | float) and self.lo <= value <= self.hi and value == int(value)

    def __iter__(self) -> Iterator[Value]:
        return iter(range(self.lo, self.hi + 1))

    def _bounds(self) -> tuple[float, float]:
        # Each integer owns the unit interval around it, so that the ends are not rarer than the rest.
        lo, hi = self.lo - 0.5, self.hi + 0.5
        return _log_bounds(lo, hi) if self.log else (lo, hi)

    def from_unit(self, u: float) -> Value:
        """The integer in whose share `u` lies."""
        lo, hi = self._bounds()
        x = lo + u * (hi - lo)
        return min(self.hi, max(self.lo, math.floor((math.exp(x) if self.log else x) + 0.5)))

    def to_unit(self, value: Value) -> float:
        """The position of the integer itself."""
        lo, hi = self._bounds()
        x = float(value)
        return ((math.log(x) if self.log else x) - lo) / (hi - lo)

    def share(self, value: Value) -> float:
        """The part of the bounds that is nearest to this integer; on a log scale, less for a larger one."""
        (low, high), (lo, hi) = Integers(int(value), int(value), self.log)._bounds(), self._bounds()
        return (high - low) / (hi - lo)

    def split(self, parts: int = 2) -> tuple[Domain, ...]:
        """Runs of neighbouring integers: of equal length, or on a log scale of equal ratio as far as they exist."""
        if not self.log:
            cuts = [self.lo + cut for cut in _cuts(self.size, parts)]
        else:
            inner = {int(self.from_unit(i / parts)) for i in range(1, parts)}
            cuts = sorted({self.lo, self.hi + 1} | {cut for cut in inner if self.lo < cut})
            if len(cuts) == 2 and self.size > 1 and parts > 1:
                cuts.insert(1, self.lo + 1)
        return tuple(Integers(start, stop - 1, self.log) for start, stop in pairwise(cuts))

    def includes(self, other: Domain) -> bool:
        """Whether `other` lies between the bounds and holds integers alone."""
        if isinstance(other, Integers):
            return self.lo <= other.lo and other.hi <= self.hi
        return other.size is not None and all(value in self for value in other)

    def canonical(self, value: Value) -> Value:
        """The integer that equals `value`; ValueError if it is outside."""
        if value not in self:
            raise ValueError(value)
        return int(value)

    def __str__(self) -> str:
        return f"[{self.lo} .. {self.hi}{' log' if self.log else ''}]"


GRAINS = 1024  # reals are split no finer than this many parts, unless a grain is given


@final
@frozen
class Reals(Domain):
    """The real numbers from `lo` to `hi`.

    `grain` is the width, in units of the value or of its natural logarithm, below which the domain is not split
    again; 1/1024 of the whole if not given.
    """

    lo: float = field(converter=float)
    hi: float = field(converter=float)
    log: bool = False
    grain: float = field(default=0.0, converter=float)

    def __attrs_post_init__(self) -> None:
        if not (math.isfinite(self.lo) and math.isfinite(self.hi) and self.lo < self.hi):
            raise InvalidDomain(f"reals({self.lo}, {self.hi}) is empty or not finite; write reals(lo, hi) with lo < hi")
        if self.log and self.lo <= 0:
            raise InvalidDomain(f"reals({self.lo}, {self.hi}, log=True) reaches 0; a log scale needs lo > 0")
        if self.grain == 0.0:
            lo, hi = self._bounds()
            object.__setattr__(self, "grain", (hi - lo) / GRAINS)

    @property
    def size(self) -> None:
        """None: there is no end of reals."""
        return

    def __contains__(self, value: object) -> bool:
        return isinstance(value, int | float) and self.lo <= value <= self.hi

    def __iter__(self) -> Iterator[Value]:
        raise InvalidDomain(f"{self} cannot be enumerated; sample it or split it")

    def _bounds(self) -> tuple[float, float]:
        return _log_bounds(self.lo, self.hi) if self.log else (self.lo, self.hi)

    def from_unit(self, u: float) -> Value:
        """The number at `u`."""
        lo, hi = self._bounds()
        x = lo + u * (hi - lo)
        return min(self.hi, max(self.lo, math.exp(x) if self.log else x))

    def to_unit(self, value: Value) -> float:
        """The number's position between the bounds."""
        lo, hi = self._bounds()
        x = float(value)
        return min(1.0, max(0.0, ((math.log(x) if self.log else x) - lo) / (hi - lo)))

    def share(self, value: Value) -> float:  # noqa: ARG002  (a point has no length)
        """None of it."""
        return 0.0

    def split(self, parts: int = 2) -> tuple[Domain, ...]:
        """Intervals that share their borders; at the grain, the middle value alone."""
        lo, hi = self._bounds()
        cuts = [self.lo, *(float(self.from_unit(i / parts)) for i in range(1, parts)), self.hi]
        if hi - lo <= self.grain or any(a >= b for a, b in pairwise(cuts)):
            return (Values((self.from_unit(0.5),)),)
        return tuple(evolve(self, lo=start, hi=stop) for start, stop in pairwise(cuts))

    def includes(self, other: Domain) -> bool:
        """Whether `other` lies between the bounds."""
        if isinstance(other, Reals | Integers):
            return self.lo <= other.lo and other.hi <= self.hi
        return other.size is not None and all(value in self for value in other)

    def canonical(self, value: Value) -> Value:
        """`value` as a float; ValueError if it is outside."""
        if value not in self:
            raise ValueError(value)
        return float(value)

    def __str__(self) -> str:
        return f"[{self.lo:g}, {self.hi:g}{' log' if self.log else ''}]"


def values(*options: Value, ordered: bool | None = None) -> Values:
    """A finite domain; numbers count as ordered unless `ordered` says otherwise."""
    if ordered is None:
        ordered = all(isinstance(option, int | float) and not isinstance(option, bool) for option in options)
    return Values(options, ordered)


def integers(lo: int, hi: int, *, log: bool = False) -> Integers:
    """The integers from `lo` to `hi`, both included; with `log`, sampled and split by ratio."""
    return Integers(lo, hi, log)


def reals(lo: float, hi: float, *, log: bool = False) -> Reals:
    """The real numbers from `lo` to `hi`; with `log`, sampled and split by ratio."""
    return Reals(lo, hi, log)
