"""Architectures and choices in files of JSON, as exports, logs and commands write them."""

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, cast, final

from attrs import frozen

from archwright.core.errors import ArchwrightError, TooDeep, show
from archwright.core.json import UnreadableTerm, from_foreign_json
from archwright.core.membership.path_of import NotInSpace, follow_choices, path_of
from archwright.core.names import drop_names
from archwright.core.node import DeadEnd, replay
from archwright.core.shape import Shape
from archwright.core.term import Term
from archwright.core.value import Path as ChosenPath

CHOICES_KEY = "choices"  # of an export's architecture.json, and of a trial as commands print it with --json
ARCHITECTURE_KEYS = ("architecture", "term")  # of these, in this order: a trial has a drawing under the first


@final
@frozen
class GivenArchitecture:
    """What JSON says of an architecture: itself, or only what was chosen."""

    term: Term | None
    choices: object  # those that are beside it, by their names; of JSON without an architecture, all of it

    def find_path(self, space: Term, in_shape: Shape) -> ChosenPath:
        """The path of the architecture: by the choices beside it if they lead to it, else as `path_of` finds it.

        Of choices alone, the path that has exactly these. Raises what `path_of` and `follow_choices` do.
        """
        if self.term is None:
            return follow_choices(space, in_shape, cast(Mapping[str, object], self.choices))
        return self._follow_choices(space, in_shape) or path_of(space, in_shape, self.term)

    def _follow_choices(self, space: Term, in_shape: Shape) -> ChosenPath | None:
        """The path of the choices beside the architecture; None where it is not that of the architecture."""
        if self.choices is None or self.term is None:
            return None
        try:
            path = follow_choices(space, in_shape, cast(Mapping[str, object], self.choices))
        except (NotInSpace, DeadEnd):
            return None
        leads_to = replay(space, in_shape, path).architecture
        return path if drop_names(leads_to) == drop_names(self.term) else None


class BadArchitectureFile(ArchwrightError, ValueError):
    """A file of an architecture that is no JSON, or has neither an architecture nor its choices."""


class _NameGivenTwice(Exception):
    """A name that stands in a JSON object twice."""


def load_json(file: Path, failure: type[ArchwrightError], remedy: str) -> Any:
    """What a file of JSON holds, in which no object has a name twice; `failure`, with the remedy, if it is none."""
    try:
        return json.loads(file.read_text(encoding="utf-8-sig"), object_pairs_hook=_make_object)
    except OSError as error:
        raise failure(f"{file} cannot be read: {error.strerror}; name a file of JSON") from error
    except _NameGivenTwice as error:
        raise failure(f"{file}: {error}") from error
    except (ValueError, RecursionError) as error:
        raise failure(f"{file} is no JSON: {error}; {remedy}") from error


def _make_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object, which has each name once; else _NameGivenTwice."""
    made = dict[str, Any]()
    for name, value in pairs:
        if name in made:
            raise _NameGivenTwice(f"{name} is given twice, as {show(made[name])} and {show(value)}; give it once")
        made[name] = value
    return made


def read_architecture(item: Any, shared_names: Collection[str]) -> GivenArchitecture:
    """The architecture that JSON is or has. Raises UnreadableTerm and TooDeep.

    It is one if it has a kind, which is no choice of a hyperparameter of that name: `shared_names` are those of the
    space.
    """
    if not isinstance(item, Mapping):
        return GivenArchitecture(None, item)
    fields = cast(Mapping[str, Any], item)
    choices = fields.get(CHOICES_KEY)
    beside = cast(object, choices) if isinstance(choices, Mapping) else None
    for key in ARCHITECTURE_KEYS:
        if _is_term(fields.get(key)):
            return GivenArchitecture(from_foreign_json(fields[key]), beside)
    if _is_term(fields) and "kind" not in shared_names:
        return GivenArchitecture(from_foreign_json(fields), None)
    return GivenArchitecture(None, fields if beside is None else beside)


def _is_term(item: Any) -> bool:
    return isinstance(item, Mapping) and isinstance(cast(Mapping[str, Any], item).get("kind"), str)


def read_architectures(file: Path, shared_names: Collection[str]) -> Sequence[GivenArchitecture]:
    """The architecture in a file, or each of a list.

    Raises BadArchitectureFile, with the place in the file.
    """
    remedy = (
        "write an architecture as aw.to_json gives it in Python, or trials as archwright best --json prints them, or "
        "name the architecture.json of an export"
    )
    content = load_json(file, BadArchitectureFile, remedy)
    items = cast(list[Any], content) if isinstance(content, list) else [content]
    found: list[GivenArchitecture] = []
    for index, item in enumerate(items):
        place = f"{file}, architecture {index + 1}" if isinstance(content, list) else str(file)
        try:
            given = read_architecture(item, shared_names)
        except (TooDeep, UnreadableTerm) as error:
            raise BadArchitectureFile(f"{place}: {error}") from error
        if given.term is None and not isinstance(given.choices, Mapping):
            raise BadArchitectureFile(f"{place} is {show(item)}; {remedy}")
        found.append(given)
    if not found:
        raise BadArchitectureFile(f"{file} is an empty list; {remedy}")
    return found
