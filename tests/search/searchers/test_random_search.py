"""Random search."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

import archwright as aw
from archwright.core.budget import Budget
from archwright.core.objective import Objective
from archwright.core.protocols import Outcome, Problem
from archwright.search.randomness import open_uniform_stream
from archwright.search.searchers.random_search import RandomSearch
from tests.search.instant import SPACE

PROBLEM = Problem(SPACE, (1, 8, 8), Budget(1, "epochs"), Objective())


def proposals(problem: Problem, n: int, seed: int = 0) -> list:
    searcher, made = RandomSearch(), []
    state = searcher.start(problem)
    for trial in range(n):
        made.append(searcher.propose(state, trial, open_uniform_stream(seed, trial)))
        state = searcher.adopt(state, made[-1])
    return made


@given(st.integers(0, 2**64 - 1), st.integers(0, 10**6))
def test_numbers_depend_on_seed_and_stream_alone(seed, number):
    """What was drawn before makes no difference, and there is no end of numbers."""
    first, second = open_uniform_stream(seed, number), open_uniform_stream(seed, number)
    drawn = [first() for _ in range(200)]
    assert drawn == [second() for _ in range(200)]
    assert all(0 <= u < 1 for u in drawn)
    assert len(set(drawn)) > 190


@given(st.integers(0, 2**32))
def test_same_seed_same_proposals(seed):
    """A seed fixes every proposal; another seed gives others."""
    assert proposals(PROBLEM, 5, seed) == proposals(PROBLEM, 5, seed)
    assert proposals(PROBLEM, 5, seed) != proposals(PROBLEM, 5, seed + 1)


def test_proposals_are_leaves_numbered_in_order():
    for number, proposal in enumerate(proposals(PROBLEM, 20)):
        assert proposal.trial == number
        assert proposal.leaf.is_leaf
        assert proposal.leaf.path == proposal.path


@given(st.permutations(range(6)), st.sampled_from(["ok", "diverged", "crashed"]))
def test_outcomes_change_nothing(order, status):
    """Whatever is told, in whatever order: the next proposal is the same."""
    searcher, made = RandomSearch(), proposals(PROBLEM, 6)
    state = searcher.start(PROBLEM)
    for proposal in made:
        state = searcher.adopt(state, proposal)
    after = state
    for i in order:
        after = searcher.tell(
            after, Outcome(made[i], status, 0.5 if status == "ok" else None), open_uniform_stream(0, i)
        )
    assert after == state
    assert searcher.propose(after, 6, open_uniform_stream(0, 6)) == searcher.propose(
        state, 6, open_uniform_stream(0, 6)
    )


def test_choices_are_uniform():
    """Each of two equal options comes up half of the time: 2,000 draws lie within 5 standard deviations."""
    space = aw.sequential(aw.conv2d(filters=[8, 16], size=[3, 5, 7]), aw.affine(2))
    problem = Problem(space, (1, 8, 8), PROBLEM.budget, Objective())
    counted = Counter(value for p in proposals(problem, 2000) for _, value in p.path)
    assert abs(counted[8] - 1000) < 112
    assert all(abs(counted[size] - 667) < 106 for size in (3, 5, 7))


def without_replacement(space, n: int, seed: int = 0) -> list:
    """The paths of up to `n` proposals, none of which may come again."""
    searcher = RandomSearch(replacement=False)
    state = searcher.start(Problem(space, (1, 8, 8), PROBLEM.budget, Objective()))
    made = []
    while len(made) < n:
        proposal = searcher.propose(state, len(made), open_uniform_stream(seed, len(made)))
        if proposal is None:
            break
        made.append(proposal.path)
        state = searcher.adopt(state, proposal)
    return made


def test_without_replacement_every_leaf_comes_once_and_then_none():
    """Also of a space in which one leaf has a probability of 2^-40: it is not waited for."""
    deep = aw.relu()
    for _ in range(39):
        deep = aw.either(aw.flatten(), aw.sequential(deep))
    for space in (aw.sequential(aw.conv2d(filters=[8, 16, 32], size=[3, 5]), aw.optional(aw.relu())), deep, aw.relu()):
        paths = without_replacement(space, 1000)
        assert len(paths) == len(set(paths)) == aw.count(space)


def test_without_replacement_leaves_are_drawn_in_proportion_to_what_they_had():
    """Of leaves with the probabilities 1/2, 1/4, 1/4: the orders have 1/4, 1/4, 1/6, 1/12, 1/6, 1/12."""
    space = aw.either(aw.relu(), aw.conv2d(filters=[8, 16], size=3))
    orders = Counter(tuple(path[-1][1] for path in without_replacement(space, 3, seed)) for seed in range(3000))
    a, b, c = aw.either(aw.relu(), aw.flatten()).labels[0], 8, 16
    expected = {(a, b, c): 1 / 4, (a, c, b): 1 / 4, (b, a, c): 1 / 6, (b, c, a): 1 / 12, (c, a, b): 1 / 6}
    for order, p in (expected | {(c, b, a): 1 / 12}).items():
        assert abs(orders[order] - 3000 * p) < 5 * (3000 * p * (1 - p)) ** 0.5


def test_with_replacement_nothing_is_remembered():
    """Plain random search keeps no paths, and proposes what it proposed before there was a choice."""
    searcher = RandomSearch()
    state = searcher.start(PROBLEM)
    first = searcher.propose(state, 0, open_uniform_stream(0, 0))
    assert first == RandomSearch(replacement=False).propose(state, 0, open_uniform_stream(0, 0))
    assert not searcher.adopt(state, first).seen
