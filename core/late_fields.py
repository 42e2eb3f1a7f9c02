"""Fields that a class got in a later release: where an earlier one pickled a value, they have their defaults."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import attrs

Restore = Callable[[Any, Any], None]  # gives a new value the state that was pickled


class Lasting:
    """A value whose pickles last: a field that is not in one has its default.

    The default must be the content of the field as it is where nothing is given, after its converter.
    """

    __slots__ = ()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        # attrs makes a slotted class out of the one that was written, with the method that restores its values. They
        # are completed there: a `__getattr__` that did so later would make every attribute slower to read.
        if "__attrs_attrs__" in cls.__dict__ and (restore := cls.__dict__.get("__setstate__")):
            cls.__setstate__ = _complete(restore)


def _complete(restore: Restore) -> Restore:
    @wraps(restore)
    def restore_all(value: Any, state: Any) -> None:
        restore(value, state)
        _fill_in(value)

    return restore_all


def _fill_in(value: Any) -> None:
    """Give the fields that are not set their defaults; what is derived of other fields is derived again."""
    fields: tuple[attrs.Attribute[Any], ...] = attrs.fields(type(value))  # pyright: ignore[reportUnknownArgumentType]
    unset = [field for field in fields if not hasattr(value, field.name)]
    for field in unset:
        if field.init and field.default is not attrs.NOTHING:
            object.__setattr__(value, field.name, field.default)
    if any(not field.init for field in unset):
        value.__attrs_post_init__()
