"""PriorBand's sampler (Mallik et al. 2023): random, by a person's priors, and around the incumbent, by turns."""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import ClassVar, final

import numpy as np
from attrs import evolve, frozen

from archwright.core.budget import Budget
from archwright.core.builders import name_wrong_fields
from archwright.core.domain import Domain
from archwright.core.node import Node, replay
from archwright.core.normal import Normal
from archwright.core.protocols import Outcome, Problem, Proposal
from archwright.core.setting import number_setting
from archwright.core.traversal import sample
from archwright.core.value import Value
from archwright.core.variation.mutation import list_decisions
from archwright.search.halving import count_promotions, list_bracket_sizes
from archwright.search.randomness import UniformStream
from archwright.search.searchers.budgeted_history import BudgetedHistory, BudgetedScore, Configuration
from archwright.search.searchers.unseen import MAX_DRAWS, sample_unseen
from archwright.search.surrogates.coordinates import (
    POSITION_DIGITS,
    Coordinates,
    PlaceIndex,
    extract_coordinates,
    index_places,
    is_numeric,
)

PRIORBAND = "PriorBand, Mallik et al. 2023"
# How much is believed of the incumbent, where its neighbourhood is weighed against a person's prior: high confidence.
INCUMBENT_CONFIDENCE = 0.75
HALF_INTERVAL = 1 / 1024  # of unit positions, over which a density is measured

PriorGuidedState = BudgetedHistory


