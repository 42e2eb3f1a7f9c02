"""The shared hyperparameters chosen so far, and the values computed from them."""

from collections.abc import Iterable, Mapping
from typing import Any, NoReturn, final

from archwright.core.expression import Computed, Conditional, Expression, Picked, Shared
from archwright.core.shape import Misfit
from archwright.core.term import Term
from archwright.core.value import Value


@final
class Environment(dict[Any, Any]):
    """What is known, by its key: setting a key gives a new environment.

    The value of each shared hyperparameter that is known, by name, and under its binding what was chosen for each name
    of a let. These are few, and read far more often than set: a dict, copied for each, takes less time and memory than
    a tree of buckets.
    """

    __slots__ = ("_known_hash",)
    _known_hash: int

    def set(self, key: Any, value: Any) -> "Environment":
        """The environment in which `key` has this value; this one is unchanged."""
        return Environment({**self, key: value})

    def discard(self, key: Any) -> "Environment":
        """The environment without `key`, if that is in it."""
        if key not in self:
            return self
        return Environment((each, value) for each, value in self.items() if each != key)

    def __hash__(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]  (a dict is not hashable)
        try:
            return self._known_hash
        except AttributeError:
            self._known_hash = hash(frozenset(self.items()))
            return self._known_hash

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("an environment does not change; set gives a new one")

    __setitem__ = __delitem__ = __ior__ = _refuse
    update = setdefault = pop = popitem = clear = _refuse  # pyright: ignore[reportAssignmentType]

    def __reduce__(self) -> tuple[type["Environment"], tuple[dict[Any, Any]]]:
        return Environment, (dict(self),)


EMPTY_ENVIRONMENT = Environment()


def find_unknown(expression: Expression, environment: Mapping[str, Any], vague: tuple[type, ...] = ()) -> Shared | None:
    """The first shared hyperparameter that an expression needs and that has no value yet; None if it can be computed.

    What is `vague` in the environment is no value.
    """
    match expression:
        case Shared(name):
            is_known = name in environment and not isinstance(environment[name], vague)
            return None if is_known else expression
        case Computed(_, operands):
            inside: Iterable[object] = operands
        case Conditional(subject):
            unknown = find_unknown(subject, environment, vague)
            if unknown is not None:
                return unknown
            inside = (expression.select(environment),)
        case Picked(_, place):
            inside = (place,)
        case _:
            inside = expression.find_shared()
    unknown = (find_unknown(each, environment, vague) for each in inside if isinstance(each, Expression))
    return next((shared for shared in unknown if shared is not None), None)


def compute_value(term: Term, name: str, expression: Expression, environment: Mapping[str, Value]) -> Value:
    """The value of an expression in place of the hyperparameter `name`; Misfit if `term` cannot take it."""
    try:
        value = expression.evaluate(environment)
    except (ArithmeticError, TypeError, ValueError) as error:
        raise Misfit(f"{name} of {term.kind}, {expression}, cannot be computed: {error}") from error
    if remedy := term.check(name, value):
        raise Misfit(f"{name} of {term.kind}, {expression}, is {value!r}; {remedy}")
    return value
