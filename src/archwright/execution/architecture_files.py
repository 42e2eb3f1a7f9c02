"""Architectures and choices in files of JSON, as exports, logs and commands write them."""

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from archwright.core.errors import ArchwrightError, TooDeep
from archwright.core.json import UnreadableTerm, from_foreign_json
from archwright.core.term import Term

CHOICES_KEY = "choices"  # of a trial as `archwright best --json` and `archwright show --json` print it
ARCHITECTURE_KEYS = ("architecture", "term")  # of an export's architecture.json, and of records of commands


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
            raise _NameGivenTwice(f"{name} is given twice, as {made[name]!r:.80} and {value!r:.80}; give it once")
        made[name] = value
    return made


def find_architecture(item: Any, shared_names: Collection[str]) -> Term | None:
    """The architecture that JSON is or has, or None. Raises UnreadableTerm and TooDeep.

    It is one if it has a kind, which is no choice of a hyperparameter of that name: `shared_names` are those of the
    space.
    """
    if not isinstance(item, Mapping):
        return None
    fields = cast(Mapping[str, Any], item)
    for key in ARCHITECTURE_KEYS:
        if _is_term(fields.get(key)):
            return from_foreign_json(fields[key])
    return from_foreign_json(fields) if _is_term(fields) and "kind" not in shared_names else None


def _is_term(item: Any) -> bool:
    return isinstance(item, Mapping) and isinstance(cast(Mapping[str, Any], item).get("kind"), str)


def find_choices(item: Any) -> Any:
    """The choices of a trial's record, or the item itself."""
    fields = cast(Mapping[str, Any], item) if isinstance(item, Mapping) else {}
    return fields[CHOICES_KEY] if isinstance(fields.get(CHOICES_KEY), Mapping) else item


def read_architectures(file: Path, shared_names: Collection[str]) -> Sequence[Term | Mapping[str, Any]]:
    """The architecture in a file, or each of a list; of one of which only the choices are there, those by their names.

    Raises BadArchitectureFile, with the place in the file.
    """
    remedy = "write an architecture as aw.to_json gives it, or name the architecture.json of an export"
    content = load_json(file, BadArchitectureFile, remedy)
    items = cast(list[Any], content) if isinstance(content, list) else [content]
    found: list[Term | Mapping[str, Any]] = []
    for index, item in enumerate(items):
        place = f"{file}, architecture {index + 1}" if isinstance(content, list) else str(file)
        try:
            given = find_architecture(item, shared_names) or find_choices(item)
        except (TooDeep, UnreadableTerm) as error:
            raise BadArchitectureFile(f"{place}: {error}") from error
        if not isinstance(given, Term | Mapping):
            raise BadArchitectureFile(f"{place} is {item!r:.80}; {remedy}")
        found.append(cast(Any, given))
    if not found:
        raise BadArchitectureFile(f"{file} is an empty list; {remedy}")
    return found
