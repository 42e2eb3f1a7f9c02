"""Searchers of a person's own, as they write them: in a file outside of the package."""

from pathlib import Path

CODE = '''
from typing import ClassVar

from attrs import evolve, frozen

from archwright.core.setting import whole_setting
from archwright.search.searcher import searcher_setting
from archwright.search.searchers.random_search import RandomSearch


@frozen
class Patient:
    """What another searcher proposes; each `every` trials, the best again."""

    name: ClassVar[str] = "patient"
    sampler: object = searcher_setting(RandomSearch(), meaning="what proposes")
    every: int = whole_setting(3, low=2, meaning="how many trials")

    def start(self, problem):
        return (self.sampler.start(problem), None)

    def propose(self, state, trial, uniform):
        inner, best = state
        if best is not None and trial % self.every == self.every - 1:
            return evolve(best.proposal, trial=trial)
        return self.sampler.propose(inner, trial, uniform)

    def adopt(self, state, proposal):
        return (self.sampler.adopt(state[0], proposal), state[1])

    def tell(self, state, outcome, uniform):
        inner, best = state
        is_better = best is None or (outcome.score or 0) > (best.score or 0)
        return (self.sampler.tell(inner, outcome, uniform), outcome if is_better else best)


slow = Patient(every=5)
nothing = 3
'''


def write_own_searchers(folder: Path, code: str = CODE) -> Path:
    """The file of the searchers, in the folder."""
    path = folder / "mine.py"
    path.write_text(code)
    return path
