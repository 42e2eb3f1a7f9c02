"""What an analysis knows of a trial: what was chosen in it, of what, and what came of it."""

from collections.abc import Mapping, Sequence
from typing import final

from attrs import frozen

from archwright.core.domain import Domain
from archwright.core.errors import ArchwrightError
from archwright.core.value import Value


class TooFewTrials(ArchwrightError, ValueError):
    """Fewer trials with a score than an analysis needs."""


class NothingVaries(ArchwrightError, ValueError):
    """Trials without a difference that an analysis could explain: in what was chosen, or in their scores."""


@final
@frozen
class AnalyzedTrial:
    """A trial that has a score. A hyperparameter that was not asked for is in neither mapping: it was not active."""

    trial: int
    score: float
    values: Mapping[str, Value]  # by the name of each hyperparameter that was active
    domains: Mapping[str, Domain]  # of which each of them was chosen


def list_varying(values: Sequence[Mapping[str, Value]]) -> list[str]:
    """The hyperparameters that are active in some of the trials and have two values or more, in the order of coming."""
    seen: dict[str, set[Value]] = {}
    for choices in values:
        for name, value in choices.items():
            seen.setdefault(name, set()).add(value)
    return [name for name, distinct in seen.items() if len(distinct) > 1]


def list_common(values: Sequence[Mapping[str, Value]]) -> list[str]:
    """Those of `list_varying` that are active in every trial."""
    return [name for name in list_varying(values) if all(name in choices for choices in values)]


def count_needed_trials(dimensions: int) -> int:
    """How many trials an analysis of so many hyperparameters needs: 2 (d + 1), two for each and for the mean."""
    return 2 * (dimensions + 1)
