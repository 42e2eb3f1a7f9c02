"""The shared hyperparameters chosen so far, and the values computed from them."""

from collections.abc import Mapping
from typing import Any

from pyrsistent import PMap, pmap

from archwright.core.expression import Expression, Shared
from archwright.core.shape import Misfit
from archwright.core.term import Term
from archwright.core.value import Value

# The value of each shared hyperparameter that is known, by name, and under its binding what was chosen for each name of
# a let.
Environment = PMap[Any, Any]

EMPTY_ENVIRONMENT: Environment = pmap()


def find_unknown(expression: Expression, environment: Mapping[str, Value]) -> Shared | None:
    """The first shared hyperparameter in an expression that has no value yet; None if its value can be computed."""
    return next((s for s in expression.find_shared() if s.name not in environment), None)


def compute_value(term: Term, name: str, expression: Expression, environment: Mapping[str, Value]) -> Value:
    """The value of an expression in place of the hyperparameter `name`; Misfit if `term` cannot take it."""
    try:
        value = expression.evaluate(environment)
    except (ArithmeticError, TypeError, ValueError) as error:
        raise Misfit(f"{name} of {term.kind}, {expression}, cannot be computed: {error}") from error
    if remedy := term.check(name, value):
        raise Misfit(f"{name} of {term.kind}, {expression}, is {value!r}; {remedy}")
    return value