@name_wrong_fields
@final
@frozen
class PriorGuided:
    """Each leaf is drawn uniformly, by the priors and weights of the space, or around the incumbent, the best so far.

    At rung r of a ladder, counted from 0, it is uniform with the probability 1 / (1 + eta^r), whatever is believed: so
    a bad prior does little harm. The rest is the priors' until a trial has a score at the top rung, as much was spent
    as one bracket of successive halving takes, and some rung has eta trials that have ended. From then on it is shared
    between the priors and the incumbent: in proportion to how likely each would make the best eta-th of the highest
    rung that has eta trials, of which the best has the largest weight.

    Around the incumbent, each choice changes with the probability `mutation_rate`: a number by a normal distribution
    that is cut off at the ends of its domain, an option to another one. What was not asked on the way to the incumbent
    is drawn from its domain. No leaf is proposed twice, nor anything once every leaf of a finite space was.

    By itself, without a ladder, it is at the top rung; under one, `eta` is the ladder's. Open trials are only not
    proposed again. A failed trial is worse than any other, and no incumbent.
    """

    name: ClassVar[str] = "prior-guided"
    revision: ClassVar[int] = 1
    eta: float = number_setting(
        3.0,
        low=1.0,
        above=True,
        high=1e6,
        meaning="how many times fewer trials a rung has than the one below; a ladder's own, under one",
    )
    mutation_rate: float = number_setting(
        0.5, above=True, high=1.0, meaning="the probability that a choice of the incumbent changes", source=PRIORBAND
    )
    deviation: float = number_setting(
        0.25, low=1e-6, high=1e6, meaning="of a number around the incumbent's, in a domain that is 1 long",
        source=PRIORBAND,
    )  # fmt: skip

    def start(self, problem: Problem) -> PriorGuidedState:
        """Nothing known."""
        return BudgetedHistory(problem)

    def propose(self, state: PriorGuidedState, trial: int, uniform: UniformStream) -> Proposal | None:
        """A leaf for a trial at the top rung, which is rung 0 where there is one budget; None if every one was.

        Consumes a number for the way it is drawn, and for each draw until it is new a number for each choice, or up to
        two around the incumbent.
        """
        rungs = state.problem.list_rungs(self.eta)
        return self._draw_leaf(state, trial, len(rungs) - 1, rungs, uniform)

    def propose_at(
        self,
        state: PriorGuidedState,
        trial: int,
        rung: int,
        rungs: Sequence[Budget],
        eta: float,
        uniform: UniformStream,
    ) -> Proposal | None:
        """A leaf for a trial that begins at one of the rungs, ascending, counted from 0; None if every one was.

        `eta` is that of the ladder. Consumes as `propose`.
        """
        return evolve(self, eta=eta)._draw_leaf(state, trial, rung, rungs, uniform)

    def _draw_leaf(
        self, state: PriorGuidedState, trial: int, rung: int, rungs: Sequence[Budget], uniform: UniformStream
    ) -> Proposal | None:
        """A leaf for a trial that begins at that rung; consumes as `propose`."""
        root, drawn = state.problem.root, uniform()
        random_share = 1 / (1 + self.eta**rung)
        incumbent = None if drawn < random_share else self._find_incumbent(state, rungs)
        share = 0.0 if incumbent is None else self._compute_incumbent_share(state, rungs, incumbent)
        is_around = incumbent is not None and drawn >= 1 - (1 - random_share) * share

        def draw() -> Node:
            if incumbent is not None and is_around:
                return self._vary(root, incumbent, uniform)
            return sample_uniformly(root, uniform) if drawn < random_share else sample(root, uniform)

        drawn_leaf = _draw_unseen(draw, state)
        leaf = drawn_leaf or sample_unseen(root, state.seen, uniform)
        by_model = is_around and drawn_leaf is not None
        return None if leaf is None else Proposal.of(trial, leaf, state.problem.budget, by_model=by_model)

    def adopt(self, state: PriorGuidedState, proposal: Proposal) -> PriorGuidedState:
        """One path more that is not to come again."""
        return state.adopt(proposal)

    def tell(self, state: PriorGuidedState, outcome: Outcome, uniform: UniformStream) -> PriorGuidedState:
        """One score more."""
        return state.tell(outcome)

    def tell_again(self, state: PriorGuidedState, outcome: Outcome, uniform: UniformStream) -> PriorGuidedState:
        """One score more, of a trial that was told at another budget; the rung of that one keeps it."""
        return state.tell_again(outcome)

    def _find_incumbent(self, state: PriorGuidedState, rungs: Sequence[Budget]) -> Configuration | None:
        """The best at the top rung; None as long as nothing is drawn around it."""
        ranked = dict(state.rank_by_budget()).get(rungs[-1], ())
        if not ranked or ranked[0].utility is None or not self._find_best(state, rungs):
            return None
        spent = dict[int, float]()  # by configuration: the largest budget, as what a continuation adds counts once
        for score in state.scores:
            if score.budget.unit == rungs[-1].unit:
                spent[score.trial] = max(spent.get(score.trial, 0.0), score.budget.amount)
        if math.fsum(spent.values()) < compute_bracket_cost(rungs, self.eta):
            return None
        return state.configurations[ranked[0].trial]

    def _find_best(self, state: PriorGuidedState, rungs: Sequence[Budget]) -> Sequence[BudgetedScore]:
        """The best eta-th of the highest rung at which eta trials have ended, without failures; none if none has."""
        ranked = dict(state.rank_by_budget())
        for budget in reversed(rungs):
            scores = ranked.get(budget, ())
            if count := count_promotions(len(scores), self.eta):
                best = scores[:count]
                return [score for score in best if score.utility is not None]
        return []

    def _compute_incumbent_share(
        self, state: PriorGuidedState, rungs: Sequence[Budget], incumbent: Configuration
    ) -> float:
        """The share of the incumbent in what it and the priors have together."""
        best, problem = self._find_best(state, rungs), state.problem
        paths = [state.configurations[score.trial].path for score in best]
        leaves = [replay(problem.space, problem.input_shape, path) for path in paths]
        log_weights = np.log(np.arange(len(best), 0, -1))
        log_prior = np.array([_log_prior(leaf) for leaf in leaves]) + log_weights
        log_incumbent = np.array([self._log_density(leaf, incumbent) for leaf in leaves]) + log_weights
        largest = max(log_prior.max(), log_incumbent.max())  # the rest are exponentials of at most 0
        prior, around = (float(np.exp(logs - largest).sum()) for logs in (log_prior, log_incumbent))
        return around / (prior + around)

    def _log_density(self, leaf: Node, incumbent: Configuration) -> float:
        """How likely a belief in the incumbent makes a leaf, compared to a uniform draw; the logarithm."""
        here, there = extract_coordinates(leaf, leaf.path), incumbent.coordinates
        terms, asked = list[float](), {name for name, _ in incumbent.path}
        for name, position in here.numbers.items():
            if name in there.numbers:
                low, high = _find_interval(position)
                spread = Normal(there.numbers[name], self.deviation)
                terms.append(spread.compute_share((low, high), (0.0, 1.0), log=False) / (high - low))
        for name, option in here.options.items():
            if name in there.options:
                size, is_same = here.offered[name].size, option == there.options[name]
                terms.append(size * (INCUMBENT_CONFIDENCE if is_same else (1 - INCUMBENT_CONFIDENCE) / (size - 1)))
        others = (decision for decision in list_decisions(leaf) if decision.name not in asked)
        terms += (compare_to_uniform(each.domain, each.value) for each in others)
        return math.fsum(map(math.log, terms))

    def _vary(self, root: Node, incumbent: Configuration, uniform: UniformStream) -> Node:
        """A leaf around the incumbent."""
        values, node, places = dict(incumbent.path), root, index_places(root.origin.space)
        while (domain := node.domain) is not None:
            name = node.choice_name
            value = values.get(name)
            if value is None or value not in domain:
                value = domain.sample(uniform())
            elif name in places:
                value = self._vary_place(places[name], domain, incumbent.coordinates, uniform)
            elif uniform() < self.mutation_rate:
                value = self._change(domain, value, uniform())
            node = node.choose(value)
        return node

    def _vary_place(self, places: PlaceIndex, domain: Domain, incumbent: Coordinates, uniform: UniformStream) -> Value:
        """The place at which what is picked is nearest to the incumbent's, of which each may have changed."""
        positions = [incumbent.numbers[each.name] for each in places.numbers]
        positions = [self._move(at, uniform()) if uniform() < self.mutation_rate else at for at in positions]
        options = [(each.domain, incumbent.options[each.name]) for each in places.options]
        values = [_change_option(*at, uniform()) if uniform() < self.mutation_rate else at[1] for at in options]
        return places.find_nearest(domain, positions, values)

    def _change(self, domain: Domain, value: Value, u: float) -> Value:
        """Another value of a domain, for `u` in [0, 1); a number may come out as it was."""
        if is_numeric(domain):
            return domain.plain.from_unit(self._move(domain.place_value(value), u))
        return _change_option(domain, value, u)

    def _move(self, position: float, u: float) -> float:
        """A position around another one, for `u` in [0, 1)."""
        return round(Normal(position, self.deviation).find_quantile(u, (0.0, 1.0), log=False), POSITION_DIGITS)


