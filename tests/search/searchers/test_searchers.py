"""What holds for every searcher."""

import math
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import archwright as aw
from archwright.search.searchers.evolution import Evolution
from archwright.search.searchers.kde import Kde
from archwright.search.searchers.local_search import LocalSearch
from archwright.search.searchers.mcts import Mcts
from archwright.search.searchers.prior_guided import PriorGuided
from archwright.search.searchers.random_search import RandomSearch
from archwright.search.searchers.smbo import Smbo
from archwright.search.searchers.smbo_paper import SmboPaper
from archwright.search.surrogates import forest
from tests.search.contract import Session, check_proposals, make_problem, replay_session, score_path
from tests.search.instant import SPACE

SMALL = aw.sequential(aw.conv2d(filters=[8, 16, 32], size=[3, 5]), aw.optional(aw.dropout([0.1, 0.3])), aw.affine(10))
SEARCHERS = [
    RandomSearch(),
    RandomSearch(replacement=False),
    Mcts(),
    Mcts(parts=2),
    Mcts(parts=3, rescale=True),
    Evolution(population=6, sample=3),
    LocalSearch(),
    Kde(num_samples=16),
    PriorGuided(),
]
searchers = pytest.mark.parametrize("searcher", SEARCHERS, ids=repr)
ONCE = [  # those that propose no leaf twice
    RandomSearch(replacement=False),
    LocalSearch(),
    Kde(num_samples=16),
    PriorGuided(),
    Smbo(initial=2, variants=16, rollouts=16),
    Smbo(surrogate="forest", initial=2, variants=16, rollouts=16),
    SmboPaper(rollouts=8),
]


@pytest.fixture
def few_trees(monkeypatch):
    """A forest that is quickly grown."""
    monkeypatch.setattr(forest, "TREES", 3)


def flaky(path: tuple) -> float | None:
    """A third of the trials fail."""
    score = score_path(path)
    return None if score < 1 / 3 else score


@searchers
@settings(max_examples=10)
@given(workers=st.integers(1, 4), seed=st.integers(0, 1000), direction=st.sampled_from(["maximize", "minimize"]))
def test_state_is_the_fold_of_the_events(searcher, workers, seed, direction):
    """With any number of workers, reals, integers, failures, and either direction: replayed equals live."""
    space = aw.sequential(SPACE, aw.affine(aw.integers(1, 200)))
    session = Session(searcher, make_problem(space, direction), seed)
    session.run(24, flaky, workers, seed)
    check_proposals(session)
    assert replay_session(session) == session.state
    assert session.propose(replay_session(session)) == session.propose()


@pytest.mark.parametrize(
    "searcher", [*SEARCHERS, Smbo(initial=1, variants=8, rollouts=8), SmboPaper(rollouts=8)], ids=repr
)
def test_weights_are_seen_by_every_searcher(searcher):
    """The first two proposals of 300 searches, among 20 values, of which one is drawn as often as ten others.

    The first is within 4 standard deviations of its share. The second, which is a branch, a mutation, a neighbour, a
    candidate or drawn like the first, may have to differ from that, but is this value far more often than one in 20.
    """
    space = aw.sequential(aw.conv2d(aw.values(*range(1, 21), weights=[10, *[1] * 19]), 1), aw.optional(aw.relu()))
    counts = [0, 0]
    for seed in range(300):
        session = Session(searcher, make_problem(space), seed)
        session.run(2, score_path)
        for i, proposal in enumerate(session.proposals):
            counts[i] += proposal.path[0][1] == 1
    share = (10 / 29 + 1 / 20) / 2 if isinstance(searcher, PriorGuided) else 10 / 29  # half of whose draws see none
    assert abs(counts[0] - 300 * share) <= 4 * math.sqrt(300 * share * (1 - share))
    assert counts[1] >= 300 / 20 + 4 * math.sqrt(300 / 20)


