"""Scoring an architecture with a user's Python function: a training, or anything else that returns a number."""

from collections.abc import Mapping
from numbers import Integral
from typing import Any

from attrs import evolve

from archwright.core.architecture import require_specified, settings_of
from archwright.core.builders import name_wrong_arguments
from archwright.core.errors import ArchwrightError, show
from archwright.core.objective import read_objective, require_metric_name
from archwright.core.protocols import EarlyStop, Job
from archwright.evaluate.building import EVALUATION_KIND
from archwright.evaluate.functions.callables import load_callable
from archwright.evaluate.functions.checkpoint import FunctionCheckpoint
from archwright.evaluate.functions.evaluation import Function
from archwright.evaluate.functions.signature import (
    JobArguments,
    MakeArguments,
    NotCallable,
    Signature,
    inspect_signature,
)
from archwright.evaluate.verdict import Evaluate, Metrics, ReportEpoch, Verdict, refuse_architecture
from archwright.store.user_code import end_forked_children


class StoppedEarly(BaseException):
    """Ends a user's function between two epochs; no Exception, so that few catch it, as with KeyboardInterrupt."""

    def __init__(self, early_stop: EarlyStop) -> None:
        super().__init__(early_stop.why)
        self.early_stop = early_stop


class NotAnEpoch(ArchwrightError, ValueError):
    """A report whose epoch is no positive whole number."""


class NotANumber(ArchwrightError, TypeError):
    """A metric that is no real number."""


def make_function_evaluation(config: Function, index: int, threads: int) -> Evaluate:
    """How jobs are evaluated in the worker number `index`: by calling the user's function with what it asks for.

    The function returns a number, or a mapping of names to numbers. An argument `report` logs the metrics of an epoch;
    where the trial should stop early, it raises StoppedEarly, and the trial ends well with the best that was reported.
    Raises NotCallable, WrongParameters, FunctionNeeded, and what is wrong with the device or the data.
    """
    function = load_callable(config)
    if EVALUATION_KIND.has_members(function):
        return _refuse_job  # the coordinator, which is told by the description, loads it and begins anew
    signature = inspect_signature(config.source, function, config.absent)
    objective, make_arguments = read_objective(function), _choose_arguments(config, signature, index, threads)
    metric = config.metric if objective is None else objective.metric

    def evaluate(job: Job, report_epoch: ReportEpoch) -> Verdict:
        @name_wrong_arguments
        def report(epoch: int, **metrics: Any) -> None:
            """Logs the metrics of an epoch, as in `report(1, accuracy=0.5)`."""
            if reason := report_epoch(_as_epoch(epoch), _as_metrics(metrics)):
                raise StoppedEarly(EarlyStop("hopeless", _as_epoch(epoch), reason))

        try:
            architecture = job.architecture
            require_specified(architecture)
            arguments = make_arguments(architecture, job.seed)
        except Exception as error:  # noqa: BLE001  (a user's kind of module may raise anything)
            return refuse_architecture(error)
        light = _collect_light_arguments(config, signature, checkpoint := FunctionCheckpoint(job))
        values = {**light, "report": report, **arguments.values}
        positional, named = signature.bind(values)
        try:
            with end_forked_children():
                result = function(*positional, **named)
        except StoppedEarly as stop:
            return _finish(arguments, Verdict("ok", stopped=stop.early_stop), checkpoint)
        return _finish(arguments, Verdict("ok", _read_result(result, metric)), checkpoint)

    return evaluate


def _read_result(result: Any, metric: str) -> Metrics:
    """The metrics that a function returned; raises NotANumber."""
    if result is None:
        raise NotANumber("the score is None; did the function forget to return its score?")
    return _as_metrics(result) if isinstance(result, Mapping) else {metric: _as_float("the score", result)}


def _finish(arguments: JobArguments, verdict: Verdict, checkpoint: FunctionCheckpoint) -> Verdict:
    """The verdict with what is known of the model, and with why nothing was gone on with."""
    finished = arguments.finish(verdict, checkpoint.job)
    return evolve(finished, error="\n".join(filter(None, [checkpoint.error, finished.error])))


def _refuse_job(job: Job, report_epoch: ReportEpoch) -> Verdict:
    del job, report_epoch
    raise NotCallable("an evaluation was named where a function was to be called")


def _collect_light_arguments(config: Function, signature: Signature, checkpoint: FunctionCheckpoint) -> dict[str, Any]:
    """The arguments that need no torch; the settings, which take time to find, for a function that asks for them."""
    job, architecture = checkpoint.job, checkpoint.job.architecture
    if "checkpoint" in signature:
        checkpoint.forget()
    return {
        "architecture": architecture,
        "budget": job.budget,
        "settings": {**config.settings, **settings_of(architecture)} if "settings" in signature else {},
        "seed": job.seed,
        "input": config.model_input,
        "input_shape": config.input_shape,
        "horizon": job.horizon or job.budget,
        "checkpoint": checkpoint,
    }


def _choose_arguments(config: Function, signature: Signature, index: int, threads: int) -> MakeArguments:
    if not signature.needs_torch:
        return lambda _, __: JobArguments()
    from archwright.evaluate.functions.arguments import prepare_arguments  # only here: torch takes seconds to import

    return prepare_arguments(config, signature, index, threads)


def _as_epoch(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        raise NotAnEpoch(f"the epoch of a report is {show(value)}; it must be a whole number: 1, 2 ...")
    return int(value)


def _as_metrics(metrics: Mapping[str, Any]) -> Metrics:
    return {(text := require_metric_name(name)): _as_float(text, value) for name, value in metrics.items()}


def _as_float(name: str, value: Any) -> float:
    """`value` as a float: a Python or numpy number, or a tensor of one element; raises NotANumber for all others."""
    try:
        if hasattr(value, "__float__") and not isinstance(value, str):
            return float(value)
    except (TypeError, ValueError, RuntimeError):  # several elements
        pass
    except OverflowError as error:
        raise NotANumber(f"{name} is a whole number that no float holds, of 1.8e308 or more; give another") from error
    raise NotANumber(f"{name} is {show(value)} ({type(value).__name__}); it must be a number")
