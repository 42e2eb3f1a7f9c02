"""Scoring an architecture with a person's own Python function: a training, or anything else that gives a number."""

import inspect
from collections.abc import Mapping
from numbers import Integral
from typing import Any

from archwright.core.architecture import require_specified, settings_of
from archwright.core.errors import ArchwrightError
from archwright.core.objective import read_objective
from archwright.core.protocols import Job, Stopped
from archwright.core.term import Term
from archwright.evaluate.config import FunctionConfig
from archwright.evaluate.functions.signature import JobArguments, MakeArguments, Signature, parse_signature
from archwright.evaluate.user_code import end_forked_children, load_object
from archwright.evaluate.user_errors import format_traceback, is_out_of_memory
from archwright.evaluate.verdict import Evaluate, Metrics, ReportEpoch, Verdict


class Halted(BaseException):
    """Ends a person's function between two epochs; as little an error as KeyboardInterrupt, which few catch."""

    def __init__(self, stopped: Stopped) -> None:
        super().__init__(stopped.why)
        self.stopped = stopped


class NoEpoch(ArchwrightError, ValueError):
    """A report of something other than an epoch."""


class NotANumber(ArchwrightError, TypeError):
    """A metric that is no real number."""


class NotCallable(ArchwrightError, TypeError):
    """A source that names something other than a function."""


class NothingToSet(ArchwrightError, ValueError):
    """Training settings for a function that does not ask for settings."""


def make_function_evaluation(config: FunctionConfig, index: int, threads: int) -> Evaluate:
    """How jobs are scored in the worker number `index`: by calling the named function with what it has parameters for.

    It returns a number, or a mapping of names to numbers. Raises NotCallable, WrongParameters, NothingToSet, and what
    is wrong with the device or the data. A parameter `report` gets a function `report(epoch, **metrics)` that
    logs the metrics of an epoch; where the trial is hopeless by then, it raises Halted, and the trial ends well with
    the best that was reported.
    """
    function = load_object(config.source)
    asks = parse_signature(config.source, _parameters(config.source, function), config.absent)
    if config.settings and "settings" not in asks:
        raise NothingToSet(f"{config.source} has no parameter settings, so the ones given with --train do nothing")
    said, make = read_objective(function), _maker(config, asks, index, threads)
    metric = config.metric if said is None else said.metric

    def evaluate(job: Job, tell: ReportEpoch) -> Verdict:
        def report(epoch: int, **metrics: Any) -> None:
            if why := tell(_epoch(epoch), _numbers(metrics)):
                raise Halted(Stopped("hopeless", _epoch(epoch), why))

        try:
            architecture = job.architecture
            require_specified(architecture)
            made = make(architecture, job.seed)
        except Exception as error:  # a person's kind of module may raise anything
            if is_out_of_memory(error):
                raise
            return Verdict("invalid", error=format_traceback(error))
        there = {**_light(config, job, architecture), "report": report, **made.given}
        positional, named = asks.arguments(there)
        try:
            with end_forked_children():
                returned = function(*positional, **named)
        except Halted as halt:
            return made.finished(Verdict("ok", stopped=halt.stopped), job)
        metrics = _numbers(returned) if isinstance(returned, Mapping) else {metric: _number("the score", returned)}
        return made.finished(Verdict("ok", metrics), job)

    return evaluate


def _parameters(source: str, function: Any) -> list[inspect.Parameter]:
    if not callable(function):
        raise NotCallable(f"{source} is {function!r:.80}; the evaluator must be a function of (architecture, budget)")
    try:
        return list(inspect.signature(function).parameters.values())
    except ValueError:  # of some functions that are written in C
        raise NotCallable(f"{source} does not say what its parameters are; wrap it in a function that does") from None


def _light(config: FunctionConfig, job: Job, architecture: Term) -> dict[str, Any]:
    """What is there without torch."""
    return {
        "architecture": architecture,
        "budget": job.budget,
        "settings": {**config.settings, **settings_of(architecture)},
        "seed": job.seed,
        "input_shape": config.input_shape,
    }


def _maker(config: FunctionConfig, asks: Signature, index: int, threads: int) -> MakeArguments:
    if not asks.needs_torch:
        return lambda _, __: JobArguments()
    from archwright.evaluate.functions import arguments  # only here, since torch takes seconds to import

    return arguments.make_torch_arguments(config, asks, index, threads)


def _epoch(given: Any) -> int:
    if isinstance(given, bool) or not isinstance(given, Integral) or given < 1:
        raise NoEpoch(f"the epoch of a report is {given!r:.80}; it must be a whole number: 1, 2 ...")
    return int(given)


def _numbers(metrics: Mapping[str, Any]) -> Metrics:
    return {str(name): _number(str(name), value) for name, value in metrics.items()}


def _number(name: str, value: Any) -> float:
    """`value` as a float: a Python or numpy number, or a tensor of one element; raises NotANumber for all others."""
    try:
        if hasattr(value, "__float__") and not isinstance(value, str):
            return float(value)
    except (TypeError, ValueError, RuntimeError):  # several elements
        pass
    except OverflowError as error:
        raise NotANumber(f"{name} is a whole number that no float holds, of 1.8e308 or more; give another") from error
    raise NotANumber(f"{name} is {value!r:.80} ({type(value).__name__}); it must be a number")
