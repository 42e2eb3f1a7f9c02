"""Facts about a term that are worked out once and kept on it, such as what it does next for an input shape."""

from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Any, TypeVar, cast

from pyrsistent import pmap

from archwright.core.environment import EMPTY_ENVIRONMENT, Environment
from archwright.core.expression import Shared
from archwright.core.term import Plan, Term
from archwright.core.value import Value

FactFunction = TypeVar("FactFunction", bound=Callable[..., Any])

MAX_FACTS = 100_000  # of one term
MAX_PASSING_FACTS = 64  # of one term, about values that hardly come again


def remember_on_term(function: FactFunction) -> FactFunction:
    """`function`, whose results are kept on the term that is its first argument: it is called once for equal arguments.

    It takes a term alone, or a term, its input shape or shapes, the environment, and values of the term's own
    hyperparameters, and never gives None. It sees no more of the environment than the shared hyperparameters of the
    term, so the others make no difference. Results that depend on a value which hardly comes again, one of the reals or
    of a long range, soon make room for later ones.
    """

    @wraps(function)
    def recall(term: Term, shapes: Any, environment: Environment, values: tuple[Value, ...]) -> Any:
        plan = term.plan
        shared = plan.shared
        if shared:
            key = (function, shapes, values, tuple([environment.get(s.name) for s in shared]))
        else:
            key = (function, shapes, values)
        fact = plan.facts.get(key)
        if fact is None:
            fact = plan.passing_facts.get(key)
            if fact is None:
                known = _restrict(environment, shared) if shared else EMPTY_ENVIRONMENT
                fact = function(term, shapes, known, values)
                is_passing = len(values) > plan.recurring or any(name in known for name in plan.rare_shared)
                _keep(plan, key, fact, is_passing)
        return fact

    @wraps(function)
    def recall_of_term(term: Term) -> Any:
        facts = term.plan.facts
        fact = facts.get(function)
        if fact is None:
            fact = facts[function] = function(term)
        return fact

    return cast(FactFunction, recall_of_term if len(signature(function).parameters) == 1 else recall)


def _restrict(environment: Environment, shared: tuple[Shared, ...]) -> Environment:
    """The part of an environment that is about these shared hyperparameters."""
    known = {s.name: environment[s.name] for s in shared if s.name in environment}
    if len(known) == len(environment):
        return environment
    return pmap(known) if known else EMPTY_ENVIRONMENT


def _keep(plan: Plan, key: Any, fact: Any, is_passing: bool) -> None:
    if is_passing:
        if len(plan.passing_facts) >= MAX_PASSING_FACTS:
            plan.passing_facts.clear()
        plan.passing_facts[key] = fact
    elif len(plan.facts) < MAX_FACTS:
        plan.facts[key] = fact
