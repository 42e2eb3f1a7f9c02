"""Kernel density estimation over choices: product kernels on the coordinates that are active (BOHB's model)."""

import math
from collections.abc import Mapping, Sequence
from typing import final

import numpy as np
from attrs import frozen

from archwright.core.domain import Domain
from archwright.core.node import Node
from archwright.core.normal import Normal
from archwright.core.value import Value
from archwright.search.magnitude import FloatArray
from archwright.search.randomness import UniformStream
from archwright.search.surrogates.coordinates import (
    POSITION_DIGITS,
    Coordinates,
    PlaceIndex,
    index_places,
    is_numeric,
)

NORMAL_REFERENCE = 1.06  # of the normal-reference rule, h = 1.06 s n^(-1 / (4 + d)) (Silverman 1986)
# The least density that counts (HpBandSter): where both are less, candidates tie.
MIN_LOG_DENSITY = math.log(1e-32)


@final
@frozen(eq=False)
class KernelDensity:
    """The mean of a kernel around each point: a product over the coordinates.

    A number has a Gaussian of the bandwidth as its deviation, which may reach beyond [0, 1]; an option the kernel of
    Aitchison and Aitken (1976): 1 - h on the point's own, and h spread over the others. A point of which a coordinate
    is inactive says nothing of it: its kernel is uniform there.
    """

    points: Sequence[Coordinates]
    bandwidths: Mapping[str, float]  # by coordinate; of those that are active in some point
    option_counts: Mapping[str, int]  # by coordinate that is an option

    def compute_log_density(self, candidates: Sequence[Coordinates]) -> FloatArray:
        """[candidates]: the logarithm of the density at each, over the coordinates that are active in it."""
        log_kernels = np.zeros((len(candidates), len(self.points)))
        for name in dict.fromkeys(name for candidate in candidates for name in candidate.numbers):
            log_kernels += self._compare_numbers(name, candidates)
        for name in dict.fromkeys(name for candidate in candidates for name in candidate.options):
            log_kernels += self._compare_options(name, candidates)
        largest = log_kernels.max(1, keepdims=True)
        return largest[:, 0] + np.log(np.exp(log_kernels - largest).mean(1))

    def _compare_numbers(self, name: str, candidates: Sequence[Coordinates]) -> FloatArray:
        """[candidates, points]: the logarithm of the Gaussian; 0 where either has no such coordinate."""
        here, there = (
            np.array([each.numbers.get(name, math.nan) for each in group]) for group in (candidates, self.points)
        )
        h = self.bandwidths.get(name, 1.0)
        z = (here[:, None] - there[None, :]) / h
        return np.where(np.isnan(z), 0.0, -0.5 * z * z - math.log(h * math.sqrt(2 * math.pi)))

    def _compare_options(self, name: str, candidates: Sequence[Coordinates]) -> FloatArray:
        """[candidates, points]: the logarithm of Aitchison and Aitken's kernel; 0 where the candidate has none."""
        codes = dict[Value | None, int]({None: 0})
        here, there = (
            np.array([codes.setdefault(each.options.get(name), len(codes)) for each in group])
            for group in (candidates, self.points)
        )
        c = self.option_counts.get(name, 2)  # where no point has it, the kernel is the same for every candidate
        h = self.bandwidths.get(name, 1 - 1 / c)
        kernels = np.where(here[:, None] == there[None, :], math.log(1 - h), math.log(h / (c - 1)))
        kernels = np.where(there[None, :] == 0, -math.log(c), kernels)
        return np.where(here[:, None] == 0, 0.0, kernels)

    def draw_around(self, root: Node, point: Coordinates, factor: float, uniform: UniformStream) -> Node:
        """A leaf below `root`, around one of the points: every choice that was active there is drawn near it.

        A number has a normal distribution that is cut off at the ends of its domain, of `factor` bandwidths; an option
        stays with the probability 1 - h. All else is drawn from its domain. A choice that says a place of lists takes
        the one at which what is picked is nearest to what is drawn for it. Consumes one number for each choice, or
        hyperparameter that is picked, and one more for each option that changes.
        """
        node, places = root, index_places(root.origin.space)
        while (domain := node.domain) is not None:
            name = node.choice_name
            if name in places:
                value = self._draw_place(places[name], domain, point, factor, uniform)
            elif name in point.numbers and is_numeric(domain):
                value = domain.plain.from_unit(self._draw_position(name, point, factor, uniform))
            else:
                value = self._draw_option(name, domain, point, uniform)
            node = node.choose(value)
        return node

    def _draw_position(self, name: str, point: Coordinates, factor: float, uniform: UniformStream) -> float:
        """A position around the point's; any where it has none."""
        if name not in point.numbers:
            return uniform()
        spread = Normal(point.numbers[name], factor * self.bandwidths[name])
        return round(spread.find_quantile(uniform(), (0.0, 1.0), log=False), POSITION_DIGITS)

    def _draw_option(self, name: str, domain: Domain, point: Coordinates, uniform: UniformStream) -> Value:
        """The point's option, or one from the domain."""
        value = point.options.get(name)
        stays = value is not None and uniform() >= self.bandwidths[name]
        return value if value is not None and stays and value in domain else domain.sample(uniform())

    def _draw_place(
        self, places: PlaceIndex, domain: Domain, point: Coordinates, factor: float, uniform: UniformStream
    ) -> Value:
        """The place at which what is picked is nearest to what is drawn around the point."""
        positions = [self._draw_position(each.name, point, factor, uniform) for each in places.numbers]
        options = [self._draw_option(each.name, each.domain, point, uniform) for each in places.options]
        return places.find_nearest(domain, positions, options)


def fit_kernel_density(
    points: Sequence[Coordinates], option_counts: Mapping[str, int], dimensions: int, min_bandwidth: float
) -> KernelDensity:
    """The density of some points, with a bandwidth for each coordinate by the normal-reference rule.

    The spread of options does not depend on how they are numbered: half the variances of what says of each option
    whether it was chosen, which for two options is the variance of 0 and 1. Bandwidths are `min_bandwidth` at least,
    and of options 1 - 1 / c at most, where the kernel is uniform.
    """
    numbers, options = dict[str, list[float]](), dict[str, list[Value]]()
    for point in points:
        for name, position in point.numbers.items():
            numbers.setdefault(name, []).append(position)
        for name, value in point.options.items():
            options.setdefault(name, []).append(value)

    def choose(variance: float, n: int) -> float:
        rule = NORMAL_REFERENCE * math.sqrt(variance) * n ** (-1 / (4 + dimensions))
        return max(min_bandwidth, round(rule, POSITION_DIGITS))

    bandwidths = {name: choose(_compute_variance(positions), len(positions)) for name, positions in numbers.items()}
    for name, values in options.items():
        shares = [values.count(value) / len(values) for value in dict.fromkeys(values)]
        spread = max(0.0, (1 - math.fsum(share * share for share in shares)) / 2)
        bandwidths[name] = min(1 - 1 / option_counts[name], choose(spread, len(values)))
    return KernelDensity(points, bandwidths, option_counts)


def _compute_variance(positions: Sequence[float]) -> float:
    """The mean squared distance from the mean, the same on every processor."""
    mean = math.fsum(positions) / len(positions)
    return math.fsum((position - mean) ** 2 for position in positions) / len(positions)
