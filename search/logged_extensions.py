"""Searchers and stopping rules to and from a log, in one form.

They are {"name": ..., "revision": ..., settings}. The name is that of a built-in one, or file.py:attribute or
module:attribute of a person's own: a frozen attrs class, or a value of one. A setting may hold another one of its kind,
in the same form. A class that no other process can import, as one of a notebook, has its source text and hash in the
log, too: who goes on with the run gives it again, see store/needed.py.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs
import cattrs
from attrs import frozen

from archwright.core.errors import ArchwrightError, show
from archwright.core.json import JSON
from archwright.core.setting import settings_by_name
from archwright.core.words import NAME_KEY, format_words, parse_words
from archwright.search.searcher import get_revision
from archwright.store.configured import ConfiguredKind, strip_place
from archwright.store.extensions import Extension
from archwright.store.main_module import find_in_main
from archwright.store.needed import (
    CODE_KEY,
    REVISION_KEY,
    ExtensionNeeded,
    has_code,
    is_configured,
    leave_out,
    list_code,
)
from archwright.store.origins import describe_code, is_class_findable, name_class
from archwright.store.parts import describe_needed_extension, format_definition
from archwright.store.permission import require_trusted
from archwright.store.user_code import is_source

_NO_CLASSES: Mapping[str, type[Any]] = {}


class OtherExtension(ArchwrightError, ValueError):
    """Another searcher or stopping rule than the one that the run was begun with."""


@frozen(kw_only=True)
class LoggedKind(ConfiguredKind[Extension]):
    """A kind of extension that a log holds with its name, its revision and its settings."""

    def read(self, text: str) -> JSON:
        """What the log holds of the one that a text such as `mcts,exploration=0.1` names; also raises BadWords."""
        return self.to_json(*parse_words(text))

    def to_json(self, name: str, settings: Mapping[str, JSON] | None = None) -> JSON:
        """The name, the revision and every setting, as a log holds them."""
        value: Any = self.find(name, settings)
        return self._write(name, value, settings or {})

    def from_json(self, data: JSON, *, trusted: bool = False) -> Extension:
        """The one that a log holds, in the revision that it has by now.

        Raises NotTrusted where that is code which this user does not let run, unless it is `trusted`, and
        ExtensionNeeded where it holds a class that no other process can import.
        """
        if has_code(data):
            raise describe_needed_extension(self.noun, self.argument, data).make_error()
        if not trusted:
            self._require_permission(data)
        name, _, settings = self.parse(data)
        return self.find(name, settings)

    def _require_permission(self, data: JSON, classes: Mapping[str, type[Any]] = _NO_CLASSES) -> None:
        """NotTrusted unless this user lets the code run of what a log holds, and of all that its settings hold.

        The `classes` need not be loaded, and those that the log does not name as code of a file need no permission. Of
        a person's own it takes the class to know which texts among its settings name another one.
        """
        name, _, settings = self.parse(data)
        is_given = CODE_KEY in data and name in classes
        if not is_given and name not in self.builtin and is_source(name):
            require_trusted(name, trusted=False, named_by=self.naming_command)
        for inner in self._list_named(classes[name] if name in classes else self.find_class(name), settings):
            self._require_permission(inner, classes)

    def _list_named(self, kind: type[Any], settings: Mapping[str, JSON]) -> Sequence[JSON]:
        """What the settings of a class hold of this kind, in the form of a log, also where it is a text."""
        nested = [settings.get(key) for key, setting in settings_by_name(kind).items() if setting.is_nested]
        texts = [parse_words(value) for value in nested if isinstance(value, str)]
        # What a text says of a class that need not be loaded is not heard when it is made of that text.
        by_text = [leave_out({NAME_KEY: name, **inner}, CODE_KEY) for name, inner in texts]
        return [*(value for value in nested if is_configured(value)), *by_text]

    def update(self, data: JSON) -> JSON:
        """The same one, in the revision that it has by now, with every setting.

        One of a person's own stays as it is: its code is not run for this.
        """
        if self.find_sources(data) or has_code(data):
            return data
        name, _, settings = self.parse(data)
        return self.to_json(name, settings)

    def complete(self, data: JSON) -> JSON:
        """The same one, in the revision that the log names, with every setting; one of a person's own as it is."""
        _, revision, _ = self.parse(data)
        return self.update(data) | ({} if revision is None else {REVISION_KEY: revision})

    def format(self, data: JSON) -> str:
        """What a person types for what a log holds, as in `mcts,exploration=0.1`; no code of theirs is run.

        Usual settings of built-in ones are left out. In another revision than it has by now a built-in one is another
        one, which nobody can ask for: its text says so.
        """
        _, revision, _ = self.parse(data)
        name, changes = self.shorten(data)
        text = format_words(name, changes)
        current = get_revision(self.builtin[name]) if name in self.builtin else revision
        return text if revision in (None, current) else f"{text} (revision {revision})"

    def find_sources(self, data: JSON) -> Sequence[str]:
        """The names of a person's own, in what a log holds: those that need permission to be loaded."""
        name, _, settings = self.parse(data)
        if name in self.builtin:
            nested = self._list_named(type(self.builtin[name]), settings)
        else:  # whose class is not loaded for this
            nested = [value for value in settings.values() if is_configured(value)]
        own = [name] if name not in self.builtin and is_source(name) and CODE_KEY not in data else []
        return [*own, *(source for value in nested for source in self.find_sources(value))]

    def shorten(self, data: JSON) -> tuple[str, dict[str, JSON]]:
        """The name and the settings that a person types, without usual ones of built-in ones."""
        name, _, settings = self.parse(data)
        builtin: Any = self.builtin.get(name)
        defaults: dict[str, JSON] = {} if builtin is None else self._write(name, builtin, {})
        changes = {key: value for key, value in settings.items() if key not in defaults or defaults[key] != value}
        return name, {key: self._shorten_value(value) for key, value in changes.items()}

    def _shorten_value(self, value: JSON) -> JSON:
        if not is_configured(value):
            return value
        name, changes = self.shorten(value)
        return {NAME_KEY: name, **changes} if changes else name

    def _write(self, name: str, value: attrs.AttrsInstance, settings: Mapping[str, JSON]) -> JSON:
        """What a log holds of `value`, which has been made by this name and these settings."""
        written = {key: self._write_setting(value, key, settings) for key in settings_by_name(type(value))}
        if type(value) not in map(type, self.builtin.values()):
            self.require_readable(name, value, written)
        return {NAME_KEY: name, REVISION_KEY: get_revision(value), **written}

    def _write_setting(self, owner: attrs.AttrsInstance, key: str, settings: Mapping[str, JSON]) -> JSON:
        value = getattr(owner, key)
        if value is None or not settings_by_name(type(owner))[key].is_nested:
            return cattrs.unstructure(value)
        if isinstance(written := settings.get(key), str | Mapping):
            name, inner = self.split_nested(written)
            return self._write(name, value, inner)
        return self.value_to_json(value)

    def value_to_json(self, value: Any) -> JSON:
        """What a log holds of a value that was made in Python; raises the kind's error if it is none of the kind."""
        kind = self.require_value(value)
        usual = [name for name, builtin in self.builtin.items() if type(builtin) is kind]
        if usual:
            equal = [name for name in usual if self.builtin[name] == value]
            return self._write(next(iter(equal or usual)), value, {})
        data = self._write(name_class(kind), value, {})
        return data if is_class_findable(kind) else {**data, CODE_KEY: describe_code(kind)}

    def give_again(self, data: JSON, given: Any, *, trusted: bool = False) -> Extension:
        """The one that a log holds, by the value or the class that this process was given again.

        A class gets the settings of the log; where one of these is a class of a notebook itself, ExtensionNeeded asks
        for a value. Raises OtherExtension where the log holds another one, by its name and, of a value, its settings,
        and NotTrusted as `from_json`.
        """
        if isinstance(given, str):
            raise OtherExtension(
                f"a run keeps its {self.noun}, here {self.format(data)}; leave {self.argument} out, or fork the run or "
                f"begin a new one to go on with {show(given)}, as in run.fork(at=..., searcher='mcts')"
            )
        if not isinstance(given, type):
            again = self.value_to_json(given)
            if self.identify(again) != self.identify(data):
                raise self._explain_other(data, self.format(again))
            return given
        name, _, settings = self.parse(data)
        self.require_fit(name_class(given), given)
        if strip_place(name) not in map(strip_place, self._list_names(given)):
            raise self._explain_other(data, name_class(given))
        if any(map(_holds, settings.values())):
            raise ExtensionNeeded(
                f"{self.describe(name)} holds a class that no other process can import, so give a value of it, "
                f"and not the class: {self.argument}={format_definition(data)}"
            )
        if not trusted:
            self._require_permission(data, {name: given})
        return self.build(name, given, settings)

    def _list_names(self, kind: type[Any]) -> Sequence[str]:
        """The names of a class: those of the built-in ones that are of it, or else that of the class itself."""
        usual = [name for name, builtin in self.builtin.items() if type(builtin) is kind]
        return usual or [name_class(kind)]

    def _explain_other(self, data: JSON, given: str) -> OtherExtension:
        return OtherExtension(
            f"the run has {self.describe(self.format(data))}, and not {given}; give that one, or fork the run to go on "
            "with another one"
        )

    def find_in_main(self, data: JSON, *, trusted: bool = False) -> Extension | None:
        """The one that a log holds, where `__main__` has all classes in it that no other process can import; else None.

        Raises NotTrusted as `from_json`.
        """
        classes = {source: find_in_main(source, sha256) for source, sha256 in list_code(data).items()}
        if not classes or not all(isinstance(found, type) for found in classes.values()):
            return None
        if not trusted:
            self._require_permission(data, classes)
        return self._rebuild(data, classes)

    def _rebuild(self, data: JSON, classes: Mapping[str, type[Any]]) -> Extension:
        """The one that a log holds, with these `classes` by their names."""
        name, _, settings = self.parse(data)
        values = {key: self._rebuild(value, classes) if _holds(value) else value for key, value in settings.items()}
        return self.build(name, classes[name], values) if CODE_KEY in data else self.find(name, values)


def _holds(setting: Any) -> bool:
    """Whether a setting, as a log has it, holds a class that no other process can import."""
    return is_configured(setting) and has_code(setting)


def pair_code(data: JSON, value: Any) -> Iterator[tuple[str | None, type[Any]]]:
    """The hashes of the texts that a log has of classes of a searcher or a rule, each with that class of `value`."""
    if CODE_KEY in data:
        code: Mapping[str, JSON] = data[CODE_KEY] or {}
        yield code.get("sha256"), type(value)
    for key, inner in data.items():
        if is_configured(inner):
            yield from pair_code(inner, getattr(value, key, None))
