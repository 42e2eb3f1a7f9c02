"""What is prepared before the first job, in a worker or, with workers=0, in the coordinator."""

from collections.abc import Callable
from typing import Any

from archwright.evaluate.config import Function, Training, WorkerConfig
from archwright.evaluate.functions.callables import load_callable, require_function
from archwright.evaluate.functions.description import FunctionDescription, describe_function
from archwright.evaluate.verdict import Evaluate


def describe_evaluation(config: WorkerConfig) -> FunctionDescription | None:
    """What a person's function says of itself, for which it is imported; None where the evaluation is none."""
    return describe_function(config, load_callable(config)) if isinstance(config, Function) else None


def find_target_to_send(config: WorkerConfig) -> Callable[..., Any] | None:
    """The function that is sent to the workers by value; None where they import what they need.

    Raises FunctionNeeded where another process was given it, and this one was not.
    """
    if not isinstance(config, Function) or not config.by_value:
        return None
    require_function(config)
    return config.target


def prepare_evaluation(config: WorkerConfig, index: int, threads: int) -> Evaluate:
    """The function that evaluates jobs in the worker of this index, with everything imported and loaded."""
    if isinstance(config, Training):  # only here, since torch takes seconds to import
        from archwright.evaluate.training import task

        return task.prepare_training(config, index, threads)
    from archwright.evaluate.functions import scoring

    return scoring.make_function_evaluation(config, index, threads)
