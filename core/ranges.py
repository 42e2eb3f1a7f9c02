"""Ranges: the domains of integers and reals between two bounds."""

import math
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from fractions import Fraction
from itertools import pairwise
from typing import final

from attrs import evolve, field, frozen

from archwright.core.builders import name_wrong_arguments
from archwright.core.domain import MIN_SHARE, Domain, Values, find_cuts
from archwright.core.errors import show
from archwright.core.normal import Normal
from archwright.core.value import (
    MAX_INTEGER,
    InvalidDomain,
    Value,
    as_bool,
    as_float,
    as_integer,
    format_briefly,
    format_exactly,
)

MAX_FLOAT_INTEGER = 2**40  # larger integers have positions that are computed with fractions, which are exact
DEFAULT_GRAINS = 1024  # parts of reals that are not split again, unless a grain is given
_MAX_EXPONENT = math.log(sys.float_info.max)


def _log_bounds(lo: float, hi: float) -> tuple[float, float]:
    return math.log(lo), math.log(hi)


def _check_prior(domain: "Integers | Reals") -> None:
    prior = domain.prior
    if not isinstance(prior, Normal | None):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidDomain(f"the prior of {domain.plain!r} is {show(prior)}; aw.prior makes one of a default")
    if prior is not None and domain.log and prior.center <= 0:
        raise InvalidDomain(
            f"the prior of {domain.plain!r} is around {prior.center}; on a log scale it must be above 0"
        )


def _describe_prior(prior: Normal | None, *, log: bool) -> str:
    """The prior in words, as in ` around 0.5 ± 0.25`, on a log scale ` around 0.1 by a factor of 3`; empty for none."""
    if prior is None:
        return ""
    spread = f"\N{PLUS-MINUS SIGN} {format_briefly(prior.deviation)}"
    if log:  # of the logarithm, so it is a factor; one beyond all numbers is as good as the largest
        factor = math.exp(min(prior.deviation, _MAX_EXPONENT))
        spread = f"by a factor of {format_briefly(factor)}"
    return f" around {format_exactly(prior.center)} {spread}"


