"""Facts about a term that are worked out once and kept on it, such as what it does next for an input shape."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from pyrsistent import pmap

from archwright.core.domain import Domain
from archwright.core.environment import EMPTY_ENVIRONMENT, Environment
from archwright.core.hyperparameter import is_tried_in_full, list_tried_values
from archwright.core.term import Plan, Term
from archwright.core.value import Value

F = TypeVar("F", bound=Callable[..., Any])

MAX_FACTS = 100_000  # of one term
MAX_PASSING_FACTS = 64  # of one term, about values that hardly come again


def remember_on_term(function: F) -> F:
    """`function`, called once for each term and other arguments; what it gives is a fact about the term, never None.

    It takes a term alone, or a term, its input shape or shapes, the environment, and values of its own
    hyperparameters. Of the environment it sees the shared hyperparameters of the term alone, so that a fact is found
    again whatever others are. Facts about a value that hardly comes again, one of the reals or of a long range, make
    room for the next ones.
    """

    @wraps(function)
    def recall(term: Term, *arguments: Any) -> Any:
        plan = term.plan
        if not arguments:
            fact = plan.facts.get(function)
            if fact is None:
                fact = plan.facts[function] = function(term)
            return fact
        shapes, environment, values = arguments
        shared = plan.shared
        if shared:
            key = (function, shapes, values, tuple([environment.get(s.name) for s in shared]))
        else:
            key = (function, shapes, values)
        fact = plan.facts.get(key)
        if fact is None:
            fact = plan.passing_facts.get(key)
            if fact is None:
                environment = _restrict(environment, term)
                fact = function(term, shapes, environment, values)
                _keep(plan, key, fact, _comes_again(plan, environment, values))
        return fact

    return cast(F, recall)


def _restrict(environment: Environment, term: Term) -> Environment:
    """What is known of the shared hyperparameters of a term."""
    known = {s.name: environment[s.name] for s in term.plan.shared if s.name in environment}
    if len(known) == len(environment):
        return environment
    return pmap(known) if known else EMPTY_ENVIRONMENT


def _keep(plan: Plan, key: Any, fact: Any, comes_again: bool) -> None:
    if not comes_again:
        if len(plan.passing_facts) >= MAX_PASSING_FACTS:
            plan.passing_facts.clear()
        plan.passing_facts[key] = fact
    elif len(plan.facts) < MAX_FACTS:
        plan.facts[key] = fact


def _comes_again(plan: Plan, environment: Environment, values: tuple[Value, ...]) -> bool:
    """Whether each value is one of a few, or one that stands for many others."""
    own = zip(plan.slots, values, strict=False)
    chosen = [(slot, value) for slot, value in own if isinstance(slot, Domain)]
    chosen += [(s.domain, environment[s.name]) for s in plan.shared if s.name in environment]
    return all(is_tried_in_full(domain) or value in list_tried_values(domain) for domain, value in chosen)
