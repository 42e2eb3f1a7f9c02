"""Which of several trials is the best: that with the best score among those with the largest budget.

What counts is the budget that a trial was given: one that its patience or a stopping rule has ended early was given it,
too. Scores of several budgets say little of one another, so a trial of a larger budget is better whatever its score.
Everything that tells the best trial of a run tells it by this rule; store/views.py has it in SQL.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Protocol, TypeVar

from attrs import frozen

from archwright.core.budget import Budget
from archwright.core.objective import Objective


class Result(Protocol):
    """A trial, or what is known of it."""

    @property
    def trial(self) -> int:
        """Its number."""
        ...

    @property
    def budget(self) -> Budget:
        """What it was given."""
        ...

    @property
    def score(self) -> float | None:
        """The objective's metric; None without one."""
        ...


class PromotedResult(Result, Protocol):
    """A trial that may try the configuration of another one again, with a larger budget."""

    @property
    def promotes(self) -> int | None:
        """The number of that trial; None for one with a configuration of its own."""
        ...


AnyResult = TypeVar("AnyResult", bound=Result)
AnyPromotedResult = TypeVar("AnyPromotedResult", bound=PromotedResult)


@frozen
class Incumbent:
    """The best trial so far."""

    trial: int
    budget: Budget
    score: float  # never NaN


Merit = tuple[str, float, float]  # the larger, the better


@frozen
class Ranking:
    """The order of a run's trials, the best first: by budget, then by score, and of equal ones the earlier first.

    What reads no budget gives all trials the same. A budget of another unit than the others, which no searcher of ours
    gives, is held against them by the name of its unit.
    """

    objective: Objective
    reads_budget: bool = True  # whether the budget of a trial means anything to what evaluates it

    def rate(self, result: Result) -> Merit | None:
        """The merit of a trial by its budget and its score; None without a score, also where that is NaN."""
        score = result.score
        if score is None or math.isnan(score):
            return None
        utility = self.objective.utility(score)
        return (*result.budget.level, utility) if self.reads_budget else ("", 0.0, utility)

    def rank(self, results: Iterable[AnyResult]) -> list[AnyResult]:
        """The trials that have a score, best first."""
        rated = [(merit, -result.trial, result) for result in results if (merit := self.rate(result)) is not None]
        return [result for _, _, result in sorted(rated, key=lambda each: each[:2], reverse=True)]

    def rank_configurations(self, results: Iterable[AnyPromotedResult]) -> list[AnyPromotedResult]:
        """As `rank`, with each configuration once: the best of the trials that promote one another."""
        ranked = self.rank(results)
        promoted = {result.trial: result.promotes for result in ranked}
        best = dict[int, AnyPromotedResult]()
        for result in ranked:
            best.setdefault(_find_first(result.trial, promoted), result)
        return list(best.values())

    def improves(self, result: Result, incumbent: Result | None) -> bool:
        """Whether a trial is better than the best one so far, by its budget or its score."""
        merit = self.rate(result)
        if merit is None or incumbent is None:
            return merit is not None
        best = self.rate(incumbent)
        return best is None or merit > best

    def choose(self, result: Result, incumbent: Incumbent | None) -> Incumbent | None:
        """The best trial so far once `result`, too, is known: of equal ones that which was proposed earlier."""
        merit = self.rate(result)
        if merit is None or result.score is None:
            return incumbent
        if incumbent is not None:
            best = self.rate(incumbent)
            if best is not None and (best, -incumbent.trial) > (merit, -result.trial):
                return incumbent
        return Incumbent(result.trial, result.budget, result.score)


def _find_first(trial: int, promoted: Mapping[int, int | None]) -> int:
    """The trial with which a configuration began, of those that are known."""
    while (earlier := promoted.get(trial)) is not None:
        trial = earlier
    return trial