@final
@frozen
class Integers(Domain):
    """The integers from `lo` to `hi`, both included, within 10^300 of 0.

    Unit positions are exact for integers of any size, up to the precision of the position itself, which is a float. A
    range with a prior has no integers beyond 2^40.
    """

    lo: int = field(converter=as_integer)
    hi: int = field(converter=as_integer)
    log: bool = field(default=False, converter=as_bool)
    prior: Normal | None = None  # how likely its values are; None if all are alike, or on a log scale all ratios

    def __attrs_post_init__(self) -> None:
        if type(self.lo) is not int or type(self.hi) is not int or self.lo > self.hi:
            bounds = ", ".join(show(bound, 40) for bound in (self.lo, self.hi))
            raise InvalidDomain(f"integers({bounds}) is empty or not of integers; write integers(lo, hi)")
        if max(-self.lo, self.hi) > MAX_INTEGER:
            raise InvalidDomain("a bound of integers(lo, hi) is beyond 10^300; write nearer ones")
        if self.log and self.lo < 1:
            raise InvalidDomain(f"integers({self.lo}, {self.hi}, log=True) reaches below 1; a log scale needs lo >= 1")
        if self.prior is not None:
            _check_prior(self)
            if self._is_large:
                raise InvalidDomain(f"{self.plain!r} has a prior and integers beyond 2^40; write nearer bounds")

    @property
    def plain(self) -> "Integers":
        """The integers without the prior."""
        return Integers(self.lo, self.hi, self.log) if self.prior else self

    @property
    def width(self) -> float:
        """The distance of the outer edges of the first and the last integer, in its scale."""
        lo, hi = self._bounds()
        return hi - lo

    @property
    def size(self) -> int:
        """How many integers there are."""
        return self.hi - self.lo + 1

    def __contains__(self, value: object) -> bool:
        return isinstance(value, int | float) and self.lo <= value <= self.hi and value == int(value)

    def __iter__(self) -> Iterator[Value]:
        return iter(range(self.lo, self.hi + 1))

    @property
    def _is_large(self) -> bool:
        return self.hi > MAX_FLOAT_INTEGER or self.lo < -MAX_FLOAT_INTEGER

    def _bounds(self) -> tuple[float, float]:
        # Each integer has the interval from 0.5 below to 0.5 above it, so that the ends are not sampled less often.
        lo, hi = self.lo - 0.5, self.hi + 0.5
        return _log_bounds(lo, hi) if self.log else (lo, hi)

    def _lower_edge(self) -> Fraction:
        """The lower end of the interval of `lo`."""
        return Fraction(2 * self.lo - 1, 2)

    def _offset_to_unit(self, offset: Fraction) -> float:
        """The unit position at a distance from the lower edge; exact, unlike one from differences of floats."""
        edge, length = self._lower_edge(), self.size
        if self.log:
            return math.log1p(offset / edge) / math.log1p(length / edge)
        return float(offset / length)

    def _unit_to_offset(self, u: float) -> Fraction:
        """The distance of the unit position `u` from the lower edge."""
        if self.log:
            return self._lower_edge() * Fraction(math.expm1(u * math.log1p(self.size / self._lower_edge())))
        return Fraction(u) * self.size

    def from_unit(self, u: float) -> Value:
        """The integer in whose interval `u` lies."""
        if self._is_large:
            return min(self.hi, self.lo + math.floor(self._unit_to_offset(u)))
        lo, hi = self._bounds()
        x = lo + u * (hi - lo) if self.prior is None else self.prior.find_quantile(u, (lo, hi), log=self.log)
        return min(self.hi, max(self.lo, math.floor((math.exp(x) if self.log else x) + 0.5)))

    def to_unit(self, value: Value) -> float:
        """The position of the integer itself."""
        if self._is_large:
            return self._offset_to_unit(Fraction(2 * (int(value) - self.lo) + 1, 2))
        lo, hi = self._bounds()
        x = math.log(float(value)) if self.log else float(value)
        if self.prior is not None:
            return self.prior.compute_share((lo, x), (lo, hi), log=self.log)
        return (x - lo) / (hi - lo)

    def probability(self, value: Value) -> float:
        """The same for every integer; on a log scale, less for a larger one; with a prior, what that says."""
        if self._is_large:
            if not self.log:
                return 1 / self.size
            return math.log1p(1 / Fraction(2 * int(value) - 1, 2)) / math.log1p(self.size / self._lower_edge())
        (low, high), (lo, hi) = Integers(int(value), int(value), self.log)._bounds(), self._bounds()
        if self.prior is not None:
            return self.prior.compute_share((low, high), (lo, hi), log=self.log)
        return (high - low) / (hi - lo)

    def compute_share(self, part: Domain) -> float:
        """As a run of neighbouring integers, by its ends alone."""
        if not isinstance(part, Integers) or self.prior is None:
            return super().compute_share(part)
        return self.prior.compute_share(part._bounds(), self._bounds(), log=self.log)

    def split(self, parts: int = 2) -> tuple[Domain, ...]:
        """Runs of neighbouring integers: of equal length, or on a log scale of about equal ratio.

        With a prior, they are of about equal probability.
        """
        if not self.log and self.prior is None:
            borders = [self.lo + cut for cut in find_cuts(self.size, parts)]
        else:
            inner = {int(self.from_unit(i / parts)) for i in range(1, parts)}
            borders = sorted({self.lo, self.hi + 1} | {cut for cut in inner if self.lo < cut})
            if len(borders) == 2 and self.size > 1 and parts > 1:
                borders.insert(1, self.lo + 1)
        return tuple(Integers(start, stop - 1, self.log, self.prior) for start, stop in pairwise(borders))

    def restrict(self, options: Iterable[Value]) -> Values:
        """Some of the integers; with a prior, weighted by it. On a log scale without one, all are alike."""
        kept = tuple(options)
        if self.prior is None:
            return Values(kept, ordered=True)
        shares = [self.probability(value) for value in kept]
        least = 2 * MIN_SHARE * sum(shares)
        return Values(kept, ordered=True, weights=[max(share, least) for share in shares])

    def includes(self, other: Domain) -> bool:
        """Whether `other` lies between the bounds and holds only integers."""
        if isinstance(other, Integers):
            return self.lo <= other.lo and other.hi <= self.hi
        return other.size is not None and all(value in self for value in other)

    def canonicalize(self, value: Value) -> Value:
        """The integer that equals `value`; ValueError if it is outside."""
        if value not in self:
            raise ValueError(value)
        return int(value)

    def __repr__(self) -> str:
        bounds = f"{self.lo}, {self.hi}{', log=True' if self.log else ''}"
        return f"integers({bounds})" if self.prior is None else f"Integers({bounds}, prior={self.prior})"

    def __str__(self) -> str:
        return f"[{self.lo} .. {self.hi}{' log' if self.log else ''}{_describe_prior(self.prior, log=self.log)}]"


