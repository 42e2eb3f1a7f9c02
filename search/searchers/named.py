"""The searchers by name, and their settings as JSON."""

import json
from collections.abc import Mapping

import cattrs

from archwright.core.errors import ArchwrightError, suggest_names
from archwright.core.json import JSON
from archwright.core.setting import with_settings
from archwright.search.searcher import AnySearcher, get_revision
from archwright.search.searchers.evolution import Evolution
from archwright.search.searchers.fixed import Fixed
from archwright.search.searchers.local_search import LocalSearch
from archwright.search.searchers.mcts import Mcts
from archwright.search.searchers.random_search import RandomSearch
from archwright.search.searchers.smbo import Smbo
from archwright.search.searchers.smbo_paper import SmboPaper

# Each name stands for a searcher with its usual settings; both kinds of tree search are one code.
SEARCHERS: Mapping[str, AnySearcher] = {
    "random": RandomSearch(),
    "mcts": Mcts(),
    "mcts-bisection": Mcts(parts=2),
    "evolution": Evolution(),
    "local-search": LocalSearch(),
    "smbo": Smbo(),
    "smbo-paper": SmboPaper(),
    "given": Fixed(),
}
UNLISTED_SEARCHERS = frozenset({Fixed.name})  # those that nobody asks for by name: retraining is made of it

# What a log stands for that does not name a setting, as there was none yet when it was written.
IMPLIED_SETTINGS: Mapping[str, Mapping[str, JSON]] = {"random": {"replacement": True}, "smbo": {"surrogate": "gp"}}


class UnknownSearcher(ArchwrightError, LookupError):
    """A name that no searcher has."""


def find_searcher(name: str, settings: Mapping[str, JSON] | None = None) -> AnySearcher:
    """The searcher of that name with the given settings, the rest as usual.

    UnknownSearcher if there is none; UnknownSetting if it has no such setting; BadSetting if not with such a value.
    """
    if name not in SEARCHERS:
        names = SEARCHERS.keys() - UNLISTED_SEARCHERS
        raise UnknownSearcher(f"there is no searcher {name!r}; {suggest_names(name, names)}")
    return with_settings(SEARCHERS[name], f"the searcher {name}", settings or {})


def searcher_to_json(name: str, settings: Mapping[str, JSON] | None = None) -> JSON:
    """The name, the revision and every setting of a searcher, as the beginning of a run holds them."""
    searcher = find_searcher(name, settings)
    return {"name": name, "revision": get_revision(searcher), **cattrs.unstructure(searcher)}


def parse_searcher(data: JSON) -> tuple[str, int | None, dict[str, JSON]]:
    """The name, the revision and the settings that `searcher_to_json` wrote; None where it wrote no revision yet."""
    settings = dict(data)
    name, revision = settings.pop("name"), settings.pop("revision", None)
    return name, revision, {**IMPLIED_SETTINGS.get(name, {}), **settings}


def searcher_from_json(data: JSON) -> AnySearcher:
    """The searcher that `searcher_to_json` wrote, in the revision that it has by now."""
    name, _, settings = parse_searcher(data)
    return find_searcher(name, settings)


def update_searcher(data: JSON) -> JSON:
    """The same searcher, in the revision that it has by now, with every setting."""
    name, _, settings = parse_searcher(data)
    return searcher_to_json(name, settings)


def format_searcher(data: JSON) -> str:
    """What a person types for the searcher that `searcher_to_json` wrote, as in `mcts,exploration=0.1`.

    In another revision than it has by now it is another searcher, which nobody can ask for: its text says so.
    """
    name, revision, settings = parse_searcher(data)
    defaults: dict[str, JSON] = cattrs.unstructure(SEARCHERS[name]) if name in SEARCHERS else {}
    changed = [f"{key}={_format_value(value)}" for key, value in settings.items() if defaults.get(key) != value]
    text = ",".join([name, *changed])
    current_revision = get_revision(SEARCHERS[name]) if name in SEARCHERS else revision
    return text if revision in (None, current_revision) else f"{text} (revision {revision})"


def _format_value(value: JSON) -> str:
    """A value as a person types it: JSON, and a text that is none as it is."""
    try:
        json.loads(value)
    except (TypeError, json.JSONDecodeError):
        return value if isinstance(value, str) else json.dumps(value)
    return json.dumps(value)
