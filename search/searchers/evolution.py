"""Regularised evolution: the oldest die (Real et al. 2019, algorithm 1)."""

from functools import partial
from typing import ClassVar, final

from attrs import evolve, frozen
from pyrsistent import PDeque, pdeque

from archwright.core.builders import name_wrong_fields
from archwright.core.node import Node
from archwright.core.protocols import Outcome, Problem, Proposal
from archwright.core.setting import whole_setting
from archwright.core.traversal import sample
from archwright.core.variation.mutation import list_decisions, mutate
from archwright.search.randomness import UniformStream
from archwright.search.searchers.history import BudgetRank, rank_budget


@final
@frozen
class EvolutionState:
    """The population."""

    problem: Problem
    population: "PDeque[Outcome]" = pdeque()  # oldest first
    inherited: int = 0  # how many trials of other runs it was told


@name_wrong_fields
@final
@frozen
class Evolution:
    """A random population, then mutations of the best of a sample of it; each outcome replaces the oldest.

    A mutation changes one choice of the path, keeps what still fits and draws the rest; a number changes to one nearby
    half of the time. A child may be a leaf that was evaluated before, as the algorithm has it: it is evaluated again.
    Of members at several budgets, those at the largest are the best.

    Running trials are no members yet: with several workers, parents are some trials old. A failed trial is worth less
    than any other; its age counts like another's.
    """

    name: ClassVar[str] = "evolution"
    revision: ClassVar[int] = 2  # since a number changes to one nearby half of the time
    # As the hierarchical grammar paper's baseline has, and those that docs/reproduction.md is held against.
    population: int = whole_setting(30, low=1, meaning="members", source="Dong and Yang 2020; Schrodi et al. 2023")
    sample: int = whole_setting(
        10,
        low=1,
        meaning="members drawn with replacement, of which the best is the parent",
        source="Dong and Yang 2020; Schrodi et al. 2023",
    )

    def start(self, problem: Problem) -> EvolutionState:
        """No population yet."""
        return EvolutionState(problem)

    def propose(self, state: EvolutionState, trial: int, uniform: UniformStream) -> Proposal:
        """A random leaf as long as the population is not full, then a child.

        Consumes a number for each member of the sample, and what mutation consumes.
        """
        if trial + state.inherited < self.population or not state.population:
            leaf = sample(state.problem.root, uniform)
        else:
            leaf = _mutate(self._select_parent(state, uniform), uniform)
        return Proposal.of(trial, leaf, state.problem.budget)

    def adopt(self, state: EvolutionState, proposal: Proposal) -> EvolutionState:
        """No difference, but for the number of inherited trials: what is under way is no member yet."""
        return evolve(state, inherited=state.inherited + 1) if proposal.trial < 0 else state

    def tell(self, state: EvolutionState, outcome: Outcome, uniform: UniformStream) -> EvolutionState:
        """The population with the outcome as its youngest member, and without the oldest if it is full."""
        population = state.population.append(outcome)
        return evolve(state, population=population.popleft() if len(population) > self.population else population)

    def tell_again(self, state: EvolutionState, outcome: Outcome, uniform: UniformStream) -> EvolutionState:
        """The population with an outcome of a member at a larger budget, in that one's place; as it is without it."""
        trial = outcome.proposal.trial
        members = [outcome if member.proposal.trial == trial else member for member in state.population]
        return evolve(state, population=pdeque(members))

    def _select_parent(self, state: EvolutionState, uniform: UniformStream) -> Node:
        """The best of a sample of the population; consumes a number for each member of the sample."""
        members = list(state.population)
        candidates = [members[int(uniform() * len(members))] for _ in range(self.sample)]
        return max(candidates, key=partial(_rank, state.problem)).proposal.leaf


def _rank(problem: Problem, member: Outcome) -> tuple[bool, BudgetRank, float]:
    """What is larger for a better member: a score, then a larger budget, then a better score."""
    utility = problem.objective.utility(member.score)
    return member.score is not None, rank_budget(problem, member.proposal.budget), utility


def _mutate(parent: Node, uniform: UniformStream) -> Node:
    """A mutated leaf; of a space without choices, the only one."""
    decisions = list_decisions(parent)
    return mutate(decisions, uniform)[0] if decisions else parent
