"""Monte Carlo tree search over the choices of a space (DeepArchitect, sections 5.2 and 5.3)."""

import math
from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction
from typing import ClassVar, final

from attrs import evolve, frozen
from pyrsistent import PMap, pmap

from archwright.core.domain import Domain
from archwright.core.node import Node, root
from archwright.core.protocols import Outcome, Problem, Proposal
from archwright.core.setting import custom_setting, flag_setting, number_setting
from archwright.core.traversal import sample
from archwright.core.value import Value
from archwright.search.randomness import uniforms

# A domain of more values than this, or without end, is split into so many parts at most. A choice: as each branch is
# entered once before any is again, a wider place would use up a run as long as the paper's (64 trials, section 7).
WIDEST = 64


@final
@frozen
class Place:
    """What is known of one place of the tree. Visits are those that began here and those of the children."""

    visits: int = 0  # outcomes credited
    own: int = 0  # those of them whose rollout began here
    total: Fraction = Fraction(0)  # of their scores, where more is better; floats would add up as the order has it
    failures: int = 0  # those of them without a score
    running: int = 0  # proposals through here that wait for their outcome
    width: int = 0  # how many branches it has; 0 until it is expanded
    exhausted: bool = False  # the tree reaches every leaf below; one that only rollouts came to can be proposed again
    children: "PMap[int, Place]" = pmap()  # those that were ever entered, by branch


@final
@frozen
class MctsState:
    """The tree, the way that each open proposal took through it, and the range of the scores."""

    problem: Problem
    root: Node
    tree: Place = Place()
    proposals: int = 0
    ways: PMap[int, tuple[int, ...]] = pmap()  # by trial: the branches taken within the tree
    lowest: float | None = None  # of the scores so far, where more is better
    highest: float | None = None


MAX_PARTS = 1_000_000  # each is a domain of its own, which is made and looked at


