"""The hyperparameters of a module: what may be written in such a field, and what it may be."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs

from archwright.core.domain import Domain, Values, values
from archwright.core.errors import ArchwrightError
from archwright.core.expression import Expression
from archwright.core.value import Value, as_sequence, as_value

Entry = Value | Domain | Expression  # what a hyperparameter's field holds: closed if it is a value
Check = Callable[[Value], str | None]  # what is wrong with a value, or None

V = TypeVar("V", bool, int, float, str)


class InvalidHyperparameter(ArchwrightError, ValueError):
    """A value that makes no sense for a module whatever its input is."""


if TYPE_CHECKING:

    class Hyperparameter(Generic[V]):
        """The type of a field that takes a value, a list of them, a domain or an expression; read, it is a value."""

        def __get__(self, instance: object, owner: object) -> V: ...
        def __set__(self, instance: object, value: V | Sequence[V] | Domain | Expression) -> None: ...

else:

    class Hyperparameter(Generic[V]):
        """The type of a field that takes a value, a list of them, a domain or an expression; read, it is a value."""


def entry(given: Any) -> Entry:
    """What a hyperparameter's field holds for what a person wrote there: a list, range or array is a finite domain."""
    if isinstance(given, Domain | Expression):
        return given
    options = as_sequence(given)
    return as_value(given) if options is None else values(*options)


def one_of(*options: Value) -> Check:
    """A check that a value is among `options`."""
    shown = ", ".join(map(repr, options))
    return lambda value: None if value in options else f"it may be one of {shown}"


def integer(low: int = 1) -> Check:
    """A check that a value is an integer of `low` or more."""

    def check(value: Value) -> str | None:
        good = isinstance(value, int) and not isinstance(value, bool) and value >= low
        return None if good else f"it must be an integer of {low} or more"

    return check


def number(low: float = float("-inf"), high: float = float("inf")) -> Check:
    """A check that a value is a number between `low` and `high`."""

    def check(value: Value) -> str | None:
        good = isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high
        return None if good else f"it must be a number from {low:g} to {high:g}"

    return check


def probes(held: Entry) -> Iterator[Value]:
    """The values of a field that are checked when its module is made; those of expressions wait for the traversal."""
    if isinstance(held, Domain):
        large = not isinstance(held, Values) and (held.size is None or held.size > 4096)
        yield from (held.from_unit(0.0), held.from_unit(1.0)) if large else held
    elif not isinstance(held, Expression):
        yield held


def _checked(instance: Any, attribute: "attrs.Attribute[Any]", held: Entry) -> None:
    for value in probes(held):
        if remedy := instance.check(attribute.name, value):
            raise InvalidHyperparameter(f"{attribute.name} of {instance.kind} is {value!r}; {remedy}")


def hyperparameter(check: Check | None = None, *, default: Any = attrs.NOTHING) -> Any:
    """A field that holds a hyperparameter: `check` judges each value that is written there or computed for it."""
    metadata = {"role": "hyperparameter", "check": check}
    return attrs.field(converter=entry, validator=_checked, default=default, metadata=metadata)
