"""What a search is about: a metric, and which way of it is better; also as a person's own function says it."""

from collections.abc import Callable
from typing import Any, Literal, TypeVar

from attrs import frozen

from archwright.core.errors import BREAKS_AND_CONTROLS, ArchwrightError

Direction = Literal["maximize", "minimize"]

F = TypeVar("F", bound=Callable[..., Any])


@frozen
class Objective:
    """The metric that a search is about, and which way is better."""

    metric: str = "accuracy"
    direction: Direction = "maximize"

    def better(self, a: float, b: float) -> bool:
        """Whether score `a` is strictly better than score `b`."""
        return a > b if self.direction == "maximize" else a < b

    def utility(self, score: float | None) -> float:
        """The score as a number that is to be maximized; -inf for a trial without a score."""
        if score is None:
            return float("-inf")
        return score if self.direction == "maximize" else -score


class BadScore(ArchwrightError, TypeError):
    """A score that is not the name of a metric."""


@frozen
class _Declares:
    """A decorator that leaves the function as it is, but for an attribute `score`."""

    objective: Objective

    def __call__(self, function: F) -> F:
        setattr(function, "score", self.objective)  # noqa: B010  (no type knows the attribute)
        return function


def score(metric: str, *, minimize: bool = False) -> _Declares:
    """Says of the function below which of its metrics a search is about, as in `@aw.score("loss", minimize=True)`.

    A search asks without running it; `--metric` overrules it. Raises BadScore for what is no name, as where the
    parentheses are missing.
    """
    said: Any = metric  # a person's file may say anything
    if not isinstance(said, str) or not said or BREAKS_AND_CONTROLS.search(said):
        raise BadScore(f'the score of a function is {metric!r:.80}; write the name of a metric: @aw.score("accuracy")')
    return _Declares(Objective(metric, "minimize" if minimize else "maximize"))


def declared(function: Any) -> Objective | None:
    """What `function` says its score is; None if it says nothing."""
    said = getattr(function, "score", None)
    return said if isinstance(said, Objective) else None
