"""Settings: each says once what it may be, what it means and where it is from; refusals, help and documentation follow.

A setting is a field of a frozen attrs class, such as a searcher, a stopping rule or a training recipe, and is made by
one of the functions below; a plain field is held to its type. Its values are plain JSON, so that a log can hold them.
"""

import sys
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, final

import attrs
from attrs import field, frozen

from archwright.core.errors import ArchwrightError, show, suggest_names
from archwright.core.value import as_integer

UNLOGGED: Mapping[str, bool] = {"unlogged": True}  # metadata of a field that no log has, and no text sets
LARGEST_NUMBER = sys.float_info.max  # neither infinite nor more than a float can hold

T = TypeVar("T", bound=attrs.AttrsInstance)


class BadSetting(ArchwrightError, ValueError):
    """A setting with a value that it cannot have."""


class UnknownSetting(ArchwrightError, ValueError):
    """The name of a setting that is not there."""


@final
@frozen
class Setting:
    """What is said of a setting beside its name, its type and its default."""

    allowed: str  # the values that it may have, in words, as in "a whole number of 1 or more"
    is_allowed: Callable[[Any], bool]
    meaning: str
    source: str = ""  # literature; empty where there is none
    is_nested: bool = False  # whether its value has settings of its own, and a name by which a log holds it

    def check(self, owner: str, name: str, value: Any) -> None:
        """BadSetting if the setting `name` of `owner`, as in "the searcher mcts", may not be `value`."""
        if not self.is_allowed(value):
            raise BadSetting(f"{name} of {owner} is {show(value)}; it may be {self.allowed}")


ANY_VALUE = Setting("any value", lambda _: True, "")
BY_TYPE: Mapping[Any, Setting] = {
    bool: Setting("true or false", lambda value: type(value) is bool, ""),
    int: Setting("a whole number", lambda value: type(value) is int, ""),
    float: Setting("a number", lambda value: type(value) in (int, float) and abs(value) <= LARGEST_NUMBER, ""),
    str: Setting("a text", lambda value: type(value) is str, ""),
}


def settings_by_name(kind: type[attrs.AttrsInstance]) -> Mapping[str, Setting]:
    """What is said of each setting of a class, in the order of its fields: at least what its type says.

    Where a plain field has a converter, that says what it takes.
    """
    fields = [a for a in attrs.fields(kind) if a.init and "unlogged" not in a.metadata]
    by_type = {a.name: ANY_VALUE if a.converter else BY_TYPE.get(a.type, ANY_VALUE) for a in fields}
    return {a.name: a.metadata.get("setting") or by_type[a.name] for a in fields}


def check_setting(kind: type[attrs.AttrsInstance], owner: str, name: str, value: Any) -> None:
    """UnknownSetting if a class has no setting `name`, BadSetting if that may not be `value`."""
    known = settings_by_name(kind)
    if name not in known:
        remedy = suggest_names(name, known) if known else "it has none"
        raise UnknownSetting(f"{owner} has no setting {name!r}; {remedy}")
    known[name].check(owner, name, value)


def with_settings(usual: T, owner: str, settings: Mapping[str, Any]) -> T:
    """`usual` with other values for some of its settings. Raises UnknownSetting or BadSetting."""
    for name, value in settings.items():
        check_setting(type(usual), owner, name, value)
    return attrs.evolve(usual, **settings)


def format_construction(kind: type[attrs.AttrsInstance]) -> str:
    """What a person writes for a value of a class: its settings without a default are to be filled in."""
    needed = [a.name.lstrip("_") for a in attrs.fields(kind) if a.init and a.default is attrs.NOTHING]
    return f"{kind.__name__}({', '.join(f'{name}=...' for name in needed)})"


def flag_setting(default: bool = False, *, meaning: str, source: str = "") -> Any:
    """True or false."""
    return custom_setting(default, "true or false", lambda value: type(value) is bool, meaning=meaning, source=source)


def whole_setting(
    default: int, *, low: int = 0, high: int | None = None, unit: str = "", meaning: str, source: str = ""
) -> Any:
    """A whole number from `low` on, up to `high` if there is one, of things that `unit` names."""
    if high is None:
        allowed = f"{low} or more {unit}" if unit else f"a whole number of {low} or more"
    else:
        allowed = f"{low} to {high} {unit}" if unit else f"a whole number from {low} to {high}"

    def is_allowed(value: Any) -> bool:
        integer = as_integer(value)
        return type(integer) is int and low <= integer and (high is None or integer <= high)

    return custom_setting(default, allowed, is_allowed, meaning=meaning, source=source, converter=as_integer)


def number_setting(
    default: float,
    *,
    low: float = 0.0,
    high: float = LARGEST_NUMBER,
    above: bool = False,
    meaning: str,
    source: str = "",
) -> Any:
    """A finite number from `low`, or above it, to `high`. A whole number is taken as the float that it equals."""
    if high == LARGEST_NUMBER:
        allowed = f"a number above {low:g}" if above else f"a number of {low:g} or more"
    else:
        allowed = f"a number {'above' if above else 'from'} {low:g} {'up ' if above else ''}to {high:g}"

    def is_allowed(value: Any) -> bool:
        return type(value) in (int, float) and low <= value <= high and not (above and value == low)

    return custom_setting(default, allowed, is_allowed, meaning=meaning, source=source, converter=_as_float)


def choice_setting(*options: str, meaning: str, source: str = "") -> Any:
    """One of these texts, by default the first."""
    allowed = f"{', '.join(options[:-1])} or {options[-1]}"
    return custom_setting(options[0], allowed, lambda value: value in options, meaning=meaning, source=source)


def custom_setting(
    default: Any,
    allowed: str,
    is_allowed: Callable[[Any], bool],
    *,
    meaning: str,
    source: str = "",
    converter: "Callable[[Any], Any] | attrs.Converter[Any, Any] | None" = None,
    is_nested: bool = False,
) -> Any:
    """A setting of any other kind: `allowed` says in words what `is_allowed` takes, also before `converter` is used.

    Where it `is_nested`, its value is of the kind of its owner, such as a searcher's of a searcher, and has settings.
    """
    setting = Setting(allowed, is_allowed, meaning, source, is_nested)
    return field(default=default, converter=converter, validator=_validate, metadata={"setting": setting})


def _validate(instance: attrs.AttrsInstance, attribute: "attrs.Attribute[Any]", value: Any) -> None:
    attribute.metadata["setting"].check(type(instance).__name__, attribute.name, value)


def _as_float(value: Any) -> Any:
    return float(value) if type(value) is int and abs(value) <= LARGEST_NUMBER else value
