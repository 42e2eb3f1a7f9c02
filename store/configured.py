"""Extensions with settings, found by a name and built of settings: searchers, stopping rules and evaluations.

Each is a value of a frozen attrs class, whose fields are its settings. A setting may hold another one of its kind.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

import attrs
from attrs import field, frozen

from archwright.core.errors import ArchwrightError, show
from archwright.core.json import JSON
from archwright.core.setting import BadSetting, check_setting, format_construction, settings_by_name
from archwright.core.tracebacks import guard_user_code
from archwright.core.words import NAME_KEY, parse_words
from archwright.store.extensions import Extension, ExtensionKind
from archwright.store.needed import CODE_KEY, REVISION_KEY, is_configured
from archwright.store.origins import name_class

MAX_MEMBERS = 4  # that are missing, in a message


class ExtensionFailed(ArchwrightError, RuntimeError):
    """A person's class that raised, as when it was given its settings; the message ends with its traceback."""


@frozen(kw_only=True)
class ConfiguredKind(ExtensionKind[Extension]):
    """A kind of extension whose members have settings."""

    protocol: type[Any]  # whose methods and properties each has
    shape: str = ""  # what a class with them is, in words; empty: with these
    misfit: type[ArchwrightError]  # the error of an object that is none of the kind
    argument: str  # of a call in Python to which one is given
    naming_command: str  # the beginning of a command that names one
    nested_field: str = ""  # the field of a class that may hold another one, in messages
    # Under which keys a log has what it has beside the settings: the name, in older logs too; the revision, if there is
    # one; and the source text of a class that no other process can import.
    name_key: str = NAME_KEY
    former_name_key: str = NAME_KEY
    revision_key: str = REVISION_KEY
    code_key: str = CODE_KEY
    # What a log stands for that does not name a setting, as there was none yet when it was written, by name.
    implied_settings: Mapping[str, Mapping[str, JSON]] = field(factory=dict[str, Mapping[str, JSON]])

    def describe(self, name: str) -> str:
        """The one of that name, in messages."""
        return f"the {self.noun} {name}"

    def find(self, name: str, settings: Mapping[str, JSON] | None = None) -> Extension:
        """The one of that name with the given settings, the rest as usual.

        The kind's error of an unknown name, what `load_object` raises, and what `build` does.
        """
        return self.build(name, self.load(name), settings or {})

    def find_class(self, name: str) -> type[Any]:
        """The class of that name, or of the value of that name; raises as `find`."""
        return self.require_fit(name, self.load(name))

    def build(self, name: str, found: Any, settings: Mapping[str, Any]) -> Extension:
        """The one that a class makes of the settings, or the same as a value but for them; `name` is for messages.

        The kind's error where that is none of it; UnknownSetting if it has no such setting; BadSetting if not with such
        a value; ExtensionFailed.
        """
        kind = self.require_fit(name, found)
        with guard_user_code(ExtensionFailed, f"{self.describe(name)} failed at its settings"):
            values = {key: self._fill(kind, key, value) for key, value in settings.items()}
            for key, value in values.items():
                check_setting(kind, self.describe(name), key, value)
            if not isinstance(found, type):
                return attrs.evolve(found, **values) if values else found
            self._require_all(name, kind, values)
            return cast("Any", kind)(**values)

    def require_fit(self, name: str, found: Any) -> type[Any]:
        """The class of what has the name, a value or a class; raises the kind's error unless it is of the kind."""
        kind = _find_class(found)
        missing = self._list_missing(kind)
        if missing or not attrs.has(kind):
            some = ", ".join([*missing[:MAX_MEMBERS], *(["..."] if missing[MAX_MEMBERS:] else [])])
            what = f"it has no {some}" if missing else f"{kind.__name__} is no attrs class"
            raise self.misfit(
                f"{name} is {show(found)}, and {what}; {self._noun_with_article} is a frozen attrs class, or a value "
                f"of one, {self.shape or 'with ' + ', '.join(self._members)}"
            )
        for setting in settings_by_name(kind):
            if setting in (self.name_key, self.revision_key, self.code_key):
                raise self.misfit(f"{name} has a setting called {setting}, as a log calls something else; rename it")
        return kind

    def require_value(self, given: Any) -> type[Any]:
        """The class of a value of the kind; raises its error of anything else: of a class, with how a value is made."""
        kind = self.require_fit(name_class(_find_class(given)), given)
        if given is kind:
            raise self.misfit(
                f"{kind.__name__} is a class, and {self._noun_with_article} is a value of one; write "
                f"{self.argument}={format_construction(kind)}"
            )
        return kind

    def has_members(self, found: Any) -> bool:
        """Whether a value or a class is meant as one of the kind, whatever else is wrong with it."""
        return not self._list_missing(_find_class(found))

    def _list_missing(self, kind: type[Any]) -> Sequence[str]:
        def has(member: str) -> bool:
            is_method = callable(getattr(self.protocol, member))
            return callable(getattr(kind, member, None)) if is_method else hasattr(kind, member)

        return [member for member in self._members if not has(member)]

    @property
    def _members(self) -> Sequence[str]:
        return [member for member in vars(self.protocol) if not member.startswith("_")]

    def parse(self, data: JSON) -> tuple[str, int | None, dict[str, JSON]]:
        """The name, the revision and the settings that a log holds; None where it names no revision."""
        settings = dict(data)
        name = settings.pop(self.name_key if self.name_key in settings else self.former_name_key, "")
        revision = settings.pop(self.revision_key, None)
        settings.pop(self.code_key, None)
        return name, revision, {**self.implied_settings.get(name, {}), **settings}

    def require_readable(self, name: str, value: Any, written: Mapping[str, JSON]) -> None:
        """BadSetting unless a person's class takes these settings back as a log holds them, and they are equal then."""
        for key, setting in settings_by_name(_find_class(value)).items():
            if key not in written or (setting.is_nested and is_configured(written[key])):
                continue  # a nested one was held against itself
            try:
                read = attrs.evolve(value, **{key: json.loads(json.dumps(written[key], allow_nan=False))})
                is_same = _is_same(getattr(read, key), getattr(value, key))
            except Exception:  # noqa: BLE001  (a person's converter, validator or comparison may raise anything)
                is_same = False
            if not is_same:
                nested = f"; another {self.noun} is held in a field {self.nested_field}" if self.nested_field else ""
                raise BadSetting(
                    f"{key} of {self.describe(name)} is {show(getattr(value, key))}, and would be "
                    f"{show(written[key])} when the run is resumed; a setting is a number, a text, true or false, a "
                    f"list of such, or what a converter makes of them{nested}"
                )

    def identify(self, data: JSON) -> str:
        """What a log holds, but for where it was defined, its source text and its revision: its name and settings."""
        name, _, settings = self.parse(data)
        plain = {key: self.identify(value) if is_configured(value) else value for key, value in settings.items()}
        return json.dumps({self.name_key: strip_place(name), **plain}, sort_keys=True, default=repr)

    @property
    def _noun_with_article(self) -> str:
        return f"{'an' if self.noun[0] in 'aeiou' else 'a'} {self.noun}"

    def _fill(self, kind: type[attrs.AttrsInstance], key: str, value: Any) -> Any:
        """The value of a setting: what holds another one of the kind gets it by its name and its settings."""
        setting = settings_by_name(kind).get(key)
        if setting is None or not setting.is_nested or not isinstance(value, str | Mapping):
            return value
        return self.find(*self.split_nested(cast("JSON", value)))

    def split_nested(self, value: JSON) -> tuple[str, Mapping[str, JSON]]:
        """The name and the settings of one that a setting holds, from its text or its JSON."""
        if isinstance(value, str):
            return parse_words(value)
        if not isinstance(value.get(self.name_key), str):
            raise self.misfit(f"{show(value)} names no {self.noun}; write name(setting=value)")
        name, _, settings = self.parse(value)
        return name, settings

    def _require_all(self, name: str, kind: type[attrs.AttrsInstance], values: Mapping[str, Any]) -> None:
        """BadSetting where the values lack a setting that has no default."""
        for attribute in attrs.fields(kind):
            if attribute.init and attribute.default is attrs.NOTHING and attribute.name not in values:
                allowed = settings_by_name(kind)[attribute.name].allowed
                raise BadSetting(
                    f"{attribute.name} of {self.describe(name)} is not given, and has no default; write "
                    f"{name},{attribute.name}=VALUE, where it may be {allowed}"
                )


def strip_place(name: str) -> str:
    """The name that a log has, without the place where it was defined: what all processes that define it call it."""
    return name.rpartition(":")[2].rpartition("<locals>.")[2]


def _find_class(found: Any) -> type[Any]:
    return cast("type[Any]", found if isinstance(found, type) else type(found))


def _is_same(read: Any, value: Any) -> bool:
    """Whether a setting is what it was; a list may stand for a tuple, which JSON does not know."""
    if isinstance(read, list | tuple) and isinstance(value, list | tuple):
        items, others = cast("Sequence[Any]", read), cast("Sequence[Any]", value)
        return len(items) == len(others) and all(map(_is_same, items, others))
    if isinstance(read, Mapping) and isinstance(value, Mapping):
        one, other = cast("Mapping[Any, Any]", read), cast("Mapping[Any, Any]", value)
        return one.keys() == other.keys() and all(_is_same(one[key], other[key]) for key in one)
    return bool(read == value)
