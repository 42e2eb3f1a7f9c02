"""Expressions solved for their shared hyperparameter: which values of it give a value of the expression."""

import math
from collections.abc import Mapping

from archwright.core.environment import find_unknown
from archwright.core.expression import Computed, Conditional, Expression, Picked, Shared
from archwright.core.value import Value

MAX_SOLUTIONS = 4096  # of a division without remainder, which many values give


def solve(expression: Expression, value: Value, environment: Mapping[str, Value]) -> list[Value] | None:
    """The values of the only unknown shared hyperparameter of an expression that may make it `value`.

    None where that is not known: of several unknown ones, one that comes twice, a remainder, and where any of many
    values does. Not each of the values is of the hyperparameter's domain, and rounding may make one not give `value`.
    """
    if isinstance(expression, Shared):
        return [value]
    if isinstance(expression, Picked):
        places: list[Value] = [i for i, option in enumerate(expression.options) if option == value]
        return _solve_each(expression.place, places, environment)
    if isinstance(expression, Conditional):
        if find_unknown(expression.subject, environment) is not None:
            return None
        operand = expression.select(environment)
        return solve(operand, value, environment) if isinstance(operand, Expression) else []
    assert isinstance(expression, Computed)
    left, right = expression.operands
    unknown = [isinstance(o, Expression) and find_unknown(o, environment) is not None for o in (left, right)]
    if unknown == [True, True]:
        return None
    inner, other = (left, right) if unknown[0] else (right, left)
    assert isinstance(inner, Expression)
    try:
        known = other.evaluate(environment) if isinstance(other, Expression) else other
        operands = _invert(expression.operator, known, value, on_left=unknown[0])
    except (ArithmeticError, TypeError, ValueError):
        return None
    return None if operands is None else _solve_each(inner, operands, environment)


def _solve_each(expression: Expression, values: list[Value], environment: Mapping[str, Value]) -> list[Value] | None:
    """The solutions for any of these values of an expression."""
    solutions: list[Value] = []
    for value in values:
        of_value = solve(expression, value, environment)
        if of_value is None:
            return None
        solutions += of_value
    return solutions


def _invert(operator: str, known: Value, value: Value, *, on_left: bool) -> list[Value] | None:
    """The operands beside the `known` one that may give `value`, on the left or on the right of an operator."""
    if isinstance(known, str | bool) or isinstance(value, str | bool):
        return None
    match operator:
        case "+":
            return _round(value - known)
        case "-":
            return _round(value + known if on_left else known - value)
        case "*" if known != 0:
            return _divide(value, known)
        case "/" if on_left:
            return _round(value * known)
        case "/" if value != 0:
            return _divide(known, value)
        case "//" if on_left and isinstance(known, int) and isinstance(value, int) and 0 < abs(known) <= MAX_SOLUTIONS:
            return [value * known + rest for rest in range(min(0, known + 1), max(1, known))]
        case "min" if value != known:
            return [value] if value < known else []
        case "max" if value != known:
            return [value] if value > known else []
        case _:
            return None


def _divide(value: float, by: float) -> list[Value]:
    if isinstance(value, int) and isinstance(by, int) and value % by == 0:
        return [value // by]
    return _round(value / by)


def _round(number: float) -> list[Value]:
    """A number, and of a float the next ones, one of which may be that from which it was computed."""
    if isinstance(number, int):
        return [number]
    return [number, math.nextafter(number, math.inf), math.nextafter(number, -math.inf)]
