"""The state of searchers to which a score at a small budget is no score at a large one: all scores, by budget."""

import math
from collections.abc import Sequence
from typing import final

from attrs import evolve, frozen
from pyrsistent import PMap, PSet, PVector, pmap, pset, pvector

from archwright.core.budget import Budget
from archwright.core.protocols import Outcome, Problem, Proposal
from archwright.core.value import Path
from archwright.search.searchers.history import rank_budget
from archwright.search.surrogates.coordinates import Coordinates, extract_coordinates


@final
@frozen
class BudgetedScore:
    """What a configuration scored at a budget."""

    trial: int
    budget: Budget
    utility: float | None  # the score, where more is better; None if there is none

    @property
    def rank(self) -> float:
        """What is larger for a better one; a failure is worse than any."""
        return -math.inf if self.utility is None else self.utility


@final
@frozen
class Configuration:
    """What a trial has tried: its path, and where that lies."""

    path: Path
    coordinates: Coordinates


@final
@frozen
class BudgetedHistory:
    """Every score, at every budget, and the configurations."""

    problem: Problem
    scores: "PVector[BudgetedScore]" = pvector()  # noqa: RUF009  (a value, as those below)
    configurations: "PMap[int, Configuration]" = pmap()  # of each trial, also of those that are open
    seen: PSet[Path] = pset()  # whatever was proposed

    def adopt(self, proposal: Proposal) -> "BudgetedHistory":
        """The history with one configuration more, which has no score as yet."""
        path = proposal.path
        configuration = Configuration(path, extract_coordinates(proposal.leaf, path))
        configurations = self.configurations.set(proposal.trial, configuration)
        return evolve(self, configurations=configurations, seen=self.seen.add(path))

    def tell(self, outcome: Outcome) -> "BudgetedHistory":
        """The history with a score more."""
        return evolve(self, scores=self.scores.append(self._make_score(outcome)))

    def tell_again(self, outcome: Outcome) -> "BudgetedHistory":
        """The history with a score more, of a trial that has one; that of the same budget gives place to it."""
        score = self._make_score(outcome)
        for i, earlier in enumerate(self.scores):
            if (earlier.trial, earlier.budget) == (score.trial, score.budget):
                return evolve(self, scores=self.scores.set(i, score))
        return evolve(self, scores=self.scores.append(score))

    def _make_score(self, outcome: Outcome) -> BudgetedScore:
        utility = self.problem.compute_utility(outcome)
        return BudgetedScore(outcome.proposal.trial, outcome.proposal.budget, utility)

    def rank_by_budget(self) -> Sequence[tuple[Budget, Sequence[BudgetedScore]]]:
        """The scores at each budget, the largest budget first and the best score first, ties in the order of telling.

        Budgets of another unit than the problem's, which inherited trials may have, come last.
        """
        by_budget = dict[Budget, list[BudgetedScore]]()
        for score in self.scores:
            by_budget.setdefault(score.budget, []).append(score)
        budgets = sorted(by_budget, key=lambda budget: rank_budget(self.problem, budget), reverse=True)
        return [(budget, sorted(by_budget[budget], key=lambda score: score.rank, reverse=True)) for budget in budgets]

    def rank_last(self) -> Sequence[BudgetedScore]:
        """The score of each configuration at its largest budget, where more of that is better than any score.

        Those of the largest budget come first, of each the best score first, and those that failed last.
        """
        last = dict[int, BudgetedScore]()
        for _, ranked in self.rank_by_budget():
            for score in ranked:
                last.setdefault(score.trial, score)
        return sorted(last.values(), key=lambda score: score.utility is None)
