"""The name that a person gives to a module, which stands in place of its position in the names of choices."""

from collections.abc import Callable
from functools import wraps
from keyword import iskeyword
from typing import Any

import attrs

from archwright.core.errors import show
from archwright.core.hyperparameter import InvalidHyperparameter
from archwright.core.late_fields import Lasting

FIELD = "given_name"
ARGUMENT = "name"


def require_name(name: object, owner: str) -> None:
    """InvalidHyperparameter unless `name`, of the module `owner`, is an identifier or empty."""
    if not isinstance(name, str):
        raise InvalidHyperparameter(f"the name of {owner} is {show(name)}; it must be a text, as in name='stem'")
    if name and (not name.isidentifier() or iskeyword(name)):
        raise InvalidHyperparameter(
            f"the name of {owner} is {show(name)}; it must be an identifier, such as stem or stage_2, since it stands "
            "in the names of choices and in exported code"
        )


def _require_name(instance: Any, _: "attrs.Attribute[str]", name: object) -> None:
    require_name(name, instance.kind)


@attrs.frozen(weakref_slot=False)
class Named(Lasting):
    """What has a name of a person's, which is a part of its value; empty for none."""

    given_name: str = attrs.field(default="", validator=_require_name, repr=False, kw_only=True, alias=ARGUMENT)


def show_name(write: Callable[[Any], str]) -> Callable[[Any], str]:
    """A `__repr__` of all other fields, with the name where there is one."""

    @wraps(write)
    def write_with_name(self: Any) -> str:
        text = write(self)
        if not self.given_name:
            return text
        argument = getattr(attrs.fields(self.__class__), FIELD).alias
        return f"{text[:-1]}{'' if text.endswith('()') else ', '}{argument}={self.given_name!r})"

    return write_with_name


def free_argument(_: type, fields: "list[attrs.Attribute[Any]]") -> "list[attrs.Attribute[Any]]":
    """The fields of a class; where one of its own takes the argument `name`, the given name is taken as `given_name`.

    A transformer of fields, as attrs has them.
    """
    if not any(field.name != FIELD and (field.alias or field.name.lstrip("_")) == ARGUMENT for field in fields):
        return fields
    return [field.evolve(alias=FIELD) if field.name == FIELD else field for field in fields]
