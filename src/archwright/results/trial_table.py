"""The trials of a run as a table: a row for each, which a data frame shows."""

from collections.abc import Sequence
from typing import Any

from archwright.results.frames import name_columns
from archwright.results.trial import Trial

TRIAL_COLUMNS = ("trial", "status", "score", "seconds", "budget", "unit", "attempts", "error")


def tabulate_trials(trials: Sequence[Trial]) -> dict[str, list[Any]]:
    """The columns of a table with a row a trial: TRIAL_COLUMNS, then the metrics, then the choices.

    A metric or a choice whose name an earlier column has is called metric.NAME or choice.NAME. A value that a trial
    does not have is None, such as a budget that nothing reads.
    """
    values = [
        {"trial": _get_fields(trial), "metric": dict(trial.metrics), "choice": dict(trial.choices)} for trial in trials
    ]
    groups = {"trial": dict.fromkeys(TRIAL_COLUMNS)}
    groups |= {group: {name: None for row in values for name in row[group]} for group in ("metric", "choice")}
    names = name_columns(groups)
    return {column: [row[group].get(name) for row in values] for (group, name), column in names.items()}


def _get_fields(trial: Trial) -> dict[str, Any]:
    """The values of TRIAL_COLUMNS."""
    budget = trial.budget
    values = (
        trial.number,
        trial.status,
        trial.score,
        trial.seconds,
        None if budget is None else budget.amount,
        None if budget is None else budget.unit,
        trial.state.attempts,
        trial.error,
    )
    return dict(zip(TRIAL_COLUMNS, values, strict=True))
