"""What people give to the functions of the package: values, or the texts of the command line."""

from collections.abc import Callable, Iterable
from typing import Any

from archwright.core.budget import (
    Budget,
    BudgetList,
    BudgetRange,
    Budgets,
    GivenBudgets,
    InvalidBudget,
    parse_budget,
    parse_budgets,
)
from archwright.core.errors import ArchwrightError, show
from archwright.core.json import JSON
from archwright.core.objective import Objective
from archwright.evaluate.building import EVALUATION_KIND
from archwright.evaluate.evaluation import Evaluation
from archwright.evaluate.evaluation_kinds import find_kind, is_class_named
from archwright.evaluate.functions.callables import wrap_callable
from archwright.evaluate.logged_evaluations import find_user_code
from archwright.evaluate.named_evaluations import parse_evaluation
from archwright.evaluate.training.evaluation import Training
from archwright.execution.checks import BadArgument
from archwright.execution.spaces import trust_named_source
from archwright.search.logged_extensions import LoggedKind
from archwright.search.named import SEARCHER_KIND
from archwright.search.named_rules import RULE_KIND
from archwright.search.searcher import AnySearcher
from archwright.search.stopping_rule import AnyStoppingRule, StoppingSearcher


class TwoDirections(ArchwrightError, ValueError):
    """An objective that says its direction, and the direction again."""


def read_evaluation_argument(evaluation: Evaluation | Callable[..., Any] | str | None) -> Evaluation:
    """The evaluation: a value as it is, a function as one, a text as `parse_evaluation` does; None: a training.

    Raises NotAnEvaluation of a class of evaluations.
    """
    given: Any = Training() if evaluation is None else evaluation
    if isinstance(given, str):
        given = parse_evaluation(given)
    if not EVALUATION_KIND.has_members(given):
        given = wrap_callable(given)
    EVALUATION_KIND.require_value(given)
    return trust_named_sources(given)


def trust_named_sources(evaluation: Evaluation) -> Evaluation:
    """An evaluation that a person gives, whose code the logs of this person may name from now on."""
    own = [find_kind(type(evaluation))] if is_class_named(type(evaluation)) else []
    trust_sources((*own, *find_user_code(evaluation)))
    return evaluation


def trust_sources(sources: Iterable[str]) -> None:
    """Let the logs of this person name that code from now on."""
    for source in sources:
        trust_named_source(source)


def read_searcher(searcher: AnySearcher | str) -> tuple[JSON, AnySearcher]:
    """What the log holds of a searcher, and itself; raises what `SEARCHER_KIND` does of a text or value that is none.

    Code that a text names, or a value is of, is trusted in the logs of this person from now on.
    """
    return _read_configured(SEARCHER_KIND, searcher)


def read_stopping_rule(rule: AnyStoppingRule | str | None) -> tuple[JSON, AnyStoppingRule | None]:
    """What the log holds of a rule that stops hopeless trials, and itself; None for none. As `read_searcher`."""
    return (None, None) if rule is None else _read_configured(RULE_KIND, rule)


def make_own_rule(searcher: AnySearcher, budgets: Budget | Budgets | None) -> AnyStoppingRule | None:
    """The stopping rule that a searcher brings with it, as one does that stops instead of promoting; None of others."""
    is_several = isinstance(budgets, BudgetRange | BudgetList)
    return searcher.make_stopping_rule(budgets) if isinstance(searcher, StoppingSearcher) and is_several else None


def require_no_rule(searcher: AnySearcher | None, budgets: Budget | Budgets | None) -> None:
    """Nothing, unless a searcher stops trials by a rule of its own, which a study does not: then BadArgument."""
    if searcher is not None and make_own_rule(searcher, budgets) is not None:
        raise BadArgument(
            f"searcher {searcher.name} is to stop trials early, and the trials of a study are trained by "
            "whoever asks for them; take one that promotes trials, as asha does by itself"
        )


def choose_rule(
    searcher: AnySearcher, budgets: Budget | Budgets | None, logged: JSON, given: AnyStoppingRule | None
) -> tuple[JSON, AnyStoppingRule | None]:
    """What the log holds of the stopping rule of a run with that searcher, and itself: the given one, or its own.

    Raises BadArgument where there are both.
    """
    own = make_own_rule(searcher, budgets)
    if own is None:
        return logged, given
    if logged is not None:
        raise BadArgument(
            f"stopping is {show(RULE_KIND.parse(logged)[0])}, and the searcher {searcher.name} stops trials by a rule "
            "of its own; leave stopping out, or let the searcher promote trials"
        )
    return RULE_KIND.value_to_json(own), own


def _read_configured(kind: LoggedKind[Any], given: Any) -> tuple[JSON, Any]:
    logged = kind.read(given) if isinstance(given, str) else kind.value_to_json(given)
    trust_sources(kind.find_sources(logged))
    return logged, kind.from_json(logged, trusted=True) if isinstance(given, str) else given


def name_objective(objective: Objective | str | None, minimize: bool | None) -> tuple[str | None, bool | None]:
    """The metric, and whether it is to be minimized; None where the evaluation says it.

    Raises TwoDirections, and BadArgument of anything but an objective or the name of a metric.
    """
    if objective is None or isinstance(objective, str):
        return objective, minimize
    if not isinstance(objective, Objective):  # pyright: ignore[reportUnnecessaryIsInstance]  (what people give)
        raise BadArgument(
            f"objective is {show(objective)}; write the name of a metric, aw.maximize(name) or aw.minimize(name)"
        )
    if minimize is not None:
        raise TwoDirections(f"minimize is {minimize}, and the objective says its own direction; leave minimize out")
    return objective.metric, objective.direction == "minimize"


def read_budget(budget: Budget | str | None) -> Budget | None:
    """What a trial may spend; None: as usual. Raises InvalidBudget."""
    if budget is None or isinstance(budget, Budget):
        return budget
    if not isinstance(budget, str):  # pyright: ignore[reportUnnecessaryIsInstance]  (what people give)
        raise InvalidBudget(f"budget is {show(budget)}; write a number and a unit, as in 5epochs, 30s or 50000examples")
    return parse_budget(budget)


def read_budgets(budget: GivenBudgets | None) -> Budget | Budgets | None:
    """What a trial may spend, or a range or a list of it; None: as usual. Raises InvalidBudget and DifferentUnits."""
    if budget is None or isinstance(budget, Budget | BudgetRange | BudgetList):
        return budget
    if isinstance(budget, list | tuple):
        return BudgetList(budget)
    if not isinstance(budget, str):  # pyright: ignore[reportUnnecessaryIsInstance]  (what people give)
        raise InvalidBudget(
            f"budget is {show(budget)}; write a number and a unit, as in 5epochs or 30s, a range as in "
            "1epochs..27epochs, or a list as in 12epochs,200epochs; in Python also ['12epochs', '200epochs']"
        )
    return parse_budgets(budget)
