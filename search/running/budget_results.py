"""What came of the configurations of runs at the budgets that they were given."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence

from archwright.core.budget import Budget
from archwright.core.defaults import DEFAULT_PROMOTED, DEFAULT_RESAMPLES
from archwright.core.errors import ArchwrightError
from archwright.search.correlation.budget_correlation import BudgetCorrelation, correlate_budgets
from archwright.search.correlation.budget_pairs import BudgetResult
from archwright.search.running.run_view import RunView
from archwright.store.fold import TrialState


class NothingToCorrelate(ArchwrightError, ValueError):
    """Trials that are not of several budgets, or not about one thing, where budgets are to be held together."""


def correlate_runs(
    views: Sequence[RunView],
    choices: Sequence[int] = DEFAULT_PROMOTED,
    seed: int = 0,
    resamples: int = DEFAULT_RESAMPLES,
) -> list[BudgetCorrelation]:
    """The correlations between the budgets of the trials of these runs, as `correlate_budgets` has them.

    Raises NothingToCorrelate and DifferentUnits.
    """
    names = views[0].name if len(views) == 1 else f"these {len(views)} runs"
    objectives = {view.run.started.objective for view in views}
    if len(objectives) > 1:
        text = ", ".join(sorted(f"{objective.metric} ({objective.direction})" for objective in objectives))
        raise NothingToCorrelate(f"the runs are about different things: {text}; name those of one objective")
    if not all(view.run.started.reads_budget for view in views):
        raise NothingToCorrelate(
            f"what evaluates the trials of {names} reads no budget, and a correlation is between two of them; let a "
            "function take the parameter budget, and begin a new run with several"
        )
    budgets = {trial.budget for view in views for trial in _list_ended(view)}
    if len(budgets) < 2:
        known = f"were all given {next(iter(budgets))}" if budgets else "are none yet"
        raise NothingToCorrelate(
            f"the trials of {names} that have ended {known}, and a correlation is between two budgets; search with "
            "several, as asha does with --budget 1epochs..27epochs (budget='1epochs..27epochs' in Python), or name "
            "further runs"
        )
    return correlate_budgets(list_budget_results(views), choices, seed, resamples)


def list_budget_results(views: Sequence[RunView]) -> list[BudgetResult]:
    """What came of each trial that has ended, in the order of proposing, run by run.

    Trials of two runs are of one configuration if their paths are equal.
    """
    return [_make_result(view, trial) for view in views for trial in _list_ended(view)]


def count_failed_trials(views: Sequence[RunView]) -> Mapping[Budget, int]:
    """How many trials have ended without a score at each budget, the smallest budgets first."""
    counts = Counter(trial.budget for view in views for trial in _list_ended(view) if trial.score is None)
    return dict(sorted(counts.items()))


def _list_ended(view: RunView) -> list[TrialState]:
    return [trial for trial in view.trials if trial.status is not None]


def _make_result(view: RunView, trial: TrialState) -> BudgetResult:
    objective, end = view.run.started.objective, trial.last_end
    return BudgetResult(
        (view.name, trial.trial),
        json.dumps(trial.path, ensure_ascii=False),
        trial.budget,
        None if trial.score is None else objective.utility(trial.score),
        None if trial.promotes is None else (view.name, trial.promotes),
        ended_early=end is not None and end.stopped is not None,
    )
