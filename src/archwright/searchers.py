"""The searchers, as values with settings: `aw.searchers.Mcts(exploration=0.02)`."""

from archwright.search.ladders.asha import Asha
from archwright.search.ladders.hyperband import Hyperband
from archwright.search.ladders.pasha import Pasha
from archwright.search.searchers.evolution import Evolution
from archwright.search.searchers.kde import Kde
from archwright.search.searchers.local_search import LocalSearch
from archwright.search.searchers.mcts import Mcts
from archwright.search.searchers.prior_guided import PriorGuided
from archwright.search.searchers.random_search import RandomSearch
from archwright.search.searchers.smbo import Smbo
from archwright.search.searchers.smbo_paper import SmboPaper

__all__ = [
    "Asha",
    "Evolution",
    "Hyperband",
    "Kde",
    "LocalSearch",
    "Mcts",
    "Pasha",
    "PriorGuided",
    "RandomSearch",
    "Smbo",
    "SmboPaper",
]