@final
@frozen
class Reals(Domain):
    """The real numbers from `lo` to `hi`.

    `grain` is the width, in units of the value or of its natural logarithm, below which the domain is not split
    again; 0, the default, means 1/1024 of the width.
    """

    lo: float = field(converter=as_float)
    hi: float = field(converter=as_float)
    log: bool = field(default=False, converter=as_bool)
    grain: float = field(default=0.0, converter=as_float)
    prior: Normal | None = None  # how likely its values are; None if all are alike, or on a log scale all ratios

    def __attrs_post_init__(self) -> None:
        if not (math.isfinite(self.lo) and math.isfinite(self.hi) and self.lo < self.hi):
            raise InvalidDomain(f"reals({self.lo}, {self.hi}) is empty or not finite; write reals(lo, hi) with lo < hi")
        if self.log and self.lo <= 0:
            raise InvalidDomain(f"reals({self.lo}, {self.hi}, log=True) reaches 0; a log scale needs lo > 0")
        if self.prior is not None:
            _check_prior(self)
        lo, hi = self._bounds()
        if not lo < hi or (self.log and not float(self.from_unit(0.0)) < float(self.from_unit(1.0))):
            raise InvalidDomain(f"reals({self.lo}, {self.hi}, log=True) is too short for a log scale; leave out log")
        if math.isinf(hi - lo):
            raise InvalidDomain(f"reals({self.lo}, {self.hi}) is longer than a float can tell; write nearer bounds")
        if not 0.0 <= self.grain < math.inf:
            raise InvalidDomain(f"the grain of reals({self.lo}, {self.hi}) is {self.grain}; it must be 0 or more")
        if self.grain == 0.0:
            object.__setattr__(self, "grain", (hi - lo) / DEFAULT_GRAINS)

    @property
    def plain(self) -> "Reals":
        """The numbers without the prior."""
        return evolve(self, prior=None) if self.prior else self

    @property
    def width(self) -> float:
        """The distance of the bounds, in its scale."""
        lo, hi = self._bounds()
        return hi - lo

    @property
    def size(self) -> None:
        """None: reals are uncountable."""
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
        x = lo + u * (hi - lo) if self.prior is None else self.prior.find_quantile(u, (lo, hi), log=self.log)
        return min(self.hi, max(self.lo, math.exp(min(x, _MAX_EXPONENT)) if self.log else x))

    def to_unit(self, value: Value) -> float:
        """The number's position between the bounds; with a prior, the probability of a smaller one."""
        lo, hi = self._bounds()
        x = math.log(float(value)) if self.log else float(value)
        if self.prior is not None:
            return 0.0 if x <= lo else self.prior.compute_share((lo, x), (lo, hi), log=self.log)
        return min(1.0, max(0.0, (x - lo) / (hi - lo)))

    def probability(self, value: Value) -> float:
        """0."""
        return 0.0

    def compute_share(self, part: Domain) -> float:
        """As an interval, by its ends; 1 of the value that stands for all at the grain."""
        return self.to_unit(part.hi) - self.to_unit(part.lo) if isinstance(part, Reals) else 1.0

    def split(self, parts: int = 2) -> tuple[Domain, ...]:
        """Intervals that share their borders; at the grain, the middle value alone."""
        lo, hi = self._bounds()
        borders = [self.lo, *(float(self.from_unit(i / parts)) for i in range(1, parts)), self.hi]
        if hi - lo > self.grain:
            with suppress(InvalidDomain):  # no floats are left between the borders
                return tuple(evolve(self, lo=start, hi=stop) for start, stop in pairwise(borders))
        return (Values((self.from_unit(0.5),)),)

    def restrict(self, options: Iterable[Value]) -> Values:
        """Some of the numbers, all alike."""
        return Values(tuple(options), ordered=True)

    def includes(self, other: Domain) -> bool:
        """Whether `other` lies between the bounds."""
        if isinstance(other, Reals | Integers):
            return self.lo <= other.lo and other.hi <= self.hi
        return other.size is not None and all(value in self for value in other)

    def canonicalize(self, value: Value) -> Value:
        """`value` as a float; ValueError if it is outside."""
        if value not in self:
            raise ValueError(value)
        return float(value)

    def __repr__(self) -> str:
        bounds = f"{self.lo}, {self.hi}{', log=True' if self.log else ''}"
        if self.prior is not None:
            return f"Reals({bounds}, grain={self.grain}, prior={self.prior})"
        is_usual = self == Reals(self.lo, self.hi, self.log)
        return f"reals({bounds})" if is_usual else f"Reals({bounds}, grain={self.grain})"

    def __str__(self) -> str:
        bounds = f"{format_exactly(self.lo)}, {format_exactly(self.hi)}{' log' if self.log else ''}"
        return f"[{bounds}{_describe_prior(self.prior, log=self.log)}]"


@name_wrong_arguments
def integers(lo: int, hi: int, *, log: bool = False) -> Integers:
    """The integers from `lo` to `hi`, both included; with `log`, sampled and split by ratio."""
    return Integers(lo, hi, log)


@name_wrong_arguments
def reals(lo: float, hi: float, *, log: bool = False) -> Reals:
    """The real numbers from `lo` to `hi`; with `log`, sampled and split by ratio."""
    return Reals(lo, hi, log)
