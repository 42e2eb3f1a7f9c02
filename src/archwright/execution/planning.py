"""A search as a person asks for it: checked, and what evaluates its trials opened, before anything is logged."""

from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from attrs import evolve, field, frozen
from attrs.validators import optional

from archwright.core.budget import Budget, Budgets, GivenBudgets
from archwright.core.defaults import DEFAULT_CLASSES
from archwright.core.ends import GivenEnds, RunEnds, choose_ends, require_total_of
from archwright.core.input import Input, input_to_text, read_input
from archwright.core.json import JSON, to_json
from archwright.core.objective import Objective
from archwright.core.protocols import Evaluator, Problem
from archwright.core.shape import Shape
from archwright.core.term import Term
from archwright.core.value import as_integer
from archwright.display.warning import warn
from archwright.evaluate.building import guard_evaluation
from archwright.evaluate.data.dataset import DataInfo
from archwright.evaluate.data.logged_images import images_to_json
from archwright.evaluate.description import FunctionDescription
from archwright.evaluate.evaluation import Evaluation, require_reported
from archwright.evaluate.logged_evaluations import evaluation_to_json
from archwright.evaluate.named_evaluations import load_own_evaluation
from archwright.evaluate.tables.table import require_rungs
from archwright.execution.arguments import (
    choose_rule,
    name_objective,
    read_budgets,
    read_evaluation_argument,
    read_searcher,
    read_stopping_rule,
    trust_named_sources,
)
from archwright.execution.checks import read_seed, require_count, require_flag
from archwright.execution.options import RunOptions
from archwright.execution.session import open_evaluator
from archwright.execution.spaces import (
    DEFAULT_INPUT,
    SpaceSource,
    describe_kind_code,
    name_kinds,
    read_space,
    trust_named_source,
)
from archwright.search.running.runs import collect_versions
from archwright.search.searcher import AnySearcher, find_rungs
from archwright.search.stopping_rule import AnyStoppingRule
from archwright.store.events import RunStarted


@frozen(kw_only=True)
class SearchRequest:
    """What a person asks of a new search; what is None is as its evaluation usually has it."""

    space: SpaceSource
    evaluation: Evaluation
    searcher: JSON
    searcher_value: AnySearcher
    ends: RunEnds
    input: Input | None = None
    metric: str | None = None
    minimize: bool | None = field(default=None, validator=require_flag)
    budget: Budget | Budgets | None = None
    stopping: JSON = None  # the rule that stops hopeless trials; None: none
    stopping_rule: AnyStoppingRule | None = None  # itself
    seed: int = field(default=0, converter=read_seed)
    keep_models: int | None = field(default=None, converter=as_integer, validator=optional(require_count))

    def choose_objective(self, evaluation: Evaluation) -> Objective:
        """The objective; raises what is wrong with it, and with the stopping rule."""
        objective = evaluation.choose_objective(self.metric, self.minimize)
        if self.stopping is not None:
            require_reported(evaluation, objective.metric)
        return objective

    def add_own_rule(self) -> "SearchRequest":
        """The same search with the stopping rule that its searcher brings; BadArgument where there is another one."""
        logged, rule = choose_rule(self.searcher_value, self.budgets, self.stopping, self.stopping_rule)
        return evolve(self, stopping=logged, stopping_rule=rule)

    @property
    def budgets(self) -> Budgets | None:
        """The budgets among which its searcher chooses; None where there is one."""
        return None if self.budget is None or isinstance(self.budget, Budget) else self.budget

    def choose_budget(self, evaluation: Evaluation) -> Budget:
        """What a trial may spend, or the largest of several budgets; raises what is wrong with any of them."""
        budget = self.budget or evaluation.usual_budget
        rungs = find_rungs(self.searcher_value, budget)
        require_rungs(evaluation, budget, rungs)
        return rungs[-1]


def read_request(
    space: Term | Callable[..., Term] | str,
    evaluation: Evaluation | Callable[..., Any] | str | None,
    searcher: AnySearcher | str,
    ends: GivenEnds,
    *,
    objective: Objective | str | None,
    minimize: bool | None,
    budget: GivenBudgets | None,
    input: Input | Shape | str | None,  # noqa: A002  (what it is called everywhere)
    stopping: AnyStoppingRule | str | None,
    seed: int = 0,
    keep_models: int | None = None,
) -> SearchRequest:
    """The search of what a person gives to a function, as values or texts, without any rule of its searcher's.

    Raises what is wrong with any of it.
    """
    read_evaluation = read_evaluation_argument(evaluation)
    metric, minimize = name_objective(objective, minimize)
    logged_searcher, searcher_value = read_searcher(searcher)
    budgets = read_budgets(budget)
    logged_rule, stopping_rule = read_stopping_rule(stopping)
    return SearchRequest(
        space=read_space(space),
        evaluation=read_evaluation,
        searcher=logged_searcher,
        searcher_value=searcher_value,
        ends=choose_ends(ends),
        input=read_input(input),
        metric=metric,
        minimize=minimize,
        budget=budgets,
        stopping=logged_rule,
        stopping_rule=stopping_rule,
        seed=seed,
        keep_models=keep_models,
    )


