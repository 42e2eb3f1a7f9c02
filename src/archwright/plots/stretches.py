"""By what the course of a search is measured, and how far searches are held against each other."""

from collections.abc import Mapping, Sequence
from typing import Any, cast, get_args

import numpy as np
from attrs import frozen

from archwright.core.budget import Budget, Unit
from archwright.core.ends import RunEnds, format_time_limit
from archwright.core.errors import ArchwrightError, show, suggest_names
from archwright.display.text import format_budget, pluralize
from archwright.plots.histories import TOLERANCE, SearchAxis, SearchGroups, SearchHistory

AXES: tuple[SearchAxis, ...] = get_args(SearchAxis)
_SPENT = ("epochs", "examples", "budgets")


class UnknownAxis(ArchwrightError, LookupError):
    """A name of what no search is measured by."""


def read_axis(given: Any) -> SearchAxis:
    """The axis of that name; raises UnknownAxis."""
    if not isinstance(given, str) or given not in AXES:
        hint = _suggest_axis(given) if isinstance(given, str) else f"write one of {', '.join(AXES)}"
        raise UnknownAxis(f"by is {show(given)}, by which no search is measured; {hint}")
    return cast(SearchAxis, given)


def _suggest_axis(given: str) -> str:
    """The remedy for a name that no axis has; people call what was spent by what it was spent of."""
    return f"did you mean total, the {given} that were spent?" if given in _SPENT else suggest_names(given, AXES)


@frozen
class Stretch:
    """How far searches are held against each other: to the same number of trials, say."""

    by: SearchAxis
    end: float
    unit: Unit = "epochs"  # of a total

    @property
    def half(self) -> float:
        """Half-way; a number of trials or configurations is whole."""
        return self.end / 2 if self.by in ("total", "time") else float((self.end + 1) // 2)

    def cut(self, history: SearchHistory) -> SearchHistory:
        """A search without what comes after the end."""
        return history.truncate(history.count_until(self.by, self.end))

    def is_short(self, history: SearchHistory) -> bool:
        """Whether a search has ended before."""
        measured = history.measure(self.by)
        return not len(measured) or bool(measured[-1] < self.end * (1 - TOLERANCE))

    def name_point(self, point: float) -> str:
        """A place on the way in words: 32 trials, 250 epochs, 90min."""
        match self.by:
            case "total":
                return format_budget(Budget(point, self.unit))
            case "time":
                return format_time_limit(point)
            case "trials":
                return pluralize(int(point), "trial")
            case "configurations":
                return pluralize(int(point), "configuration")


def choose_stretch(groups: SearchGroups, ends: RunEnds, by: SearchAxis | None = None) -> Stretch:
    """The whole of searches with these ends, by the first of them, or by another axis as far as all of them go."""
    total = None if ends.total is None else ends.total.amount
    given: dict[SearchAxis, float | None] = {
        "trials": ends.trials,
        "configurations": ends.configurations,
        "total": total,
        "time": ends.time_limit,
    }
    axis = _find_first(given) if by is None else by
    histories = [history for group in groups.values() for history in group]
    end = given[axis]
    if end is None:
        end = min([float(history.measure(axis)[-1]) for history in histories if len(history.scores)], default=0.0)
    return Stretch(axis, end, histories[0].unit)


def _find_first(given: Mapping[SearchAxis, float | None]) -> SearchAxis:
    for axis, end in given.items():
        if end is not None:
            return axis
    return "trials"


def label_axis(by: SearchAxis, unit: str) -> str:
    """What stands under an axis."""
    titles = {
        "trials": "evaluations that have ended",
        "configurations": "configurations that were tried",
        "total": f"{unit} spent",
        "time": "seconds since the search began",
    }
    return titles[by]


def find_grid(group: Sequence[SearchHistory], by: SearchAxis, points: int = 500) -> Any:
    """The places at which any of the searches gets on, or as many between the first and the last [points]."""
    places = np.unique(np.concatenate([history.measure(by) for history in group]))
    return places if len(places) <= points else np.linspace(places[0], places[-1], points)
