"""The searchers by name, and their settings as JSON."""

from collections.abc import Mapping
from typing import Any, cast

import cattrs
from attrs import fields

from archwright.core.errors import ArchwrightError, nearest
from archwright.core.serial import JSON
from archwright.search.random_search import RandomSearch
from archwright.search.searcher import AnySearcher

SEARCHERS: Mapping[str, type[Any]] = {each.name: each for each in (RandomSearch,)}


class UnknownSearcher(ArchwrightError, LookupError):
    """A name that no searcher has."""


class BadSearcherSetting(ArchwrightError, ValueError):
    """A setting that a searcher does not have, or a value that it cannot take."""


def searcher_named(name: str, settings: Mapping[str, JSON] | None = None) -> AnySearcher:
    """The searcher of that name with the given settings, the rest as usual."""
    if name not in SEARCHERS:
        raise UnknownSearcher(f"there is no searcher {name!r}; {nearest(name, SEARCHERS)}")
    kind = SEARCHERS[name]
    known = [a.name for a in fields(kind)]
    for setting in settings or {}:
        if setting not in known:
            raise BadSearcherSetting(f"the searcher {name} has no setting {setting!r}; {nearest(setting, known)}")
    try:
        return cast(AnySearcher, cattrs.structure(dict(settings or {}), kind))
    except (cattrs.BaseValidationError, TypeError, ValueError) as error:
        raise BadSearcherSetting(f"the settings of {name} are {dict(settings or {})}: {error}") from error


def searcher_to_json(searcher: AnySearcher) -> JSON:
    """The name and every setting."""
    return {"name": searcher.name, **cattrs.unstructure(searcher)}


def searcher_from_json(data: JSON) -> AnySearcher:
    """The searcher that `data` is the JSON of."""
    settings = dict(data)
    return searcher_named(settings.pop("name"), settings)
