"""Monte Carlo tree search over the choices of a space (DeepArchitect, sections 5.2 and 5.3).

Each trial selects a path down the tree, expands the node at its end, and completes the architecture by a rollout; its
outcome is backed up along the path.
"""

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from contextlib import suppress
from fractions import Fraction
from functools import lru_cache
from itertools import accumulate
from typing import ClassVar, final

from attrs import evolve, frozen
from pyrsistent import PMap, pmap

from archwright.core.builders import name_wrong_fields
from archwright.core.domain import Domain
from archwright.core.node import Node
from archwright.core.protocols import Outcome, Problem, Proposal
from archwright.core.ranges import Integers, Reals
from archwright.core.setting import custom_setting, flag_setting, number_setting
from archwright.core.traversal import sample
from archwright.core.value import Value, as_integer
from archwright.search.randomness import UniformStream

# An infinite domain, or one of more values than this, is split into at most this many parts. The number is our choice:
# every branch has a first visit before any has a second, so a node of more branches would use up a run of 64 trials,
# as in the paper (section 7), without any second visit.
MAX_BRANCHES = 64
MAX_SPLIT_RANGES = 256  # whose parts are kept
MAX_PARTS = 1_000_000  # of the setting `parts`: memory and time are proportional to it


@final
@frozen
class TreeNode:
    """The statistics of a node of the search tree, which stands for a `Node` of the space.

    Its visits are the rollouts from it and the visits of its children.
    """

    visits: int = 0  # outcomes that were backed up through this node
    rollouts: int = 0  # visits whose rollout began at this node
    utility_sum: Fraction = Fraction(0)  # over the visits; exact, as a sum of floats would depend on their order
    failures: int = 0  # visits without a score, which are not in the sum
    pending: int = 0  # proposals through this node whose outcome is not known yet
    branch_count: int = 0  # 0 until the node is expanded
    is_exhausted: bool = False  # every leaf below it is a node of the tree; a leaf at a rollout's end is none
    children: "PMap[int, TreeNode]" = pmap()  # by branch; those with a visit or a pending proposal


UNVISITED = TreeNode()  # the statistics of a child that is not in the tree yet


@final
@frozen
class ToldTrial:
    """A trial whose outcome is in the tree."""

    tree_path: tuple[int, ...]  # the branches to where its rollout began
    utility: float | None  # None if it failed


@final
@frozen
class MctsState:
    """The search tree, the path that each open trial took through it, and the range of the utilities."""

    problem: Problem
    tree: TreeNode = UNVISITED
    tree_paths: PMap[int, tuple[int, ...]] = pmap()  # by open trial: the branches to where its rollout began
    told: "PMap[int, ToldTrial]" = pmap()
    min_utility: float | None = None  # of the scores so far; None before the first
    max_utility: float | None = None