@final
@frozen
class Mcts:
    """Upper confidence bounds within a tree that grows by one place a proposal, uniform rollouts below it.

    - Branches: the values of a hyperparameter, or, with `parts` of 2 or more, so many parts of its domain, again and
      again until one value is left: the paper's bisection. Domains without end are always split, down to their grain.
    - Selection (equation 2): unvisited branches first, ties at random, then the largest mean + 2c sqrt(2 ln n / n_i).
    - Expansion: the place where a rollout begins becomes part of the tree with all its branches, unvisited.
    - Credit: an outcome counts for the place where its rollout began and those above, not for the rollout's choices.
    - Proposals that are still running count as visits without a score, so that parallel ones spread.
    - A failed trial is worth the lowest score so far.
    - In a finite space, what is exhausted is not entered again: a leaf that the tree has grown to was proposed then and
      comes no more. A rollout may end in a leaf that another ended in before, as in the paper.
    """

    name: ClassVar[str] = "mcts"
    revision: ClassVar[int] = 1
    exploration: float = number_setting(
        0.25,
        meaning="c of the bonus 2c sqrt(2 ln n / n_i)",
        source="DeepArchitect, equation 2; its runs had 2c = 0.5",  # on accuracies in [0, 1]
    )
    parts: int = custom_setting(
        0,
        f"0 or a whole number from 2 to {MAX_PARTS}",
        lambda parts: type(parts) is int and (parts == 0 or 2 <= parts <= MAX_PARTS),
        meaning="0: a branch is a value; k: it is one of k parts of the domain",
        source="DeepArchitect, section 5.3",
    )
    rescale: bool = flag_setting(
        meaning="scores to [0, 1] by the lowest and the highest so far, for metrics of other ranges"
    )

    def start(self, problem: Problem) -> MctsState:
        """A tree of one place."""
        return MctsState(problem, root(problem.space, problem.input_shape))

    def propose(self, state: MctsState) -> Proposal | None:
        """A leaf below the most promising place; None once every leaf has been proposed.

        Consumes one number for each tie and each choice of the rollout.
        """
        if state.tree.exhausted:
            return None
        uniform = uniforms(state.problem.seed, state.proposals)
        node, place = state.root, state.tree
        while place.width:
            branch = self._select(state, place, uniform)
            node, place = self._enter(node, branch), place.children.get(branch, Place())
        leaf = sample(node, uniform)
        return Proposal.of(state.proposals, leaf, state.problem.budget)

    def adopt(self, state: MctsState, proposal: Proposal) -> MctsState:
        """The tree with the place expanded where the proposal leaves it, and one more running all the way."""
        node, place, way, values = state.root, state.tree, list[int](), iter(proposal.path)
        value = next(values, None)
        while place.width:
            assert value is not None
            branch = self._branch_of(node, value[1])
            way.append(branch)
            below = self._enter(node, branch)
            if below.parent is node:  # chosen, not only narrowed
                value = next(values, None)
            node, place = below, place.children.get(branch, Place())
        width = 0 if node.domain is None else self._width(node.domain)

        def begin(place: Place) -> Place:
            return evolve(place, width=width, exhausted=node.domain is None)

        tree = _along(state.tree, way, _runs, begin)
        number = max(state.proposals, proposal.trial + 1)
        return evolve(state, tree=tree, proposals=number, ways=state.ways.set(proposal.trial, tuple(way)))

    def tell(self, state: MctsState, outcome: Outcome) -> MctsState:
        """The tree with the outcome credited: exact sums, so that the order of outcomes makes no difference."""
        trial = outcome.proposal.trial
        score = None if outcome.score is None else state.problem.objective.utility(outcome.score)

        def credit(place: Place) -> Place:
            return evolve(
                place,
                running=place.running - 1,
                visits=place.visits + 1,
                total=place.total + Fraction(score or 0.0),
                failures=place.failures + (score is None),
            )

        tree = _along(state.tree, state.ways[trial], credit, lambda place: evolve(place, own=place.own + 1))
        state = evolve(state, tree=tree, ways=state.ways.remove(trial))
        if score is None:
            return state
        lowest = score if state.lowest is None else min(score, state.lowest)
        highest = score if state.highest is None else max(score, state.highest)
        return evolve(state, lowest=lowest, highest=highest)

    def promotable(self, state: MctsState) -> frozenset[int]:
        """None: every training ends with its trial."""
        return frozenset()

    def _select(self, state: MctsState, place: Place, uniform: Callable[[], float]) -> int:
        """The branch to follow: the best of those that are not exhausted, ties at random."""
        unknown = Place()
        open_branches = [
            (i, child)
            for i in range(place.width)
            if not (child := place.children.get(i, unknown)).exhausted
        ]  # fmt: skip
        best, ties = -math.inf, list[int]()
        for i, child in open_branches:
            bound = self._bound(state, place, child)
            if bound > best:
                best, ties = bound, []
            if bound == best:
                ties.append(i)
        return ties[int(uniform() * len(ties))] if len(ties) > 1 else ties[0]

    def _bound(self, state: MctsState, parent: Place, child: Place) -> float:
        """The upper confidence bound of a branch (equation 2); infinite before its first visit."""
        n, n_child = parent.visits + parent.running, child.visits + child.running
        if n_child == 0:
            return math.inf
        mean = self._mean(state, child if child.visits else parent)
        return mean + self.exploration * (2 * math.sqrt(2 * math.log(n) / n_child))

    def _mean(self, state: MctsState, place: Place) -> float:
        """The mean score of a place, failures at the lowest score so far; 0 where nothing is known."""
        if place.visits == 0 or state.lowest is None or state.highest is None:
            return 0.0
        mean = _mean_score(place, state.lowest)
        return _position(mean, state.lowest, state.highest) if self.rescale else mean

    def _width(self, domain: Domain) -> int:
        if self.parts or domain.size is None or domain.size > WIDEST:
            return len(domain.split(self.parts or WIDEST))
        return domain.size

    def _enter(self, node: Node, branch: int) -> Node:
        domain = node.domain
        assert domain is not None
        if self.parts or domain.size is None or domain.size > WIDEST:
            return node.narrow(domain.split(self.parts or WIDEST)[branch])
        return node.choose(list(domain)[branch])

    def _branch_of(self, node: Node, value: Value) -> int:
        domain = node.domain
        assert domain is not None
        if self.parts or domain.size is None or domain.size > WIDEST:
            parts = domain.split(self.parts or WIDEST)
            return next((i for i, part in enumerate(parts) if value in part), len(parts) - 1)
        return list(domain).index(value)


def _mean_score(place: Place, lowest: float) -> float:
    """The mean of the scores, failures at the lowest; exact where the sum is more than a float holds."""
    with suppress(OverflowError):
        mean = (float(place.total) + place.failures * lowest) / place.visits
        if math.isfinite(mean):
            return mean
    return float((place.total + place.failures * Fraction(lowest)) / place.visits)


def _position(score: float, low: float, high: float) -> float:
    """Where a score lies in [0, 1] between the lowest and the highest; 0.5 where these are one."""
    span = high - low
    if math.isinf(span):  # that far apart, halves have as many digits
        return _position(score / 2, low / 2, high / 2)
    return (score - low) / span if span else 0.5


def _runs(place: Place) -> Place:
    return evolve(place, running=place.running + 1)


def _along(
    tree: Place, way: tuple[int, ...] | list[int], each: Callable[[Place], Place], last: Callable[[Place], Place]
) -> Place:
    """The tree with `each` applied to the places along a way, and `last` to the place at its end as well."""
    places = [tree]
    for branch in way:
        places.append(places[-1].children.get(branch, Place()))
    changed = last(each(places.pop()))
    for branch in reversed(way):
        above = each(places.pop())
        children = above.children.set(branch, changed)
        done = changed.exhausted and sum(child.exhausted for child in children.values()) == above.width
        changed = evolve(above, children=children, exhausted=done)
    return changed
