"""The searchers: the built-in ones and a person's own, by name, as values, as texts and as a log holds them."""

from collections.abc import Mapping

from archwright.core.errors import ArchwrightError
from archwright.core.json import JSON
from archwright.search.logged_extensions import LoggedKind
from archwright.search.searcher import AnySearcher, Searcher
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


class NotASearcher(ArchwrightError, TypeError):
    """Something other than a searcher under the name of one."""


SEARCHER_KIND: LoggedKind[AnySearcher] = LoggedKind(
    noun="searcher",
    builtin=SEARCHERS,
    unknown=UnknownSearcher,
    unlisted=UNLISTED_SEARCHERS,
    protocol=Searcher,
    misfit=NotASearcher,
    argument="searcher",
    naming_command="archwright search SPACE --searcher",
    nested_field="aw.searcher_setting(default, meaning=...)",
    implied_settings=IMPLIED_SETTINGS,
)


def searcher_to_json(name: str, settings: Mapping[str, JSON] | None = None) -> JSON:
    """The name, the revision and every setting of a searcher, as the beginning of a run holds them."""
    return SEARCHER_KIND.to_json(name, settings)


def parse_searcher(data: JSON) -> tuple[str, int | None, dict[str, JSON]]:
    """The name, the revision and the settings that `searcher_to_json` wrote; None where it wrote no revision yet."""
    return SEARCHER_KIND.parse(data)


def searcher_from_json(data: JSON, *, trusted: bool = False) -> AnySearcher:
    """The searcher that `searcher_to_json` wrote, in the revision that it has by now.

    NotTrusted where that is code which this user does not let run, unless it is `trusted`.
    """
    return SEARCHER_KIND.from_json(data, trusted=trusted)


def update_searcher(data: JSON) -> JSON:
    """The same searcher, in the revision that it has by now, with every setting; a person's own stays as it is."""
    return SEARCHER_KIND.update(data)


def format_searcher(data: JSON) -> str:
    """What a person types for the searcher that `searcher_to_json` wrote, as in `mcts,exploration=0.1`.

    In another revision than it has by now it is another searcher, which nobody can ask for: its text says so. No code
    of a person's own is run, of whose searcher all settings are told.
    """
    return SEARCHER_KIND.format(data)


def shorten_searcher(data: JSON) -> tuple[str, dict[str, JSON]]:
    """The name and the settings that a person types for the searcher that `searcher_to_json` wrote."""
    return SEARCHER_KIND.shorten(data)
