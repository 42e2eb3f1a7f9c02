"""The hyperparameters of a module: what may be written in such a field, and which of its values are analyzed."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs

from archwright.core.domain import Domain, Values, values
from archwright.core.errors import ArchwrightError, show
from archwright.core.expression import Expression
from archwright.core.value import InvalidDomain, Value, as_sequence, as_value

# What the field of a hyperparameter holds: its value, or, where it is open, the rest.
Slot = Value | Domain | Expression
Check = Callable[[Value], str | None]  # what is wrong with a value, or None

V = TypeVar("V", bool, int, float, str)

MAX_ANALYZED_VALUES = 4096  # of a range; where it has more, a few of them stand for all


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


def as_slot(written: Any) -> Slot:
    """What a hyperparameter's field holds for what a person wrote there: a list, range or array is a finite domain."""
    if isinstance(written, Domain | Expression):
        return written
    options = as_sequence(written)
    return as_value(written) if options is None else values(*options)


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


def hyperparameter(check: Check | None = None, *, default: Any = attrs.NOTHING, is_optional: bool = False) -> Any:
    """A field that holds a hyperparameter: `check` judges each value that is written there or computed for it.

    One that a kind got later is optional: it is in JSON only where it is not the default.
    """
    metadata = {"role": "hyperparameter", "check": check, "optional": is_optional}
    converter = attrs.Converter(_as_field_slot, takes_self=True, takes_field=True)
    return attrs.field(converter=converter, validator=_require_valid, default=default, metadata=metadata)


def named_hyperparameters() -> Any:
    """A field that holds hyperparameters under names of one's own: pairs of a name and what is written for it."""
    metadata = {"role": "named hyperparameters"}
    converter = attrs.Converter(_as_named_slots, takes_self=True)
    return attrs.field(converter=converter, validator=_require_all_valid, metadata=metadata)


def _as_field_slot(written: Any, instance: Any, attribute: "attrs.Attribute[Any]") -> Slot:
    return _as_slot_of(instance, attribute.name, written)


def _as_named_slots(written: Any, instance: Any) -> tuple[tuple[str, Slot], ...]:
    return tuple((name, _as_slot_of(instance, name, slot)) for name, slot in written)


def _as_slot_of(instance: Any, name: str, written: Any) -> Slot:
    try:
        return as_slot(written)
    except InvalidDomain as error:
        place = f"{name} of {instance.kind}"
        if not hasattr(written, "subterms"):
            raise InvalidDomain(f"{place}: {error}") from None
        order = ", ".join(a.name for a in attrs.fields(instance.__class__) if not a.kw_only)
        raise InvalidDomain(
            f"{place} is the module {written.kind}, where values belong; the order is {instance.kind}({order})"
        ) from None


def _require_valid(instance: Any, attribute: "attrs.Attribute[Any]", slot: Slot) -> None:
    _require_valid_slot(instance, attribute.name, slot)


def _require_all_valid(instance: Any, _: "attrs.Attribute[Any]", slots: tuple[tuple[str, Slot], ...]) -> None:
    for name, slot in slots:
        _require_valid_slot(instance, name, slot)


def _require_valid_slot(instance: Any, name: str, slot: Slot) -> None:
    for value in list_checked_values(slot):
        if remedy := instance.check(name, value):
            raise InvalidHyperparameter(f"{name} of {instance.kind} is {show(value)}; {remedy}")


def list_checked_values(slot: Slot) -> Iterator[Value]:
    """The values of a field that are checked when its module is made: all, or of a long range its ends.

    Values of expressions are checked in the traversal, where they are known.
    """
    if isinstance(slot, Domain):
        yield from slot if is_analyzed_in_full(slot) else (slot.from_unit(0.0), slot.from_unit(1.0))
    elif not isinstance(slot, Expression):
        yield slot


def is_analyzed_in_full(domain: Domain) -> bool:
    """Whether the analysis looks at each value of a domain: of a list always, of a range if it is not too long."""
    return isinstance(domain, Values) or (domain.size is not None and domain.size <= MAX_ANALYZED_VALUES)


def list_analyzed_values(domain: Domain) -> list[Value]:
    """The values of a domain that the analysis looks at: all, or the ends and the middle of a long range."""
    return list(domain) if is_analyzed_in_full(domain) else [domain.plain.from_unit(u) for u in (0.0, 0.5, 1.0)]
