"""A person's function as a table: cheap, and the same every time, so that no worker is needed to call it."""

from collections.abc import Callable
from functools import partial

from attrs import evolve

from archwright.core.protocols import AttemptResult, Job, Report
from archwright.core.tracebacks import format_traceback
from archwright.evaluate.functions.callables import load_callable
from archwright.evaluate.functions.description import describe_function
from archwright.evaluate.functions.evaluation import Function
from archwright.evaluate.functions.scoring import make_function_evaluation
from archwright.evaluate.functions.signature import TORCH_ARGUMENTS, WrongParameters
from archwright.evaluate.verdict import Evaluate, Metrics, Verdict
from archwright.evaluate.workers.simulated import SimulatedJob, SimulatedWorkers, require_seconds

SECONDS = "seconds"  # the metric by which a function says how long a training takes


def open_function_table(function: Function, workers: int) -> SimulatedWorkers:
    """What calls the function for each job, in this process. Raises WrongParameters of one that trains models.

    Also raises what `make_function_evaluation` does.
    """
    description = describe_function(function, load_callable(function))
    trained = [name for name in TORCH_ARGUMENTS if name in description]
    if trained:
        raise WrongParameters(
            f"{function.source} reads {', '.join(trained)}, and is said to be a table, of which the trials run in the "
            "process that searches; give the function itself, without aw.Table and table=True"
        )
    if "checkpoint" in description:
        raise WrongParameters(
            f"{function.source} has a parameter checkpoint, and is said to be a table, which says the same whatever "
            "was before; leave the parameter out, with can_continue=True where its budgets are points of one training, "
            "or give the function itself, without aw.Table and table=True"
        )
    evaluate = make_function_evaluation(function, 0, 1)
    measure = partial(_measure_seconds, function.can_continue, "budget" in description, evaluate)
    return SimulatedWorkers(lambda job: _evaluate(evaluate, measure, job), workers, description)


def _evaluate(evaluate: Evaluate, measure: Callable[[Verdict, Job], float], job: Job) -> SimulatedJob:
    """What the function says of a job; anything that it raises is the job's end."""
    reports: list[Report] = []

    def report(epoch: int, metrics: Metrics) -> str:
        reports.append(Report(job.trial, job.attempt, epoch, metrics))
        return ""

    try:
        verdict = evaluate(job, report)
        seconds = measure(verdict, job)
    # A person's function may raise anything, which its trial's log has. Its sys.exit() ends the trial, not the search.
    except (Exception, SystemExit) as error:  # noqa: BLE001
        status = "diverged" if isinstance(error, FloatingPointError) else "crashed"  # as in a worker
        verdict, seconds = Verdict(status, error=format_traceback(error)), 0.0
    result = AttemptResult(job.trial, job.attempt, verdict.status, verdict.metrics, seconds, verdict.error)
    return SimulatedJob(result, reports)


def _measure_seconds(can_continue: bool, reads_budget: bool, evaluate: Evaluate, verdict: Verdict, job: Job) -> float:
    """The seconds of a job, which the function says as a metric: less those of the training that it goes on with.

    Where it does not say any, a unit of its budget takes a second, and so does a job that has none.
    """
    if verdict.status != "ok":
        return 0.0
    seconds = require_seconds(verdict.metrics.get(SECONDS, job.budget.amount if reads_budget else 1.0))
    if job.continued_budget is None or not can_continue:
        return seconds
    before = evolve(job, budget=job.continued_budget, continues=None, continued_budget=None)
    verdict = evaluate(before, lambda _, __: "")
    return max(0.0, seconds - _measure_seconds(can_continue, reads_budget, evaluate, verdict, before))
