"""Fields that a class got in a later release: where an earlier one pickled a value, they have their defaults."""

from typing import Any, cast

import attrs


class Lasting:
    """A value whose pickles last: of a field that is not in one, the default is read.

    The default must be the content of the field as it is where nothing is given, after its converter.
    """

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        # Asked for what is not set alone: a value that was made has all of its fields.
        return fill_in(self, name)


def fill_in(value: Any, name: str) -> Any:
    """What a field has that is not set, which it has from now on; AttributeError for what is no field with a default.

    What is derived of other fields is derived again.
    """
    kind = cast(type[Any], type(value))
    fields: tuple[attrs.Attribute[Any], ...] = getattr(kind, "__attrs_attrs__", ())
    field = next((field for field in fields if field.name == name), None)
    if field is None or (field.init and field.default is attrs.NOTHING):
        raise AttributeError(f"{kind.__name__} has no attribute {name!r}")
    if not field.init:
        value.__attrs_post_init__()
        return object.__getattribute__(value, name)
    object.__setattr__(value, name, field.default)
    return field.default
