"""Searchers of a person's own, as of a notebook: no other process can import their classes."""

from typing import Any, ClassVar

from attrs import frozen

from archwright.core.setting import number_setting
from archwright.search.searcher import searcher_setting
from archwright.search.searchers.random_search import RandomSearch


def define_drawn() -> type[Any]:
    """A searcher with a setting that does nothing."""

    @frozen
    class Drawn(RandomSearch):
        name: ClassVar[str] = "drawn"
        skipped: float = number_setting(0.0, meaning="what it is compared by")

    return Drawn


def define_through() -> type[Any]:
    """A searcher that asks another one."""

    @frozen
    class Through:
        name: ClassVar[str] = "through"
        sampler: Any = searcher_setting(RandomSearch(), meaning="what proposes")  # noqa: RUF009  (as attrs has it)

        def start(self, problem):
            return self.sampler.start(problem)

        def propose(self, state, trial, uniform):
            return self.sampler.propose(state, trial, uniform)

        def adopt(self, state, proposal):
            return self.sampler.adopt(state, proposal)

        def tell(self, state, outcome, uniform):
            return self.sampler.tell(state, outcome, uniform)

    return Through