@name_wrong_fields
@final
@frozen
class Mcts:
    """Upper confidence bounds within a tree that grows by one node a trial, uniform rollouts below it.

    - Branches: the values of a hyperparameter, or, with `parts` of 2 or more, that many parts of its domain, which are
      split again until one value is left (the paper's bisection). Infinite domains are always split, until a part is as
      narrow as the domain's `grain`, its resolution.
    - Selection (equation 2): unvisited branches first, at random, by their weights or a prior where they have one; then
      the largest mean + 2c sqrt(2 ln n / n_i), ties at random.
    - Expansion: the node where a rollout begins gets all its branches, unvisited.
    - Backup: an outcome counts for the node where its rollout began and those above, not for the rollout's choices.
    - Pending trials count as visits without a score, so that parallel trials spread over the branches.
    - A failed trial is worth the lowest score so far.
    - In a finite space, exhausted nodes are not selected: a leaf that is a node of the tree is not proposed again. A
      rollout may end at a leaf where another rollout has ended, as in the paper.
    """

    name: ClassVar[str] = "mcts"
    revision: ClassVar[int] = 1  # of what it proposes, see `Searcher`
    exploration: float = number_setting(
        0.25,
        meaning="c of the bonus 2c sqrt(2 ln n / n_i)",
        source="DeepArchitect, equation 2; its runs had 2c = 0.5",  # on accuracies in [0, 1]
    )
    parts: int = custom_setting(
        0,
        f"0 or a whole number from 2 to {MAX_PARTS}",
        lambda parts: type(as_integer(parts)) is int and (parts == 0 or 2 <= parts <= MAX_PARTS),
        converter=as_integer,
        meaning="0: a branch is a value; k: it is one of k parts of the domain",
        source="DeepArchitect, section 5.3",
    )
    rescale: bool = flag_setting(
        meaning="scores to [0, 1] by the lowest and the highest so far, for metrics of other ranges"
    )

    def start(self, problem: Problem) -> MctsState:
        """A tree of one node."""
        return MctsState(problem)

    def propose(self, state: MctsState, trial: int, uniform: UniformStream) -> Proposal | None:
        """The leaf at the end of a rollout from the selected node of the tree; None once every leaf has been proposed.

        Consumes a random number for each tie and for each choice of the rollout.
        """
        if state.tree.is_exhausted:
            return None
        node, tree_node = state.problem.root, state.tree
        while tree_node.branch_count:
            branch = self._select_branch(state, node, tree_node, uniform)
            node, tree_node = self._follow_branch(node, branch), tree_node.children.get(branch, UNVISITED)
        leaf = sample(node, uniform)
        return Proposal.of(trial, leaf, state.problem.budget)

    def adopt(self, state: MctsState, proposal: Proposal) -> MctsState:
        """The tree with the proposal pending along its path, and expanded at the node where its rollout began."""
        node, tree_node, branches = state.problem.root, state.tree, list[int]()
        values = iter([value for _, value in proposal.path])
        value = next(values, None)
        while tree_node.branch_count:
            assert value is not None
            branch = self._find_branch(node, value)
            branches.append(branch)
            child = self._follow_branch(node, branch)
            if child.parent is node:  # a value was chosen; else the domain was narrowed
                value = next(values, None)
            node, tree_node = child, tree_node.children.get(branch, UNVISITED)

        def expand(tree_node: TreeNode) -> TreeNode:
            count = 0 if node.domain is None else self._count_branches(node.domain)
            return evolve(tree_node, branch_count=count, is_exhausted=node.domain is None)

        tree = _update_path(state.tree, branches, _add_pending, expand)
        return evolve(state, tree=tree, tree_paths=state.tree_paths.set(proposal.trial, tuple(branches)))

    def tell(self, state: MctsState, outcome: Outcome, uniform: UniformStream) -> MctsState:
        """The tree with the outcome backed up: exact sums, so that the order of outcomes makes no difference."""
        trial = outcome.proposal.trial
        utility = state.problem.compute_utility(outcome)
        tree_path = state.tree_paths[trial]

        def back_up(tree_node: TreeNode) -> TreeNode:
            return evolve(
                tree_node,
                pending=tree_node.pending - 1,
                visits=tree_node.visits + 1,
                utility_sum=tree_node.utility_sum + Fraction(utility or 0.0),
                failures=tree_node.failures + (utility is None),
            )

        tree = _update_path(state.tree, tree_path, back_up, _add_rollout)
        told = state.told.set(trial, ToldTrial(tree_path, utility))
        state = evolve(state, tree=tree, tree_paths=state.tree_paths.remove(trial), told=told)
        if utility is None:
            return state
        min_utility = utility if state.min_utility is None else min(utility, state.min_utility)
        max_utility = utility if state.max_utility is None else max(utility, state.max_utility)
        return evolve(state, min_utility=min_utility, max_utility=max_utility)

    def tell_again(self, state: MctsState, outcome: Outcome, uniform: UniformStream) -> MctsState:
        """The tree in which the outcome of a trial, at a larger budget, stands for that which was backed up."""
        before = state.told[outcome.proposal.trial]
        utility = state.problem.compute_utility(outcome)
        difference = Fraction(utility or 0.0) - Fraction(before.utility or 0.0)
        further_failures = (utility is None) - (before.utility is None)

        def replace(tree_node: TreeNode) -> TreeNode:
            utility_sum = tree_node.utility_sum + difference
            return evolve(tree_node, utility_sum=utility_sum, failures=tree_node.failures + further_failures)

        tree = _update_path(state.tree, before.tree_path, replace, lambda tree_node: tree_node)
        told = state.told.set(outcome.proposal.trial, evolve(before, utility=utility))
        utilities = [trial.utility for trial in told.values() if trial.utility is not None]
        lowest, highest = min(utilities, default=None), max(utilities, default=None)
        return evolve(state, tree=tree, told=told, min_utility=lowest, max_utility=highest)

    def _select_branch(self, state: MctsState, node: Node, parent: TreeNode, uniform: UniformStream) -> int:
        """The branch of the largest upper confidence bound that is not exhausted; consumes a number if several tie."""
        highest_bound, tied_branches = -math.inf, list[int]()
        for branch in range(parent.branch_count):
            child = parent.children.get(branch, UNVISITED)
            if child.is_exhausted:
                continue
            bound = self._compute_bound(state, parent, child)
            if bound > highest_bound:
                highest_bound, tied_branches = bound, []
            if bound == highest_bound:
                tied_branches.append(branch)
        if len(tied_branches) == 1:
            return tied_branches[0]
        weights = self._weigh_branches(node.domain, tied_branches) if node.domain and highest_bound == math.inf else ()
        return _draw_branch(tied_branches, weights, uniform())

    def _weigh_branches(self, domain: Domain, branches: Sequence[int]) -> Sequence[float]:
        """How likely each of some branches is among all of a domain's; nothing if its values are alike."""
        if domain.plain is domain:
            return ()
        if self._is_split(domain):
            parts = self._split(domain)
            return [domain.compute_share(parts[branch]) for branch in branches]
        values = list(domain)
        return [domain.probability(values[branch]) for branch in branches]

    def _compute_bound(self, state: MctsState, parent: TreeNode, child: TreeNode) -> float:
        """The upper confidence bound of a child (equation 2); infinite before its first visit."""
        parent_visits, child_visits = parent.visits + parent.pending, child.visits + child.pending
        if child_visits == 0:
            return math.inf
        mean_utility = self._estimate_utility(state, child if child.visits else parent)
        return mean_utility + self.exploration * (2 * math.sqrt(2 * math.log(parent_visits) / child_visits))

    def _estimate_utility(self, state: MctsState, tree_node: TreeNode) -> float:
        """The mean utility of a node's visits, a failure at the lowest utility so far; 0 if nothing is known."""
        if tree_node.visits == 0 or state.min_utility is None or state.max_utility is None:
            return 0.0
        mean = _compute_mean_utility(tree_node, state.min_utility)
        return _rescale(mean, state.min_utility, state.max_utility) if self.rescale else mean

    def _count_branches(self, domain: Domain) -> int:
        """How many branches a node with this domain has."""
        if self._is_split(domain) or domain.size is None:
            return len(self._split(domain))
        return domain.size

    def _follow_branch(self, node: Node, branch: int) -> Node:
        """The node of the space that a branch leads to: a value is chosen, or its domain narrowed to a part."""
        domain = node.domain
        assert domain is not None
        if self._is_split(domain):
            return node.narrow(self._split(domain)[branch])
        return node.choose(list(domain)[branch])

    def _find_branch(self, node: Node, value: Value) -> int:
        """The branch to a value of the node's domain; the last one for a real that is in none of the parts."""
        domain = node.domain
        assert domain is not None
        if self._is_split(domain):
            parts = self._split(domain)
            return next((branch for branch, part in enumerate(parts) if value in part), len(parts) - 1)
        return list(domain).index(value)

    def _split(self, domain: Domain) -> Sequence[Domain]:
        """The parts that are the branches of a domain."""
        parts = self.parts or MAX_BRANCHES
        is_kept = isinstance(domain, Integers | Reals) and parts <= MAX_BRANCHES
        return _split_range(domain, parts) if is_kept else domain.split(parts)

    def _is_split(self, domain: Domain) -> bool:
        """Whether the branches are parts of the domain; otherwise they are its values."""
        return self.parts > 0 or domain.size is None or domain.size > MAX_BRANCHES


