"""The objective of a search: a metric and its direction, also as the decorator of a user's function sets it."""

import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Literal, TypeVar, cast

from attrs import Factory, field, frozen

from archwright.core.builders import name_wrong_arguments
from archwright.core.errors import BREAKS_AND_CONTROLS, ArchwrightError, show
from archwright.core.late_fields import Lasting

Direction = Literal["maximize", "minimize"]

# The last words of names that tell which way is better.
MINIMIZED_WORDS = ("bytes", "cost", "costs", "error", "errors", "flops", "loss", "losses", "parameters", "seconds")
MAXIMIZED_WORDS = ("accuracy", "score")

_Function = TypeVar("_Function", bound=Callable[..., Any])


def find_direction(metric: str) -> Direction | None:
    """Which way a metric is better as its name says, with its last word: `val_loss` is a loss. None: it does not."""
    last_word = re.split(r"[\W_]+", metric.lower())[-1]
    return "minimize" if last_word in MINIMIZED_WORDS else "maximize" if last_word in MAXIMIZED_WORDS else None


@frozen
class Objective(Lasting):
    """The metric that a search optimizes, and its direction.

    Where only a metric is given, a cost or a loss is minimized, and anything else maximized (see `find_direction`).
    """

    metric: str = "accuracy"
    direction: Direction = field(
        default=Factory(lambda self: find_direction(self.metric) or "maximize", takes_self=True)
    )

    def __str__(self) -> str:
        return f"{self.direction} {self.metric}"

    @property
    def is_evident(self) -> bool:
        """Whether the metric's name says its direction."""
        return find_direction(self.metric) == self.direction

    def is_better(self, a: float, b: float) -> bool:
        """Whether score `a` is strictly better than score `b`."""
        return a > b if self.direction == "maximize" else a < b

    def utility(self, score: float | None) -> float:
        """The score as a number that is to be maximized; -inf for a trial without a score."""
        if score is None:
            return float("-inf")
        return score if self.direction == "maximize" else -score


class BadScore(ArchwrightError, TypeError):
    """A score that is no name of a metric."""


class BadMetricName(ArchwrightError, TypeError):
    """The name of a metric that is no text, or one that no log can hold."""


def require_metric_name(name: Any) -> str:
    """The name of a measured metric, as Python's text; BadMetricName unless it is one that UTF-8 can write."""
    if isinstance(name, str) and name:
        with suppress(UnicodeEncodeError):
            return name.encode().decode()
    raise BadMetricName(
        f"the name of a metric is {show(name)} ({type(name).__name__}); it is a text that UTF-8 can write, as in "
        "'accuracy'"
    )


@name_wrong_arguments
def maximize(metric: str) -> Objective:
    """The objective of which more is better, as in `aw.maximize("accuracy")`. BadScore if `metric` is no name."""
    return Objective(_require_name(metric, "maximize"), "maximize")


@name_wrong_arguments
def minimize(metric: str) -> Objective:
    """The objective of which less is better, as in `aw.minimize("loss")`. BadScore if `metric` is no name."""
    return Objective(_require_name(metric, "minimize"), "minimize")


def _require_name(metric: Any, function: str) -> str:
    """`metric`, which a person's code gives, if a log and its reports can hold it as the name of a metric."""
    if not isinstance(metric, str) or not metric or BREAKS_AND_CONTROLS.search(metric):
        raise BadScore(
            f'the score of a function is {show(metric)}; write the name of a metric: @aw.score("accuracy")'
            if function == "score"
            else f'the metric of {function} is {show(metric)}; write the name of one: aw.{function}("accuracy")'
        )
    return metric


@frozen
class _ScoreDecorator:
    """Sets what a function says of itself as its attributes, and returns the function itself."""

    objective: Objective
    table: bool = False
    can_continue: bool = False

    def __call__(self, function: _Function) -> _Function:
        setattr(function, "score", self.objective)  # noqa: B010  (no type knows the attribute)
        if self.table:
            setattr(function, "table", {"is_table": True, "can_continue": self.can_continue})  # noqa: B010
        return function


def make_objective(metric: str, minimize: bool | None = None) -> Objective:
    """The objective that `minimize` tells the direction of, or else the metric's name."""
    return Objective(metric) if minimize is None else Objective(metric, "minimize" if minimize else "maximize")


def score(
    metric: str, *, minimize: bool | None = None, table: bool = False, can_continue: bool = False
) -> _ScoreDecorator:
    """A decorator that sets which metric of a function a search optimizes, as in `@aw.score("regret", minimize=True)`.

    Where `minimize` is not said, a cost or a loss is minimized, and anything else maximized. A search reads it without
    running the function; `--metric` overrides it. BadScore if `metric` is no name, as where the parentheses are
    missing.

    A function that is cheap and says the same every time is a `table`: its trials are looked up, thousands in a second,
    by the process that searches and not by workers, and their seconds are simulated, see `aw.Table`. Where what it says
    of an architecture at several budgets is of one training, it `can_continue`: a larger budget costs what it adds.
    """
    return _ScoreDecorator(make_objective(_require_name(metric, "score"), minimize), table, can_continue)


def read_objective(function: Any) -> Objective | None:
    """The objective that `aw.score` set on `function`; None if it was not used."""
    objective = getattr(function, "score", None)
    return objective if isinstance(objective, Objective) else None


def describe_table(function: Any) -> dict[str, bool]:
    """What `aw.score` set on a `function` that is a table: settings of its evaluation; none of any other one."""
    said = getattr(function, "table", None)
    is_said = isinstance(said, dict) and read_objective(function) is not None
    return dict(cast("dict[str, bool]", said)) if is_said else {}
