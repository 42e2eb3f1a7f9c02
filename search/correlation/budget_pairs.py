"""The configurations that were tried at several budgets, in pairs of their results, and which of them were chosen."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from itertools import combinations

from attrs import frozen

from archwright.core.budget import Budget


@frozen
class BudgetResult:
    """What came of one trial that has ended."""

    trial: Hashable  # its number, or a run and its number
    configuration: Hashable  # the same for trials of one path
    budget: Budget  # that it was given
    utility: float | None  # more is better; None where it failed
    promotes: Hashable = None  # the trial whose configuration it tries again, chosen by its score; None of a fresh one
    ended_early: bool = False  # before its budget was spent


@frozen
class ResultPair:
    """The results of one configuration at two budgets."""

    lower: BudgetResult
    higher: BudgetResult


@frozen
class BudgetPairs:
    """The configurations that have a result at two budgets."""

    lower: Budget
    higher: Budget
    pairs: Sequence[ResultPair]
    candidates: int  # configurations that have a result at the lower budget
    tried: int  # of these, how many were tried at the higher one, with or without a result

    @property
    def chosen(self) -> Sequence[ResultPair]:
        """The survivors: those that came to the higher budget by a promotion, where not all were promoted."""
        return [pair for pair in self.pairs if self._is_chosen(pair)]

    @property
    def unchosen(self) -> Sequence[ResultPair]:
        """The others, which nobody has chosen by their score at a lower budget."""
        return [pair for pair in self.pairs if not self._is_chosen(pair)]

    def _is_chosen(self, pair: ResultPair) -> bool:
        return pair.higher.promotes is not None and self.tried < self.candidates


def pair_budgets(results: Iterable[BudgetResult]) -> list[BudgetPairs]:
    """Every two budgets of the trials, the smaller ones first, with the configurations that were tried at both.

    Trials are of one configuration if their paths are equal, or one promotes the other. Of several at one budget the
    last one with a score counts. `results` are in the order of proposing. Raises DifferentUnits.
    """
    tried: dict[Hashable, dict[Budget, BudgetResult]] = {}  # by configuration
    configurations: dict[Hashable, Hashable] = {}  # by trial
    for result in results:
        key = configurations.get(result.promotes, result.configuration)
        configurations[result.trial] = key
        at_budgets = tried.setdefault(key, {})
        if result.utility is not None or result.budget not in at_budgets:
            at_budgets[result.budget] = result
    budgets = sorted({budget for at_budgets in tried.values() for budget in at_budgets})
    return [_pair_two(lower, higher, tried) for lower, higher in combinations(budgets, 2)]


def _pair_two(lower: Budget, higher: Budget, tried: Mapping[Hashable, Mapping[Budget, BudgetResult]]) -> BudgetPairs:
    scored = [at for at in tried.values() if lower in at and at[lower].utility is not None]
    both = [ResultPair(at[lower], at[higher]) for at in scored if higher in at]
    pairs = [pair for pair in both if pair.higher.utility is not None]
    return BudgetPairs(lower, higher, pairs, len(scored), len(both))
