"""What runs the jobs of an evaluation that uses workers."""

from collections.abc import Sequence

from archwright.core.protocols import Evaluator
from archwright.core.term import Term
from archwright.evaluate.evaluation import Evaluation
from archwright.evaluate.workers.in_process import InProcessEvaluator
from archwright.evaluate.workers.pool import WorkerPool


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
    CannotTravel and NothingToKill.
    """
    if workers == 0:
        return InProcessEvaluator(evaluation, space_source=space_source, trial_timeout=trial_timeout)
    return WorkerPool(evaluation, workers=workers, space_source=space_source, kinds=kinds, trial_timeout=trial_timeout)
