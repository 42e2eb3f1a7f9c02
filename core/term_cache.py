"""A cache on each term: results of functions of a term, such as the next step of a traversal for an input shape."""

from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Any, TypeVar, cast

from archwright.core.environment import EMPTY_ENVIRONMENT, Environment
from archwright.core.taken_input import require_space
from archwright.core.term import Term
from archwright.core.value import Value

CachedFunction = TypeVar("CachedFunction", bound=Callable[..., Any])

MAX_CACHED_RESULTS = 100_000  # of one term
MAX_RARE_RESULTS = 64  # of one term, of those that depend on rare values
MAX_NEW_RESULTS = 1024  # of one term, of those that were asked for once


def cache_on_term(function: CachedFunction) -> CachedFunction:
    """`function`, with its results cached on the term that is its first argument: one call for equal arguments.

    It takes a term alone, or a term, its input shape or shapes, the environment, values of the term's own
    hyperparameters, and perhaps one thing more that it depends on; and it never returns None. It sees no more of the
    environment than the keys of the term, so the others make no difference. A result that is asked for again stays.
    What depends on a rare value, one of the reals or of a long range, soon makes room, as does what is asked for once:
    its shape may follow from a rare value elsewhere.
    """

    @wraps(function)
    def call(term: Term, shapes: Any, environment: Environment, values: tuple[Value, ...], more: Any = None) -> Any:
        try:
            plan = term.plan
        except AttributeError:  # asked here, where every question about a space comes by, and at no cost to the others
            require_space(term)
            raise
        keys = plan.keys
        key = (function, shapes, values, tuple([environment.get(k) for k in keys]) if keys else (), more)
        result = plan.cache.get(key)
        if result is None:
            result = plan.new_cache.pop(key, None)
            if result is not None:
                store_result(plan.cache, MAX_CACHED_RESULTS, key, result)
            else:
                result = plan.rare_cache.get(key)
        if result is None:
            relevant = _restrict(environment, keys) if keys else EMPTY_ENVIRONMENT
            result = function(term, shapes, relevant, values, *([] if more is None else [more]))
            if len(values) > plan.first_rare or any(name in relevant for name in plan.rare_shared):
                store_result(plan.rare_cache, MAX_RARE_RESULTS, key, result)
            else:
                store_result(plan.new_cache, MAX_NEW_RESULTS, key, result)
        return result

    return cast(CachedFunction, _cache_alone(function) if len(signature(function).parameters) == 1 else call)


def _cache_alone(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same for a function of a term alone."""

    @wraps(function)
    def call(term: Term) -> Any:
        cache = term.plan.cache
        result = cache.get(function)
        if result is None:
            result = cache[function] = function(term)
        return result

    return call


def _restrict(environment: Environment, keys: tuple[Any, ...]) -> Environment:
    """The part of an environment that is about these keys."""
    relevant = {key: environment[key] for key in keys if key in environment}
    if len(relevant) == len(environment):
        return environment
    return Environment(relevant) if relevant else EMPTY_ENVIRONMENT


def store_result(cache: dict[Any, Any], limit: int, key: Any, result: Any) -> Any:
    """The result, which is added to a cache; that is cleared first if it is full."""
    if len(cache) >= limit:
        cache.clear()
    cache[key] = result
    return result
