"""Finding what a text names, the same for every kind of extension: a built-in one, or one of a person's own."""

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from attrs import field, frozen

from archwright.core.errors import ArchwrightError, suggest_names
from archwright.store.user_code import BadSourceName, is_source, load_object

Extension = TypeVar("Extension")


@frozen
class ExtensionKind(Generic[Extension]):
    """A kind of extension, such as spaces or searchers."""

    noun: str  # as in "searcher"
    builtin: Mapping[str, Extension]  # by name
    unknown: type[ArchwrightError]  # the error of a name that none has
    unlisted: frozenset[str] = field(default=frozenset[str]())  # built-in names that nobody is told of
    example: str = ""  # an attribute of a file, in messages; empty: the noun
    hint: str = ""  # at the end of the message on an unknown name

    def load(self, text: str) -> Extension | Any:
        """The built-in extension of that name, or the object that file.py:attribute or module:attribute names.

        What that is, the caller finds out. Raises the kind's error of an unknown name, with the nearest ones;
        BadSourceName for a file without an attribute; and what `load_object` does.
        """
        builtin = self.find_builtin(text)
        return load_object(text) if builtin is None else builtin

    def find_builtin(self, text: str) -> Extension | None:
        """The built-in extension of that name; None where the text names code of a person's own, which is not loaded.

        Raises the kind's error of an unknown name, and BadSourceName.
        """
        if text in self.builtin:
            return self.builtin[text]
        if is_source(text):
            return None
        if text.endswith(".py"):
            example = self.example or self.noun.rpartition(" ")[2]
            raise BadSourceName(f"{text} is a file; name the {self.noun} in it too, as in {text}:{example}")
        suggestion = suggest_names(text, self.builtin.keys() - self.unlisted)
        raise self.unknown(
            f"there is no built-in {self.noun} {text!r}; {suggestion} "
            f"(one of your own is file.py:attribute or module:attribute{self.hint})"
        )