def _change_option(domain: Domain, option: Value, u: float) -> Value:
    """Another option of a domain, for `u` in [0, 1)."""
    return domain.restrict([other for other in domain if other != option]).sample(u)


def compute_bracket_cost(rungs: Sequence[Budget], eta: float) -> float:
    """What one bracket of successive halving over all rungs takes, in their unit; continuations cost what they add."""
    amounts, sizes = [0.0, *(rung.amount for rung in rungs)], list_bracket_sizes(len(rungs), 0, eta, "floor")
    return math.fsum(n * (high - low) for n, (low, high) in zip(sizes, pairwise(amounts), strict=True))


def sample_uniformly(node: Node, uniform: UniformStream) -> Node:
    """A leaf below `node`, each choice drawn as if there were neither weights nor priors; a number for each choice."""
    while node.domain is not None:
        node = node.choose(node.domain.plain.sample(uniform()))
    return node


def compare_to_uniform(domain: Domain, value: Value) -> float:
    """How many times likelier weights or a prior make a value than it would be without; above 0."""
    if domain.plain is domain:
        return 1.0
    if domain.size is not None:
        return domain.probability(value) / domain.plain.probability(value)
    low, high = _find_interval(domain.place_value(value))
    ends = [domain.to_unit(domain.plain.from_unit(end)) for end in (low, high)]  # the probability of less than each
    return max(1e-300, ends[1] - ends[0]) / (high - low)


def _find_interval(position: float) -> tuple[float, float]:
    """A short interval of unit positions around one."""
    return max(0.0, position - HALF_INTERVAL), min(1.0, position + HALF_INTERVAL)


def _log_prior(leaf: Node) -> float:
    """How likely weights and priors make a leaf, compared to a uniform draw; the logarithm."""
    return math.fsum(math.log(compare_to_uniform(each.domain, each.value)) for each in list_decisions(leaf))


def _draw_unseen(draw: Callable[[], Node], state: PriorGuidedState) -> Node | None:
    """The first of some draws that is new; None if none is."""
    leaves = (draw() for _ in range(MAX_DRAWS))
    return next((leaf for leaf in leaves if leaf.path not in state.seen), None)
