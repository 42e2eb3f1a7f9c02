"""Scoring an architecture with a person's own Python function."""

import inspect
from collections.abc import Mapping
from typing import Any

from archwright.core.errors import ArchwrightError
from archwright.core.serial import from_json
from archwright.core.trial import Job
from archwright.evaluate.attempt import Evaluate, Metrics, Tell, Verdict, judged, number
from archwright.evaluate.config import FunctionConfig
from archwright.evaluate.loading import load

OPTIONAL = ("seed", "report")  # what a function gets if it has a parameter of that name


class NotCallable(ArchwrightError, TypeError):
    """A source that names something other than a function."""


def prepare(config: FunctionConfig) -> Evaluate:
    """How jobs are scored: by calling the named function with the architecture, a specified term, and the budget.

    It returns a number, or a dict of names to numbers. A parameter `seed` of it gets the trial's seed, and a parameter
    `report` a function `report(epoch, **metrics)` that logs the metrics of an epoch.
    """
    function = load(config.source)
    if not callable(function):
        raise NotCallable(
            f"{config.source} is {function!r:.80}; the evaluator must be a function of (architecture, budget)"
        )
    wanted = _wanted(function)

    def evaluate(job: Job, tell: Tell) -> Verdict:
        def report(epoch: int, **metrics: Any) -> None:
            tell(int(epoch), _numbers(metrics))

        optional = {"seed": job.seed, "report": report}
        returned = function(from_json(job.architecture), job.budget, **{name: optional[name] for name in wanted})
        return judged(
            _numbers(returned) if isinstance(returned, Mapping) else {config.metric: number("the score", returned)}
        )

    return evaluate


def _wanted(function: Any) -> list[str]:
    parameters = inspect.signature(function).parameters
    takes_all = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    return [name for name in OPTIONAL if takes_all or name in parameters]


def _numbers(metrics: Mapping[str, Any]) -> Metrics:
    return {str(name): number(str(name), value) for name, value in metrics.items()}
