"""The density model of BOHB (Falkner et al. 2018): where good configurations are dense, and others are not."""

from typing import ClassVar, final

import numpy as np
from attrs import frozen

from archwright.core.builders import name_wrong_fields
from archwright.core.node import Node
from archwright.core.protocols import Outcome, Problem, Proposal
from archwright.core.setting import flag_setting, number_setting, whole_setting
from archwright.core.value import Path
from archwright.search.randomness import UniformStream
from archwright.search.searchers.budgeted_history import BudgetedHistory
from archwright.search.searchers.unseen import sample_unseen
from archwright.search.surrogates.coordinates import Coordinates, count_options, extract_coordinates
from archwright.search.surrogates.kernel_density import MIN_LOG_DENSITY, KernelDensity, fit_kernel_density

HPBANDSTER = "HpBandSter; BOHB, Falkner et al. 2018"
RATIO_TOLERANCE = 1e-9  # logarithms of ratios that differ by no more do so by rounding alone


KdeState = BudgetedHistory


@name_wrong_fields
@final
@frozen
class Kde:
    """The candidate that is the likeliest among good configurations, compared with the others, by kernel densities.

    The model is that of the largest budget at which enough configurations were tried: 2 (d + 1), where d is the number
    of choices of the one that has most, of which d + 1 have a score. Or it is `pooled`: of the last score of each
    configuration, where a larger budget is better than any score at a smaller one. The good ones are the best
    `top_n_percent`, d + 1 at least; a failed trial is worse than any other, and never good. Candidates are drawn around
    good configurations, choice by choice down the space, more widely than their density says; what is not active in a
    good one is drawn from its domain. Densities have the coordinates that are active in a candidate alone. One time in
    three, and until there is a model, a leaf is drawn from the space, by weights and priors where it has them. So it is
    where every candidate was seen already, as happens where all good configurations agree in most options.

    Other than in HpBandSter, a choice of options has as many as the space, whatever was seen, and its bandwidth does
    not depend on how they are numbered and is never more than uniform; the models of all budgets stay; where a
    configuration lacks a coordinate, its kernel is uniform rather than borrowed from another; and no leaf is proposed
    twice, nor anything once every leaf of a finite space was.

    Open trials are only not proposed again.
    """

    name: ClassVar[str] = "kde"
    revision: ClassVar[int] = 1
    top_n_percent: float = number_setting(
        15.0, high=100.0, meaning="the share of the trials that is good, in per cent", source=HPBANDSTER
    )
    num_samples: int = whole_setting(64, low=1, meaning="candidates", source=HPBANDSTER)
    random_fraction: float = number_setting(
        1 / 3, high=1.0, meaning="the probability of a random choice", source=HPBANDSTER
    )
    bandwidth_factor: float = number_setting(
        3.0, above=True, high=1000.0, meaning="by how much candidates are drawn more widely", source=HPBANDSTER
    )
    min_bandwidth: float = number_setting(
        1e-3, low=1e-6, high=1.0, meaning="the least bandwidth, in a domain that is 1 long", source=HPBANDSTER
    )
    min_points_in_model: int = whole_setting(
        0, meaning="good trials at least, and as many others; d + 1 where that is more", source=HPBANDSTER
    )
    pooled: bool = flag_setting(
        meaning="whether one model has the last score of each configuration, and larger budgets are better"
    )

    def start(self, problem: Problem) -> KdeState:
        """Nothing known."""
        return KdeState(problem)

    def propose(self, state: KdeState, trial: int, uniform: UniformStream) -> Proposal | None:
        """The best candidate, or a random leaf; None once every leaf was proposed.

        Consumes a coin; where the model is asked, for each candidate a number for the good configuration and what
        drawing around it consumes; and what a random leaf that is new does.
        """
        problem = state.problem
        is_random = uniform() < self.random_fraction
        model = None if is_random else self._fit_model(state)
        leaf = None if model is None else self._select_best(state, *model, uniform)
        by_model = leaf is not None
        leaf = leaf or sample_unseen(problem.root, state.seen, uniform)
        return None if leaf is None else Proposal.of(trial, leaf, problem.budget, by_model=by_model)

    def adopt(self, state: KdeState, proposal: Proposal) -> KdeState:
        """One path more that is not to come again."""
        return state.adopt(proposal)

    def tell(self, state: KdeState, outcome: Outcome, uniform: UniformStream) -> KdeState:
        """One score more."""
        return state.tell(outcome)

    def tell_again(self, state: KdeState, outcome: Outcome, uniform: UniformStream) -> KdeState:
        """One score more, of a trial that was told at another budget, whose model keeps what that was."""
        return state.tell_again(outcome)

    def _fit_model(self, state: KdeState) -> tuple[KernelDensity, KernelDensity] | None:
        """The densities of good and of other configurations, if there are enough: of all, or at the largest budget."""
        rankings = [state.rank_last()] if self.pooled else [ranked for _, ranked in state.rank_by_budget()]
        for ranked in filter(None, rankings):
            points = [state.configurations[score.trial].coordinates for score in ranked]
            scored = sum(score.utility is not None for score in ranked)
            dimensions = max(map(len, points))
            counts = self._count_good_and_others(len(points), scored, dimensions)
            if counts is not None:
                good, others = counts
                option_counts = count_options(points)
                return (
                    fit_kernel_density(points[:good], option_counts, dimensions, self.min_bandwidth),
                    fit_kernel_density(points[good : good + others], option_counts, dimensions, self.min_bandwidth),
                )
        return None

    def _count_good_and_others(self, n: int, scored: int, dimensions: int) -> tuple[int, int] | None:
        """How many of `n` trials, of which some have a score, are good, and how many of the next ones the others.

        None if there are too few.
        """
        least = max(dimensions + 1, self.min_points_in_model)
        if n < 2 * least or scored < least:
            return None
        good = max(least, int(self.top_n_percent * n // 100))
        others = max(least, int((100 - self.top_n_percent) * n // 100))
        good = min(good, scored, n - least)
        return good, min(others, n - good)

    def _select_best(
        self, state: KdeState, good: KernelDensity, others: KernelDensity, uniform: UniformStream
    ) -> Node | None:
        """The new candidate at which the density of good ones is the most times that of others; None if none is new."""
        candidates = dict[Path, tuple[Node, Coordinates]]()
        for _ in range(self.num_samples):
            point = good.points[int(uniform() * len(good.points))]
            leaf = good.draw_around(state.problem.root, point, self.bandwidth_factor, uniform)
            path = leaf.path
            if path not in state.seen and path not in candidates:
                candidates[path] = leaf, extract_coordinates(leaf, path)
        if not candidates:
            return None
        coordinates = [each for _, each in candidates.values()]
        log_good, log_others = (
            np.maximum(density.compute_log_density(coordinates), MIN_LOG_DENSITY) for density in (good, others)
        )
        ratios = log_good - log_others
        best = int(np.argmax(ratios >= ratios.max() - RATIO_TOLERANCE))
        return list(candidates.values())[best][0]
