"""Monte Carlo tree search."""

import itertools
import math
from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

import archwright as aw
from archwright.core.protocols import Outcome
from archwright.search.searchers.mcts import Mcts, MctsState, TreeNode
from tests.search.contract import Session, make_problem, score_path

BANDIT = aw.dropout([0.1, 0.2, 0.3])
SMALL = aw.sequential(aw.conv2d(filters=[8, 16, 32, 48, 64], size=[3, 5]), aw.optional(aw.dropout([0.1, 0.3])))


def tree_nodes(tree_node: TreeNode):
    yield tree_node
    for child in tree_node.children.values():
        yield from tree_nodes(child)


def chosen(session: Session) -> list:
    return [proposal.path[-1][1] for proposal in session.proposals]


def test_greedy_bandit_by_hand():
    """Three arms worth 0.2, 0.9 and 0.5, told at once, and c = 0.

    The first proposal is a rollout from the root, which it expands: it counts for no arm. Then each arm is entered
    once, in a random order, as unvisited branches come first. Each arm is a leaf, so it is exhausted then: after four
    proposals at the latest there is none left.
    """
    session = Session(Mcts(exploration=0.0), make_problem(BANDIT))
    worth = {0.1: 0.2, 0.2: 0.9, 0.3: 0.5}
    session.run(10, lambda path: worth[path[0][1]])
    assert sorted(chosen(session)[1:]) == [0.1, 0.2, 0.3]
    assert len(session.proposals) == 4
    assert session.ask() is None


def test_selection_follows_equation_two():
    """Two branches with means 0.5 and 0.6 after 8 and 2 visits of 11: with c = 0.25 the bounds are worked out by hand.

    2c sqrt(2 ln 11 / 8) = 0.3871 and 2c sqrt(2 ln 11 / 2) = 0.7743: 0.8871 against 1.3743.
    """
    searcher = Mcts()
    parent = TreeNode(visits=11, rollouts=1, branch_count=2)
    few, many = TreeNode(visits=2, utility_sum=2 * 0.6), TreeNode(visits=8, utility_sum=8 * 0.5)  # type: ignore[arg-type]
    state = MctsState(make_problem(SMALL), min_utility=0.0, max_utility=1.0)
    assert searcher._compute_bound(state, parent, many) == pytest.approx(0.8871, abs=1e-4)
    assert searcher._compute_bound(state, parent, few) == pytest.approx(1.3743, abs=1e-4)


def test_greedy_search_on_a_tree_by_hand():
    """With c = 0 and the filters as score: after each was entered once, the best is entered again."""
    space = aw.conv2d(filters=[8, 16, 32, 64], size=[1, 3, 5, 7], stride=[1, 2, 3])
    session = Session(Mcts(exploration=0.0), make_problem(space))
    session.run(9, lambda path: path[0][1] / 100)
    filters = [proposal.path[0][1] for proposal in session.proposals]
    assert sorted(filters[1:5]) == [8, 16, 32, 64]
    assert filters[5:] == [64, 64, 64, 64]
    sizes = [proposal.path[1][1] for proposal in session.proposals]
    assert sorted(sizes[5:]) == [1, 3, 5, 7]


@given(st.integers(0, 500), st.integers(1, 4), st.sampled_from([0, 2, 3]))
def test_visits_add_up(seed, workers, parts):
    """The visits of a node are the rollouts from it and the visits of its children; in the end none is pending."""
    session = Session(Mcts(parts=parts), make_problem(SMALL), seed)
    session.run(30, score_path, workers, seed)
    for tree_node in tree_nodes(session.state.tree):
        assert tree_node.visits == tree_node.rollouts + sum(child.visits for child in tree_node.children.values())
        assert tree_node.pending == 0
    assert session.state.tree.visits == len(session.proposals)


@given(st.permutations(range(8)), st.sampled_from([0, 2]))
def test_order_of_outcomes_makes_no_difference(order, parts):
    """The same outcomes in any order give the same statistics, to the last bit."""
    session = Session(Mcts(parts=parts), make_problem(SMALL))
    for _ in range(8):
        session.ask()
    states = []
    for told in (range(8), order):
        state = session.state
        for i in told:
            score = None if i == 3 else score_path(session.proposals[i].path, str(i))
            status = "ok" if score is not None else "crashed"
            state = session.searcher.tell(state, Outcome(session.proposals[i], status, score), lambda: 0.0)
        states.append(state)
    assert states[0] == states[1]


