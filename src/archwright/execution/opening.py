"""Opening what evaluates the trials of a plan, which is complete then: its workers say what a person's code is."""

from collections.abc import Generator
from contextlib import ExitStack, contextmanager

from attrs import evolve

from archwright.core.protocols import Evaluator
from archwright.evaluate.evaluation import Evaluation
from archwright.evaluate.functions.evaluation import Function
from archwright.evaluate.named_evaluations import load_own_evaluation
from archwright.execution.arguments import trust_named_sources
from archwright.execution.options import RunOptions
from archwright.execution.planning import SearchPlan, complete_plan, plan_search
from archwright.execution.session import open_evaluator


@contextmanager
def open_plan(plan: SearchPlan, options: RunOptions) -> Generator[tuple[SearchPlan, Evaluator]]:
    """The complete plan, and what evaluates its trials, warm; closed after the block.

    Where a person's source turns out to name an evaluation rather than a function, that is loaded in this process, and
    planned with from the beginning. Raises what `open_evaluator`, `load_own_evaluation`, `plan_search` and
    `complete_plan` do.
    """
    source = plan.request.space.source
    with ExitStack() as opened:
        evaluator, description = opened.enter_context(open_evaluator(plan.evaluation, options, source, plan.space))
        if description is not None and description.is_evaluation:
            opened.close()
            plan = plan_search(evolve(plan.request, evaluation=_load(plan.evaluation)))
            evaluator, description = opened.enter_context(open_evaluator(plan.evaluation, options, source, plan.space))
        yield complete_plan(plan, description), evaluator


def _load(evaluation: Evaluation) -> Evaluation:
    assert isinstance(evaluation, Function)  # what else describes itself as code of a person's own
    return trust_named_sources(load_own_evaluation(evaluation))
