"""What the results at each budget of a search say of those at each larger one."""

from collections.abc import Iterable, Sequence

import numpy as np
from attrs import frozen

from archwright.core.budget import Budget
from archwright.core.defaults import DEFAULT_PROMOTED, DEFAULT_RESAMPLES
from archwright.search.correlation.budget_pairs import BudgetPairs, BudgetResult, ResultPair, pair_budgets
from archwright.search.correlation.rank_correlation import (
    MIN_PAIRS,
    RankCorrelation,
    compute_selection_regret,
    correlate_ranks,
)
from archwright.search.magnitude import FloatArray


@frozen
class SelectionRegret:
    """What is lost at the higher budget by going on with the best few at the lower one, in the unit of the score."""

    k: int  # how many go on
    regret: float
    by_chance: float  # the same where any k go on, the mean over all choices


@frozen
class BudgetCorrelation:
    """What the scores at one budget say of those at a higher one."""

    lower: Budget
    higher: Budget
    whole: RankCorrelation  # of all configurations that have a score at both
    chosen: int  # how many of these were chosen for the higher budget by their score at a lower one: survivors
    candidates: int  # how many configurations have a score at the lower budget
    unchosen: RankCorrelation | None  # of those that nobody has chosen; None where all are such, or none
    regrets: Sequence[SelectionRegret]  # of all pairs; empty where these are too few
    ended_early: int  # pairs of which a training ended before its budget was spent

    @property
    def has_survivors(self) -> bool:
        """Whether some of the pairs are there because of their score at the lower budget."""
        return self.chosen > 0


def correlate_budgets(
    results: Iterable[BudgetResult],
    choices: Sequence[int] = DEFAULT_PROMOTED,
    seed: int = 0,
    resamples: int = DEFAULT_RESAMPLES,
) -> list[BudgetCorrelation]:
    """The correlation between every two budgets, from the smallest one on; `results` in the order of proposing.

    `choices` are the numbers of configurations whose choice by the lower budget is judged, as far as there are more
    than so many. Consumes `resamples` draws for each correlation, each from a generator of its own that begins with
    `seed`. Raises DifferentUnits.
    """
    return [_correlate(pairs, choices, seed, resamples) for pairs in pair_budgets(results)]


def _correlate(pairs: BudgetPairs, choices: Sequence[int], seed: int, resamples: int) -> BudgetCorrelation:
    whole, unchosen = _stack_utilities(pairs.pairs), _stack_utilities(pairs.unchosen)
    has_both = 0 < len(pairs.unchosen) < len(pairs.pairs)
    return BudgetCorrelation(
        pairs.lower,
        pairs.higher,
        correlate_ranks(*whole, seed, resamples),
        len(pairs.chosen),
        pairs.candidates,
        correlate_ranks(*unchosen, seed, resamples) if has_both else None,
        _compute_regrets(*whole, choices),
        sum(pair.lower.ended_early or pair.higher.ended_early for pair in pairs.pairs),
    )


def _stack_utilities(pairs: Sequence[ResultPair]) -> tuple[FloatArray, FloatArray]:
    """The utilities at the lower budget and at the higher one [pairs]."""
    lower, higher = ([getattr(pair, side).utility for pair in pairs] for side in ("lower", "higher"))
    return np.array(lower, dtype=np.float64), np.array(higher, dtype=np.float64)


def _compute_regrets(lower: FloatArray, higher: FloatArray, choices: Sequence[int]) -> list[SelectionRegret]:
    if len(lower) < MIN_PAIRS:
        return []
    flat = np.zeros_like(lower)  # which leaves every choice open
    return [
        SelectionRegret(k, compute_selection_regret(lower, higher, k), compute_selection_regret(flat, higher, k))
        for k in choices
        if k < len(lower)
    ]