@pytest.mark.parametrize("parts", [0, 2, 3])
@pytest.mark.parametrize("workers", [1, 3])
def test_finite_space_is_exhausted_and_every_leaf_proposed(parts, workers):
    """Every leaf comes up, and then there is nothing to propose: what is exhausted is not entered again."""
    session = Session(Mcts(parts=parts), make_problem(SMALL))
    session.run(1000, score_path, workers)
    proposed = {proposal.path for proposal in session.proposals}
    assert proposed == {leaf.path for leaf in aw.enumerate_leaves(SMALL, (1, 8, 8))}
    assert session.state.tree.is_exhausted
    assert session.ask() is None


def test_running_proposals_spread():
    """Proposals that nobody has heard of yet go to different branches."""
    session = Session(Mcts(), make_problem(aw.conv2d(filters=[8, 16, 32, 64], size=aw.integers(1, 9))))
    for _ in range(5):
        session.ask()
    assert sorted(proposal.path[0][1] for proposal in session.proposals[1:]) == [8, 16, 32, 64]


def test_bisection_has_the_depth_of_the_logarithm():
    """Five values give depth 3 (section 5.3): by bisection, each of them is three narrowings away at most."""
    session = Session(Mcts(parts=2), make_problem(aw.dropout([0.1, 0.2, 0.3, 0.4, 0.5])))
    session.run(1000, score_path)

    def depth(tree_node: TreeNode) -> int:
        return 1 + max(map(depth, tree_node.children.values()), default=-1)

    assert depth(session.state.tree) == 3


def test_bisection_of_reals_goes_down_to_the_grain():
    """A greedy search for the largest real number in [0, 1] comes within 2 % of it in 60 trials."""
    space = aw.settings(momentum=aw.reals(0.0, 1.0))
    runs = [Session(Mcts(parts=2, exploration=0.05), make_problem(space), seed) for seed in range(5)]
    assert all(max(p.path[0][1] for p in run.run(60, lambda path: path[0][1])) > 0.98 for run in runs)


def test_minimising_is_maximising_the_negative():
    """With scores negated and the direction turned, every proposal is the same; also when scores are rescaled."""
    for rescale in (False, True):
        searcher = Mcts(rescale=rescale)
        up, down = Session(searcher, make_problem(SMALL)), Session(searcher, make_problem(SMALL, direction="minimize"))
        up.run(20, score_path)
        down.run(20, lambda path: -score_path(path))
        assert [p.path for p in up.proposals] == [p.path for p in down.proposals]


def test_failures_are_worth_the_lowest_score():
    """Two arms: one fails always, one scores 0.9; a third scores 0.5. The greedy search prefers 0.9."""
    space = aw.sequential(aw.dropout([0.1, 0.2, 0.3]), aw.settings(x=aw.reals(0, 1)))
    worth = {0.1: None, 0.2: 0.9, 0.3: 0.5}
    session = Session(Mcts(exploration=0.0), make_problem(space))
    session.run(12, lambda path: worth[path[0][1]])
    assert set(chosen_rates := [p.path[0][1] for p in session.proposals][4:]) == {0.2}, chosen_rates


@pytest.mark.parametrize(
    ("direction", "good", "fair"),
    [("minimize", 10.0, 20.0), ("minimize", 1e6, 2e6), ("maximize", -5.0, -90.0), ("maximize", 1e6, 2.0)],
)
def test_failures_are_worth_the_lowest_score_of_any_range(direction, good, fair):
    """Not 0, which is the best of losses and of negative scores: the arm that fails is entered once and no more."""
    space = aw.sequential(aw.dropout([0.1, 0.2, 0.3]), aw.settings(x=aw.reals(0, 1)))
    worth = {0.1: None, 0.2: good, 0.3: fair}
    session = Session(Mcts(exploration=0.0), make_problem(space, direction=direction))
    session.run(12, lambda path: worth[path[0][1]])
    assert {proposal.path[0][1] for proposal in session.proposals[4:]} == {0.2}


def test_the_value_of_a_node_with_failures_by_hand():
    """Two scores of -3 and -4 and one failure, where the lowest so far is -10 and the highest -1."""
    state = MctsState(make_problem(SMALL), min_utility=-10.0, max_utility=-1.0)
    tree_node = TreeNode(visits=3, utility_sum=Fraction(-7), failures=1)
    assert Mcts()._estimate_utility(state, tree_node) == pytest.approx(-17 / 3)
    assert Mcts(rescale=True)._estimate_utility(state, tree_node) == pytest.approx((-17 / 3 + 10) / 9)