@pytest.mark.parametrize(
    "searcher", [*SEARCHERS, Smbo(initial=1, variants=8, rollouts=8), SmboPaper(rollouts=8)], ids=repr
)
def test_priors_of_numbers_are_seen_by_every_searcher(searcher):
    """The first two proposals of 100 searches: around .9, which is believed with high confidence.

    Uniform numbers would be above .65 in 35 of 100, and these are in 84 where all draws see the prior.
    """
    space = aw.settings(x=aw.prior(aw.reals(0, 1), 0.9, "high"))
    counts = [0, 0]
    for seed in range(100):
        session = Session(searcher, make_problem(space), seed)
        session.run(2, score_path)
        for i, proposal in enumerate(session.proposals):
            counts[i] += float(proposal.path[0][1]) > 0.65
    if isinstance(searcher, Smbo):  # which after one trial goes to the candidate that is the farthest from it
        counts.pop()
    assert min(counts) >= 35 + 2.5 * math.sqrt(100 * 0.35 * 0.65)


@searchers
def test_same_seed_same_search_another_seed_another(searcher):
    runs = [Session(searcher, make_problem(SMALL), seed) for seed in (0, 0, 1)]
    first, second, third = ([p.path for p in run.run(12, score_path)] for run in runs)
    assert first == second
    assert first != third


@searchers
def test_every_trial_may_fail(searcher):
    session = Session(searcher, make_problem(SMALL))
    session.run(15, lambda path: None, workers=2)  # noqa: ARG005
    check_proposals(session)


@searchers
def test_proposals_of_another_searcher_are_taken_over(searcher):
    """A fork goes on from another searcher's proposals: they are adopted and told like one's own."""
    other = Session(Mcts() if isinstance(searcher, RandomSearch) else RandomSearch(), make_problem(SMALL))
    other.run(10, score_path, workers=2)
    session = Session(searcher, make_problem(SMALL))
    session.take_over(other.events)
    session.proposals = list(other.proposals)
    session.run(20, score_path)
    check_proposals(session)


def easy(path: tuple) -> float:
    """Rewards each good choice by itself."""
    return sum(value for _, value in path) / (12 * 4)


@cache
def best(searcher) -> float:
    """The best score after 150 trials, in the mean of 10 seeds."""
    space = aw.settings(**{f"x{i}": list(range(1, 13)) for i in range(4)})
    runs = (Session(searcher, make_problem(space), seed).run(150, easy) for seed in range(10))
    return sum(max(easy(proposal.path) for proposal in run) for run in runs) / 10


@pytest.mark.parametrize("searcher", SEARCHERS[2:], ids=repr)
def test_searchers_beat_random_search_on_an_easy_landscape(searcher):
    assert best(searcher) > best(RandomSearch())


def deep() -> aw.Term:
    """Fifteen leaves, of which the last two have a probability of 2^-14 each: nobody would draw them."""
    space = aw.relu()
    for _ in range(14):
        space = aw.either(aw.flatten(), aw.sequential(space))
    return space


@pytest.mark.usefixtures("few_trees")
@pytest.mark.parametrize("searcher", ONCE, ids=repr)
@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize(
    "space", [SMALL, deep(), aw.affine(10), aw.settings(x=aw.integers(1, 24))], ids=["small", "deep", "one", "range"]
)
def test_every_leaf_of_a_finite_space_comes_once_and_then_none(searcher, workers, space):
    """Whatever they score; the search is exhausted then, and stays so when it is replayed."""
    session = Session(searcher, make_problem(space), 3)
    paths = [proposal.path for proposal in session.run(1000, flaky, workers)]
    assert len(paths) == len(set(paths)) == aw.count(space)
    check_proposals(session)
    assert session.ask() is None
    assert session.propose(replay_session(session)) is None


@pytest.mark.usefixtures("few_trees")
@pytest.mark.parametrize("searcher", ONCE, ids=repr)
def test_what_another_searcher_proposed_does_not_come_again(searcher):
    """A fork of a search that had half of the leaves goes through the other half."""
    other = Session(RandomSearch(replacement=False), make_problem(SMALL))
    other.run(9, score_path, workers=3)
    session = Session(searcher, make_problem(SMALL))
    session.take_over(other.events)
    session.run(1000, flaky)
    paths = {proposal.path for proposal in session.proposals}
    assert len(session.proposals) == len(paths) == 9
    assert not paths & {proposal.path for proposal in other.proposals}
