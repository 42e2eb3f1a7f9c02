"""The trials of a run that had one budget, and what was chosen in them: what an analysis of importance is about."""

import math
from collections.abc import Mapping, Sequence
from operator import attrgetter

from attrs import frozen

from archwright.core.budget import Budget
from archwright.core.domain import Domain
from archwright.core.node import Node
from archwright.core.picked import find_picked, see_picked
from archwright.core.value import Value
from archwright.execution.checks import BadArgument
from archwright.search.importance.analyzed_trial import AnalyzedTrial, TooFewTrials, count_needed_trials, list_varying
from archwright.search.running.run_view import RunView, rebuild_leaf
from archwright.store.fold import TrialState


@frozen
class BudgetTrials:
    """The trials of a run that had one budget, and have ended."""

    budget: Budget | None  # None where what evaluates them reads none
    scored: Sequence[TrialState]
    failed: int  # how many have no score, or one that is not finite
    needed: int  # how many with a score an analysis takes: two for each hyperparameter that all have, and two more

    @property
    def promoted(self) -> int:
        """How many of those with a score are there as they were good at a smaller budget."""
        return sum(trial.promotes is not None for trial in self.scored)

    @property
    def is_enough(self) -> bool:
        """Whether they can be analysed."""
        return len(self.scored) >= self.needed

    def describe(self) -> str:
        """How many there are of how many that it takes."""
        count = f"{len(self.scored)} of the {self.needed} that it takes"
        return count if self.budget is None else f"{self.budget}: {count}"


def select_budget_trials(view: RunView, budget: Budget | None) -> tuple[BudgetTrials, list[BudgetTrials]]:
    """The trials of a budget, or those of the largest one that are enough; and those of larger ones, which are too few.

    Raises TooFewTrials with what there is, NothingScored where no trial has a score, and BadArgument of a budget that
    no trial has, or where what evaluates the trials reads none.
    """
    view.rank_best()
    groups = _group_by_budget(view)
    if budget is None:
        chosen = next((group for group in groups if group.is_enough), None)
        if chosen is not None:
            return chosen, groups[: groups.index(chosen)]
    elif not view.run.started.reads_budget:
        raise BadArgument(f"budget is {budget}, and what evaluates the trials of {view.name} reads none; leave it out")
    elif all(group.budget != budget for group in groups):
        given = ", ".join(str(group.budget) for group in reversed(groups))
        raise BadArgument(f"budget is {budget}, which no trial of {view.name} has had so far; there are {given}")
    else:
        chosen = next((group for group in groups if group.budget == budget and group.is_enough), None)
        if chosen is not None:
            return chosen, []
    wanted, found = (
        "" if budget is None else f" with the budget {budget}",
        "; ".join(map(BudgetTrials.describe, groups)),
    )
    raise TooFewTrials(
        f"too few trials of {view.name}{wanted} have a score: there are {found} (two for each hyperparameter, and two "
        "more); go on with the run for more trials"
    )


def _group_by_budget(view: RunView) -> list[BudgetTrials]:
    """The run's own trials that have ended, by their budgets, the largest first."""
    ended = [trial for trial in view.trials if trial.status is not None]
    reads_budget = view.run.started.reads_budget
    budgets = (
        sorted({trial.budget for trial in ended}, key=attrgetter("level"), reverse=True) if reads_budget else [None]
    )
    values = {trial.trial: see_picked(find_picked(view.space), dict(trial.path)) for trial in ended}
    varying = list_varying(list(values.values()))
    return [
        _make_group([trial for trial in ended if budget in (None, trial.budget)], budget, values, varying)
        for budget in budgets
    ]


def _make_group(
    trials: Sequence[TrialState],
    budget: Budget | None,
    values: Mapping[int, Mapping[str, Value]],
    varying: Sequence[str],
) -> BudgetTrials:
    scored = [trial for trial in trials if trial.score is not None and math.isfinite(trial.score)]
    chosen = [values[trial.trial] for trial in scored]
    dimensions = sum(all(name in choices for choices in chosen) for name in varying)
    return BudgetTrials(budget, scored, len(trials) - len(scored), count_needed_trials(dimensions))


def read_analyzed_trials(view: RunView, trials: Sequence[TrialState]) -> list[AnalyzedTrial]:
    """What was chosen in each of the trials, and of what; raises NotTrusted where that takes code of others."""
    analyzed: list[AnalyzedTrial] = []
    for trial in trials:
        assert trial.score is not None
        domains = _list_domains(rebuild_leaf(view, trial))
        values = see_picked(find_picked(view.space), dict(trial.path))
        analyzed.append(AnalyzedTrial(trial.trial, trial.score, values, domains))
    return analyzed


def _list_domains(leaf: Node) -> dict[str, Domain]:
    """The domain of which each hyperparameter of a leaf was chosen or picked, by its name."""
    domains: dict[str, Domain] = {}
    picked, node = find_picked(leaf.origin.space), leaf.parent
    while node is not None:
        assert node.choice is not None
        name = node.choice.name
        domains |= {each.name: each.domain for each in picked[name]} if name in picked else {name: node.choice.domain}
        node = node.parent
    return domains