def test_what_only_rollouts_came_to_can_come_again():
    """The first rollout ends in an arm that the tree does not have yet: it is entered again, once, and then no more."""
    session = Session(Mcts(), make_problem(BANDIT))
    session.run(10, score_path)
    assert sorted(chosen(session)) == sorted([0.1, 0.2, 0.3, chosen(session)[0]])


def test_scores_of_any_range_are_rescaled():
    """Scores times a million plus an offset: a rescaling search does the same as with scores in [0, 1]."""
    sessions = [Session(Mcts(rescale=True), make_problem(SMALL)) for _ in range(2)]
    sessions[0].run(25, lambda path: round(score_path(path) * 64) / 64)
    sessions[1].run(25, lambda path: round(score_path(path) * 64) * 2.0**14 + 2.0**20)
    first, second = ([p.path for p in session.proposals] for session in sessions)
    assert first == second


def test_wide_domains_are_split():
    """A domain of 10,000 integers has no branch for each, and every integer can still be reached."""
    space = aw.settings(x=aw.integers(1, 10_000))
    session = Session(Mcts(), make_problem(space))
    session.run(200, lambda path: path[0][1] / 10_000)
    assert all(tree_node.branch_count <= 64 for tree_node in tree_nodes(session.state.tree))
    assert max(p.path[0][1] for p in session.proposals) > 9_900


def test_ties_are_broken_at_random():
    firsts = {
        tuple(p.path[0][1] for p in Session(Mcts(), make_problem(SMALL), s).run(6, score_path)[1:]) for s in range(12)
    }
    assert len(firsts) > 6
    assert all(len(set(itertools.islice(first, 5))) == 5 for first in firsts)


def count_first_branches(searcher: Mcts, space: aw.Term, n: int = 400) -> Counter:
    """How often each value is the first choice of the second proposal, whose branch is the first that is selected."""
    first = Counter()
    for seed in range(n):
        session = Session(searcher, make_problem(space), seed)
        session.run(2, score_path)
        first[session.proposals[1].path[0][1]] += 1
    return first


@pytest.mark.parametrize(
    ("rates", "parts", "shares"),
    [
        (aw.values("elu", "relu", "selu", "silu", weights=[5, 2, 1, 2]), 0, {"elu": 0.5, "selu": 0.1}),
        # Its halves are elu alone, with 5/7, and the others, with 2/7: of these, silu has one half.
        (aw.values("elu", "relu", "selu", "silu", weights=[20, 2, 2, 4]), 2, {"elu": 20 / 28, "silu": 4 / 28}),
        (aw.prior(aw.values("elu", "relu", "selu"), "relu", 0.8), 0, {"relu": 0.8, "elu": 0.1}),
        (aw.values("elu", "relu", "selu", "silu"), 0, {"elu": 0.25, "silu": 0.25}),
    ],
    ids=str,
)
def test_unvisited_branches_are_drawn_by_their_weights(rates, parts, shares):
    """Of 400 searches: within 4 standard deviations of a binomial distribution, which one test in 16,000 is not."""
    counts = count_first_branches(Mcts(parts=parts), aw.activation(rates))
    for value, share in shares.items():
        assert abs(counts[value] - 400 * share) <= 4 * math.sqrt(400 * share * (1 - share))


def test_the_first_branch_of_a_range_is_drawn_by_its_prior():
    """Of four integers, each by itself; within 4 standard deviations, and one search."""
    widths = aw.prior(aw.integers(1, 4), 1, 0.9)
    shares = [widths.probability(value) for value in widths]
    counts = count_first_branches(Mcts(), aw.conv2d(widths, 1))
    assert all(
        abs(counts[value] - 400 * share) <= 4 * math.sqrt(400 * share * (1 - share)) + 1
        for value, share in zip(widths, shares, strict=True)
    )


@given(st.integers(0, 500), st.sampled_from([0, 2]), st.integers(1, 9))
def test_equal_weights_change_nothing(seed, parts, weight):
    """The same proposals from the same random numbers."""

    def search(**weights):
        sizes = aw.values(1, 3, 5, 7, 9, **weights)
        session = Session(Mcts(parts=parts), make_problem(aw.conv2d([8, 16], sizes)), seed)
        session.run(12, score_path)
        return [proposal.path for proposal in session.proposals]

    assert search() == search(weights=[weight] * 5)
