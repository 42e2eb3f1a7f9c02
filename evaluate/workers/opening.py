"""What runs the jobs of an evaluation that uses workers."""

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from archwright.core.protocols import Evaluator
from archwright.core.term import Term
from archwright.evaluate.description import FunctionDescription
from archwright.evaluate.evaluation import Evaluation
from archwright.evaluate.workers.in_process import InProcessEvaluator
from archwright.evaluate.workers.pool import WorkerPool


@runtime_checkable
class WarmsUp(Protocol):
    """An evaluator that imports and loads what its jobs need before the first of them."""

    @property
    def description(self) -> FunctionDescription | None:
        """What a person's function says of itself; None before it is imported, and where there is none."""
        ...

    def warm_up(self, stop: Callable[[], object] = ...) -> None:
        """Return once a job can begin, or `stop()` is true; raises what is wrong with what the jobs need."""
        ...


def warm_up(evaluator: Evaluator, stop: Callable[[], object] = lambda: False) -> FunctionDescription | None:
    """Have a job begin at once, where an evaluator needs time for that; what a person's function says of itself.

    To be called before anything is logged: what is wrong with the function, the data or the device is then raised, and
    no trial's end.
    """
    if not isinstance(evaluator, WarmsUp):
        return None
    evaluator.warm_up(stop)
    return evaluator.description


def open_workers(
    evaluation: Evaluation,
    *,
    workers: int,
    space_source: str | None = None,
    kinds: Sequence[type[Term]] = (),
    trial_timeout: float | None = None,
) -> Evaluator:
    """A pool of `workers` processes, which prepare the evaluation; see `Evaluation.open` for the other arguments.

    With no workers, jobs run in this process, for debugging, and no time limit can be kept. Raises FunctionNeeded,
    DataNeeded, CannotTravel and NothingToKill.
    """
    if workers == 0:
        return InProcessEvaluator(evaluation, space_source=space_source, trial_timeout=trial_timeout)
    return WorkerPool(evaluation, workers=workers, space_source=space_source, kinds=kinds, trial_timeout=trial_timeout)
