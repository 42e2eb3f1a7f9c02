"""The searchers by name, and their settings as JSON."""

import json
from collections.abc import Mapping

import cattrs
from attrs import fields

from archwright.core.errors import ArchwrightError, nearest
from archwright.core.serial import JSON
from archwright.search.evolution import Evolution
from archwright.search.given import Given
from archwright.search.local_search import LocalSearch
from archwright.search.mcts import Mcts
from archwright.search.random_search import RandomSearch
from archwright.search.searcher import AnySearcher
from archwright.search.smbo import Smbo
from archwright.search.smbo_paper import SmboPaper

# Each name stands for a searcher with its usual settings; both kinds of tree search are one code.
SEARCHERS: Mapping[str, AnySearcher] = {
    "random": RandomSearch(),
    "mcts": Mcts(),
    "mcts-bisection": Mcts(parts=2),
    "evolution": Evolution(),
    "local-search": LocalSearch(),
    "smbo": Smbo(),
    "smbo-paper": SmboPaper(),
    "given": Given(),
}


class UnknownSearcher(ArchwrightError, LookupError):
    """A name that no searcher has."""


class BadSearcherSetting(ArchwrightError, ValueError):
    """A setting that a searcher does not have, or a value that it cannot take."""


def searcher_named(name: str, settings: Mapping[str, JSON] | None = None) -> AnySearcher:
    """The searcher of that name with the given settings, the rest as usual."""
    if name not in SEARCHERS:
        raise UnknownSearcher(f"there is no searcher {name!r}; {nearest(name, SEARCHERS)}")
    usual, given = SEARCHERS[name], dict(settings or {})
    known = [a.name for a in fields(type(usual))]
    for setting in given:
        if setting not in known:
            remedy = nearest(setting, known) if known else "it has none"
            raise BadSearcherSetting(f"the searcher {name} has no setting {setting!r}; {remedy}")
    try:
        return cattrs.structure({**cattrs.unstructure(usual), **given}, type(usual))
    except (cattrs.BaseValidationError, TypeError, ValueError) as error:
        raise BadSearcherSetting(f"the settings of {name} cannot be {given}: {error}") from error


def searcher_to_json(name: str, settings: Mapping[str, JSON] | None = None) -> JSON:
    """The name and every setting of a searcher, as the beginning of a run holds them."""
    return {"name": name, **cattrs.unstructure(searcher_named(name, settings))}


def searcher_from_json(data: JSON) -> AnySearcher:
    """The searcher that `searcher_to_json` wrote."""
    settings = dict(data)
    return searcher_named(settings.pop("name"), settings)


def searcher_text(data: JSON) -> str:
    """What a person types for the searcher that `searcher_to_json` wrote, as in `mcts,exploration=0.1`."""
    settings = dict(data)
    name = settings.pop("name")
    usual: dict[str, JSON] = cattrs.unstructure(SEARCHERS[name]) if name in SEARCHERS else {}
    unusual = [f"{key}={json.dumps(value)}" for key, value in settings.items() if usual.get(key) != value]
    return ",".join([name, *unusual])
