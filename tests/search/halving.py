"""A searcher that halves: each rung continues the better half of the one below with twice the budget."""

from typing import ClassVar

from attrs import evolve, field, frozen
from pyrsistent import PMap, pmap

from archwright.core.budget import Budget
from archwright.core.protocols import Outcome, Problem, Proposal
from archwright.search.searchers.random_search import RandomSearch

HALVING = "tests.search.halving:Halving"  # as commands and logs name it
_NONE: PMap = pmap()


@frozen
class HalvingState:
    """The trials of each rung, in the order of proposing, and their utilities."""

    problem: Problem
    drawn: object  # the state of the random search that proposes the first rung
    rungs: tuple[tuple[int, ...], ...] = ((),)
    proposals: PMap = _NONE
    utilities: PMap = _NONE  # of scored trials
    continued: frozenset = field(default=frozenset())


@frozen
class Halving:
    """Successive halving of `width` leaves."""

    name: ClassVar[str] = "halving"
    width: int = 4

    def start(self, problem):
        return HalvingState(problem, RandomSearch().start(problem))

    def propose(self, state, trial, uniform):
        level = len(state.rungs) - 1
        if len(state.rungs[0]) < self.width:
            return RandomSearch().propose(state.drawn, trial, uniform)
        if level == 0 or len(state.rungs[level]) == self.width >> level:
            level += 1
        parents = [number for number in self._winners(state, level - 1) if number not in state.continued]
        if level > self.width.bit_length() - 1 or not parents:
            return None
        parent = state.proposals[parents[0]]
        budget = Budget(state.problem.budget.amount * 2**level, state.problem.budget.unit)
        return Proposal(trial, parent.origin, parent.path, budget, parent.trial)

    def adopt(self, state, proposal):
        state = evolve(state, proposals=state.proposals.set(proposal.trial, proposal))
        level = self._level(state, proposal)
        rungs = [*state.rungs, *[()] * (level + 1 - len(state.rungs))]
        rungs[level] = (*rungs[level], proposal.trial)
        drawn = RandomSearch().adopt(state.drawn, proposal) if level == 0 else state.drawn
        continued_trials = {proposal.continues} if proposal.continues is not None else set()
        return evolve(state, rungs=tuple(rungs), drawn=drawn, continued=state.continued | continued_trials)

    def tell(self, state, outcome: Outcome, uniform):
        utility = state.problem.objective.utility(outcome.score)
        return evolve(state, utilities=state.utilities.set(outcome.proposal.trial, utility))

    def promotable(self, state):
        """Those of a rung that is not all scored, and the winners of one that is; the top is not continued."""
        top = self.width.bit_length() - 1
        promotable_trials = set()
        for level, rung in enumerate(state.rungs[:top]):
            promotable_trials |= set(self._winners(state, level) or rung) - state.continued
        return frozenset(promotable_trials)

    def _winners(self, state, level):
        """The better half of a rung, once all of it is scored."""
        rung = state.rungs[level] if level < len(state.rungs) else ()
        if len(rung) < self.width >> level or not all(trial in state.utilities for trial in rung):
            return []
        return sorted(rung, key=lambda trial: (-state.utilities[trial], trial))[: len(rung) // 2]

    def _level(self, state, proposal):
        level = 0
        while proposal.continues is not None:
            level, proposal = level + 1, state.proposals[proposal.continues]
        return level
