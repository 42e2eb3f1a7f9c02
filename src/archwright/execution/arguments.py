"""What people give to the functions of the package: values, or the texts of the command line."""

from collections.abc import Callable, Iterable, Mapping
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
from archwright.core.words import format_words
from archwright.evaluate.building import EVALUATION_KIND
from archwright.evaluate.evaluation import Evaluation
from archwright.evaluate.evaluation_kinds import find_kind, is_class_named
from archwright.evaluate.functions.callables import wrap_callable
from archwright.evaluate.logged_evaluations import find_user_code
from archwright.evaluate.named_evaluations import parse_evaluation
from archwright.evaluate.training.evaluation import Training
from archwright.execution.checks import BadArgument, check_mapping
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
    _trust_sources((*own, *find_user_code(evaluation)))
    return evaluation


def _trust_sources(sources: Iterable[str]) -> None:
    for source in sources:
        trust_named_source(source)


def read_searcher(searcher: AnySearcher | str) -> tuple[JSON, AnySearcher]:
    """What the log holds of a searcher, and itself; raises what `SEARCHER_KIND` does of a text or value that is none.

    Code that a text names, or a value is of, is trusted in the logs of this person from now on.
    """
    return _read_configured(SEARCHER_KIND, searcher)


def read_fork_searcher(
    logged: JSON,
    searcher: AnySearcher | str | None,
    settings: Mapping[str, JSON] | None,
    given: AnySearcher | None = None,
    *,
    trusted: bool,
) -> tuple[JSON, AnySearcher | None]:
    """What the log holds of a fork's searcher, and itself: another one, or the run's with other settings.

    None, and the run's own as it was `given` to this process, if it stays.

    Raises NotTrusted where the run's is code that this person does not let run, and what `read_searcher` does.
    """
    if searcher is not None and settings is not None:
        raise BadArgument("settings is for the searcher that the run has; give another searcher its settings with it")
    if settings is None:
        return (None, given) if searcher is None else read_searcher(searcher)
    check_mapping("settings", settings)
    SEARCHER_KIND.from_json(logged, trusted=trusted)  # raises NotTrusted
    name, _, own_settings = SEARCHER_KIND.parse(logged)
    written = SEARCHER_KIND.read(format_words(name, {**own_settings, **settings}))
    _trust_sources(sorted({*SEARCHER_KIND.find_sources(written)} - {*SEARCHER_KIND.find_sources(logged)}))
    return written, SEARCHER_KIND.from_json(written, trusted=True)


def read_stopping_rule(rule: AnyStoppingRule | str | None) -> tuple[JSON, AnyStoppingRule | None]:
    """What the log holds of a rule that stops hopeless trials, and itself; None for none. As `read_searcher`."""
    return (None, None) if rule is None else _read_configured(RULE_KIND, rule)


def add_own_rule(
    searcher: AnySearcher, budgets: Budget | Budgets | None, given: AnyStoppingRule | str | None
) -> AnyStoppingRule | str | None:
    """The stopping rule that is given, or that a searcher brings with it, as one does that stops instead of promoting.

    Raises BadArgument where there are both.
    """
    is_several = isinstance(budgets, BudgetRange | BudgetList)
    own = searcher.make_stopping_rule(budgets) if isinstance(searcher, StoppingSearcher) and is_several else None
    if own is not None and given is not None:
        raise BadArgument(
            f"stopping is {show(given)}, and the searcher {searcher.name} stops trials by a rule of its own; leave "
            "stopping out, or let the searcher promote trials"
        )
    return given if own is None else own


def _read_configured(kind: LoggedKind[Any], given: Any) -> tuple[JSON, Any]:
    logged = kind.read(given) if isinstance(given, str) else kind.value_to_json(given)
    _trust_sources(kind.find_sources(logged))
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