@frozen
class SearchPlan:
    """A search whose data, input and space are known; what a person's function says of itself may not be as yet."""

    request: SearchRequest
    space: Term
    input: Input
    evaluation: Evaluation
    data: DataInfo | None
    reports_epochs: bool = True  # False: what evaluates the trials says nothing until they end

    @property
    def problem(self) -> Problem:
        """What the search is about."""
        can_continue = self.evaluation.can_continue
        return Problem(self.space, self.input, self.budget, self.objective, self.request.budgets, can_continue)

    @property
    def budget(self) -> Budget:
        """What a trial may spend, or the largest of several budgets."""
        return self.request.choose_budget(self.evaluation)

    def list_idle_rules(self) -> Sequence[str]:
        """A sentence where its stopping rule never hears of an epoch."""
        if self.request.stopping is None or self.reports_epochs:
            return []
        return [f"the stopping rule does nothing: {self.evaluation.description} has no parameter report"]

    @property
    def objective(self) -> Objective:
        """The metric that the search is about."""
        return self.request.choose_objective(self.evaluation)


def plan_search(request: SearchRequest) -> SearchPlan:
    """The plan of a search, with a warning of settings that do nothing.

    Raises what is wrong with the data and the space, and what does not go together.
    """
    evaluation = request.evaluation
    with guard_evaluation(evaluation):
        request.choose_objective(evaluation)  # raises what is wrong before any data is read
        require_total_of(request.choose_budget(evaluation), request.ends.total)
        data = evaluation.describe_data()
        defined = evaluation.define_input(request.input, request.space.input, data)
        model_input = defined.input or DEFAULT_INPUT
        built = request.space.build(model_input, defined.classes or DEFAULT_CLASSES)
        space = defined.evaluation.complete_space(built)
        defined.evaluation.check_space(space, model_input, data)
        warn(defined.evaluation.list_overruled_settings(space))
    for source in name_kinds(space, request.space.source):
        trust_named_source(source)
    return SearchPlan(request, space, model_input, defined.evaluation, data)


def complete_plan(plan: SearchPlan, description: FunctionDescription | None) -> SearchPlan:
    """The plan that knows what a person's function says of itself, with a warning of what is given for nothing.

    Raises what does not go together with that.
    """
    evaluation = plan.evaluation.complete(description, metric=plan.request.metric)
    if plan.request.budget is not None and evaluation.reads_budget is False:
        reason = "reads none" if evaluation.user_function is None else "has no parameter budget"
        warn([f"budget does nothing: {evaluation.description} {reason}"])
    reports_epochs = description is None or "report" in description
    completed = evolve(plan, evaluation=evaluation, reports_epochs=reports_epochs)
    warn(completed.list_idle_rules())
    return completed


def make_start(plan: SearchPlan) -> RunStarted:
    """The first event of the run of a complete plan; InvalidEnd where it has a total of budgets that nothing reads."""
    request, keep_models = plan.request, plan.request.keep_models
    require_total_of(plan.budget, request.ends.total, reads_budget=plan.evaluation.reads_budget is not False)
    return RunStarted(
        space=to_json(plan.space),
        space_source=request.space.source,
        kind_sources=name_kinds(plan.space, request.space.source),
        kind_code=describe_kind_code(plan.space, request.space.source),
        input_shape=plan.input.shape,
        input=input_to_text(plan.input),
        searcher=request.searcher,
        evaluator=evaluation_to_json(plan.evaluation),
        objective=plan.objective,
        budget=plan.budget,
        seed=request.seed,
        **request.ends.by_name,
        versions=collect_versions(),
        keep_models=int(plan.evaluation.leaves_models) if keep_models is None else keep_models,
        stopping=request.stopping,
        data=images_to_json(plan.data),
        reads_budget=plan.evaluation.reads_budget is not False,
        budgets=None if request.budgets is None else str(request.budgets),
        can_continue=plan.evaluation.can_continue,
    )


@contextmanager
def open_plan(plan: SearchPlan, options: RunOptions) -> Generator[tuple[SearchPlan, Evaluator]]:
    """The complete plan, and what evaluates its trials, warm; closed after the block.

    Where a person's source turns out to name an evaluation rather than a function, or a function that is a table, that
    is loaded in this process, and planned with from the beginning. Raises what `open_evaluator`, `load_own_evaluation`,
    `plan_search` and `complete_plan` do.
    """
    source = plan.request.space.source
    with ExitStack() as opened:
        evaluator, description = opened.enter_context(open_evaluator(plan.evaluation, options, source, plan.space))
        function = plan.evaluation.user_function
        defined = None
        if function is not None and description is not None and description.is_evaluation:
            defined = trust_named_sources(load_own_evaluation(function))
        elif function is not None and description is not None and function.uses_workers and description.table:
            defined = evolve(function, **description.table)
        if defined is not None:
            opened.close()
            plan = plan_search(evolve(plan.request, evaluation=defined))
            evaluator, description = opened.enter_context(open_evaluator(plan.evaluation, options, source, plan.space))
        yield complete_plan(plan, description), evaluator
