"""The normal distribution, cut off at the ends of a range: what a person believes about a number."""

import math
import sys
from functools import cache
from typing import TYPE_CHECKING, final

from attrs import field, frozen

from archwright.core.late_fields import Lasting
from archwright.core.value import InvalidDomain, as_float

if TYPE_CHECKING:
    from statistics import NormalDist


@cache
def make_standard_normal() -> "NormalDist":
    """The normal distribution around 0 of deviation 1."""
    from statistics import NormalDist  # slow to import, and few spaces have priors

    return NormalDist()


@final
@frozen
class Normal(Lasting):
    """A normal distribution in the scale of a range, around the value `center`, which may lie outside of the range.

    `deviation`, the standard deviation, is in units of the value, or on a log scale of its natural logarithm. The parts
    of a range have the distribution of the range, so that each is as likely as it was within the whole.
    """

    center: float = field(converter=as_float)
    deviation: float = field(converter=as_float)

    def __attrs_post_init__(self) -> None:
        if not (math.isfinite(self.center) and 0 < self.deviation < math.inf):
            raise InvalidDomain(
                f"a normal distribution has the center {self.center} and the deviation {self.deviation}; "
                "it needs a finite one, and one above 0"
            )

    def compute_share(self, part: tuple[float, float], whole: tuple[float, float], *, log: bool) -> float:
        """The probability, above 0, of a part of a range; both by their ends, in its scale."""
        mass = _compute_mass(*self._standardize(whole, log))
        if mass == 0.0:  # a range so far from the center that no float tells how likely it is
            return (part[1] - part[0]) / (whole[1] - whole[0])
        return max(sys.float_info.min, min(1.0, _compute_mass(*self._standardize(part, log)) / mass))

    def find_quantile(self, u: float, whole: tuple[float, float], *, log: bool) -> float:
        """The number in a range below which `u`, in [0, 1], of the probability lies; both in the range's scale."""
        low, high = self._standardize(whole, log)
        mass = _compute_mass(low, high)
        if mass == 0.0 or not 0.0 < u < 1.0:
            return whole[0] + u * (whole[1] - whole[0])
        # Each half of the distribution is looked up from its own end, where floats tell small probabilities apart.
        standard = make_standard_normal()
        below = standard.cdf(low) + u * mass
        z = _invert(below) if below < 0.5 else -_invert(standard.cdf(-high) + (1 - u) * mass)
        return min(whole[1], max(whole[0], self._locate_center(log) + min(high, max(low, z)) * self.deviation))

    def _locate_center(self, log: bool) -> float:
        return math.log(self.center) if log else self.center

    def _standardize(self, ends: tuple[float, float], log: bool) -> tuple[float, float]:
        """The ends of an interval, in deviations from the center."""
        center = self._locate_center(log)
        return (ends[0] - center) / self.deviation, (ends[1] - center) / self.deviation


def _compute_mass(low: float, high: float) -> float:
    """The probability between two ends, in deviations from the center; to all digits also far above it."""
    cdf = make_standard_normal().cdf
    return cdf(-low) - cdf(-high) if low > 0 else cdf(high) - cdf(low)


def _invert(probability: float) -> float:
    """The number of deviations from the center below which the probability, at most 1/2, lies."""
    return make_standard_normal().inv_cdf(probability) if probability > 0.0 else -math.inf