@lru_cache(MAX_SPLIT_RANGES)
def _split_range(domain: Integers | Reals, parts: int) -> Sequence[Domain]:
    """The same parts whenever a node of the tree asks for them, as it does at each visit."""
    return domain.split(parts)


def _draw_branch(branches: Sequence[int], weights: Sequence[float], u: float) -> int:
    """The branch that `u` in [0, 1) picks, each as likely as its weight says; without weights, all are alike."""
    if not weights:
        return branches[int(u * len(branches))]
    sums = list(accumulate(weights))
    return branches[min(bisect_right(sums, u * sums[-1]), len(branches) - 1)]


def _compute_mean_utility(tree_node: TreeNode, min_utility: float) -> float:
    """The mean utility of a node's visits, a failure at `min_utility`; also where their sum overflows a float."""
    with suppress(OverflowError):
        mean = (float(tree_node.utility_sum) + tree_node.failures * min_utility) / tree_node.visits
        if math.isfinite(mean):
            return mean
    return float((tree_node.utility_sum + tree_node.failures * Fraction(min_utility)) / tree_node.visits)


def _rescale(utility: float, low: float, high: float) -> float:
    """The utility scaled to [0, 1], from `low` at 0 to `high` at 1; 0.5 if they are equal."""
    span = high - low
    if math.isinf(span):  # the difference overflows; halving numbers this large loses no digits
        return _rescale(utility / 2, low / 2, high / 2)
    return (utility - low) / span if span else 0.5


def _add_pending(tree_node: TreeNode) -> TreeNode:
    return evolve(tree_node, pending=tree_node.pending + 1)


def _add_rollout(tree_node: TreeNode) -> TreeNode:
    return evolve(tree_node, rollouts=tree_node.rollouts + 1)


def _update_path(
    tree: TreeNode,
    branches: Sequence[int],
    update: Callable[[TreeNode], TreeNode],
    update_last: Callable[[TreeNode], TreeNode],
) -> TreeNode:
    """The tree with `update` applied to the nodes along a path, and then `update_last` to the node at its end."""
    tree_nodes = [tree]
    for branch in branches:
        tree_nodes.append(tree_nodes[-1].children.get(branch, UNVISITED))
    child = update_last(update(tree_nodes.pop()))
    for branch in reversed(branches):
        parent = update(tree_nodes.pop())
        children = parent.children.set(branch, child)
        exhausted_count = sum(child.is_exhausted for child in children.values()) if child.is_exhausted else 0
        child = evolve(parent, children=children, is_exhausted=exhausted_count == parent.branch_count)
    return child
