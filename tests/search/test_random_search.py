"""Random search."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

import archwright as aw
from archwright.core.trial import Budget, Objective, Outcome, Problem
from archwright.search.random_search import RandomSearch
from archwright.search.randomness import uniforms
from tests.search.instant import SPACE

PROBLEM = Problem(SPACE, (1, 8, 8), 0, Budget(1, "epochs"), Objective())


def proposals(problem: Problem, n: int) -> list:
    searcher, made = RandomSearch(), []
    state = searcher.start(problem)
    for _ in range(n):
        made.append(searcher.propose(state))
        state = searcher.adopt(state, made[-1])
    return made


@given(st.integers(0, 2**64 - 1), st.integers(0, 10**6))
def test_numbers_depend_on_seed_and_proposal_alone(seed, number):
    """What was drawn before makes no difference, and there is no end of numbers."""
    first, second = uniforms(seed, number), uniforms(seed, number)
    drawn = [first() for _ in range(200)]
    assert drawn == [second() for _ in range(200)]
    assert all(0 <= u < 1 for u in drawn)
    assert len(set(drawn)) > 190


@given(st.integers(0, 2**32))
def test_same_seed_same_proposals(seed):
    """A seed fixes every proposal; another seed gives others."""
    problem = Problem(SPACE, (1, 8, 8), seed, Budget(1, "epochs"), Objective())
    assert proposals(problem, 5) == proposals(problem, 5)
    assert proposals(problem, 5) != proposals(Problem(SPACE, (1, 8, 8), seed + 1, PROBLEM.budget, Objective()), 5)


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
        after = searcher.tell(after, Outcome(made[i], status, 0.5 if status == "ok" else None))
    assert searcher.propose(after) == searcher.propose(state)


def test_choices_are_uniform():
    """Each of two equal options comes up half of the time: 2,000 draws lie within 5 standard deviations."""
    space = aw.sequential(aw.conv2d(filters=[8, 16], size=[3, 5, 7]), aw.affine(2))
    problem = Problem(space, (1, 8, 8), 0, PROBLEM.budget, Objective())
    counted = Counter(value for p in proposals(problem, 2000) for _, value in p.path)
    assert abs(counted[8] - 1000) < 112
    assert all(abs(counted[size] - 667) < 106 for size in (3, 5, 7))
