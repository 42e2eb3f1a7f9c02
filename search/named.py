"""The searchers: the built-in ones and a person's own, by name, as values, as texts and as a log holds them."""

from collections.abc import Mapping

from archwright.core.errors import ArchwrightError
from archwright.core.json import JSON
from archwright.search.ladders.asha import Asha
from archwright.search.ladders.hyperband import Hyperband
from archwright.search.ladders.pasha import Pasha
from archwright.search.logged_extensions import LoggedKind
from archwright.search.searcher import AnySearcher, Searcher
from archwright.search.searchers.evolution import Evolution
from archwright.search.searchers.fixed import Fixed
from archwright.search.searchers.kde import Kde
from archwright.search.searchers.local_search import LocalSearch
from archwright.search.searchers.mcts import Mcts
from archwright.search.searchers.prior_guided import PriorGuided
from archwright.search.searchers.random_search import RandomSearch
from archwright.search.searchers.smbo import Smbo
from archwright.search.searchers.smbo_paper import SmboPaper

# Each name stands for a searcher with its usual settings: one class may have several, as the two tree searches have.
SEARCHERS: Mapping[str, AnySearcher] = {
    "random": RandomSearch(),
    "mcts": Mcts(),
    "mcts-bisection": Mcts(parts=2),
    "evolution": Evolution(),
    "local-search": LocalSearch(),
    "kde": Kde(),
    "smbo": Smbo(),
    "smbo-paper": SmboPaper(),
    "prior-guided": PriorGuided(),
    "successive-halving": Hyperband(brackets=1),
    "hyperband": Hyperband(),
    "bohb": Hyperband(sampler=Kde()),
    "priorband": Hyperband(sampler=PriorGuided()),
    "asha": Asha(),
    "pasha": Pasha(),
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
