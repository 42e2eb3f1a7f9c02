"""Trials of other runs, which a searcher is told before its first proposal."""

import pytest
from attrs import evolve

from archwright.core.node import replay
from archwright.core.protocols import Outcome, Proposal
from archwright.search.named import SEARCHERS, UNLISTED_SEARCHERS
from archwright.search.searchers.evolution import Evolution
from archwright.search.searchers.kde import Kde
from archwright.search.searchers.local_search import LocalSearch
from archwright.search.searchers.mcts import Mcts
from archwright.search.searchers.prior_guided import PriorGuided
from archwright.search.searchers.random_search import RandomSearch
from archwright.search.searchers.smbo import Smbo
from archwright.search.searchers.smbo_paper import SmboPaper
from tests.search.contract import RUNGS, Session, check_proposals, make_problem, replay_session, score_path
from tests.search.instant import SPACE

EVERY = [name for name in SEARCHERS if name not in UNLISTED_SEARCHERS]
THRIFTY = [
    RandomSearch(replacement=False),
    LocalSearch(),
    Kde(),
    PriorGuided(),
    Smbo(),
    SmboPaper(),
]  # that propose nothing again


def list_inherited(count: int, seed: int = 7) -> list[Proposal | Outcome]:
    """So many random trials, with the numbers that a run gives to those of others; each third one failed."""
    other = Session(RandomSearch(), make_problem(SPACE), seed)
    other.run(count, score_path)
    events: list[Proposal | Outcome] = []
    for i, proposal in enumerate(other.proposals):
        inherited = evolve(proposal, trial=i - count)
        score = None if i % 3 == 2 else score_path(proposal.path)
        events += [inherited, Outcome(inherited, "crashed" if score is None else "ok", score)]
    return events


def begin(searcher, count: int) -> Session:
    session, events = Session(searcher, make_problem(SPACE, budgets=RUNGS)), list_inherited(count)
    session.take_over(events)
    session.events += events
    return session


@pytest.mark.parametrize("name", EVERY)
def test_a_search_goes_on_after_inherited_trials(name):
    """Its own trials are numbered from 0; its state is the fold of all events."""
    session = begin(SEARCHERS[name], 12)
    session.run(6, score_path, workers=2)
    check_proposals(session)
    assert replay_session(session) == session.state


@pytest.mark.parametrize("searcher", THRIFTY, ids=lambda searcher: type(searcher).name)
def test_what_is_known_is_not_proposed_again(searcher):
    """As what the run has proposed itself."""
    session = begin(searcher, 20)
    known = {event.path for event in session.events if isinstance(event, Proposal)}
    assert known.isdisjoint(proposal.path for proposal in session.run(10, score_path))


def test_smbo_counts_them_among_its_random_trials():
    """With as many, the model chooses the first proposal already; with one fewer, it is the random one of trial 0."""
    random_path = Session(Smbo(), make_problem(SPACE)).propose().path
    assert begin(Smbo(initial=10), 9).propose().path == random_path
    assert begin(Smbo(initial=10), 10).propose().path != random_path


def test_evolution_begins_with_them_as_its_population():
    """The first proposal is a child of one of them: it has all but one of its choices that were not drawn anew."""
    session = begin(Evolution(population=9, sample=3), 9)
    members = [event.path for event in session.events if isinstance(event, Proposal)]
    random_path = Session(Evolution(population=9, sample=3), make_problem(SPACE)).propose().path
    path = session.propose().path
    assert path != random_path
    assert max(len(set(path) & set(member)) for member in members) >= 5
    assert begin(Evolution(population=9, sample=3), 8).propose().path == random_path


def test_mcts_has_visited_their_paths():
    """As often as there are trials, with the utilities of their scores."""
    session = begin(Mcts(), 12)
    outcomes = [event for event in session.events if isinstance(event, Outcome)]
    tree = session.state.tree
    assert (tree.visits, tree.pending, tree.failures) == (12, 0, sum(event.score is None for event in outcomes))
    assert float(tree.utility_sum) == pytest.approx(sum(event.score or 0 for event in outcomes))


def test_local_search_begins_at_the_best():
    """Its first proposal differs from the best of them in one choice."""
    session = begin(LocalSearch(), 6)
    best = max((event for event in session.events if isinstance(event, Outcome)), key=lambda event: event.score or -1)
    assert session.state.incumbent == best
    path = session.propose().path
    assert sum(dict(path).get(name) != value for name, value in best.proposal.path) >= 1
    assert replay(SPACE, (1, 8, 8), path).is_leaf
