"""What whoever runs a search asks a searcher beside its methods."""

from archwright.search.named import SEARCHERS
from archwright.search.randomness import open_uniform_stream
from archwright.search.searcher import LadderSearcher, find_promotable, open_outcome_stream, open_proposal_stream
from archwright.search.searchers.local_search import LocalSearch
from archwright.search.searchers.random_search import RandomSearch
from tests.search.contract import RUNGS, Session, make_problem, score_path
from tests.search.halving import Halving
from tests.search.instant import SPACE


def draw(uniform) -> list[float]:
    return [uniform() for _ in range(3)]


def test_only_searchers_of_several_budgets_have_promotable_trials():
    """Four trials of the first rung; none of random search, which has no such method."""
    halving, random_search = Session(Halving(4), make_problem(SPACE)), Session(RandomSearch(), make_problem(SPACE))
    for session in (halving, random_search):
        for _ in range(4):
            session.ask()
    assert find_promotable(halving.searcher, halving.state) == {0, 1, 2, 3}
    assert find_promotable(random_search.searcher, random_search.state) == frozenset()
    for searcher in SEARCHERS.values():
        assert hasattr(searcher, "promotable") == isinstance(searcher, LadderSearcher)


def test_a_trial_has_a_stream_of_random_numbers_or_two():
    """Local search draws neighbours when it is told: streams 6 and 7 belong to trial 3. Others have stream 3."""
    assert draw(open_proposal_stream(RandomSearch(), 5, 3)) == draw(open_uniform_stream(5, 3))
    assert draw(open_proposal_stream(LocalSearch(), 5, 3)) == draw(open_uniform_stream(5, 6))
    assert draw(open_outcome_stream(LocalSearch(), 5, 3)) == draw(open_uniform_stream(5, 7))


def test_states_know_no_seed():
    """Two searches of other seeds that were told the same are in the same state, but for what is drawn when told."""
    for name, searcher in SEARCHERS.items():
        if name in ("given", "local-search"):
            continue
        session = Session(searcher, make_problem(SPACE, budgets=RUNGS), seed=1)
        session.run(6, score_path)
        other = Session(searcher, make_problem(SPACE, budgets=RUNGS), seed=2)
        other.take_over(session.events)
        assert other.state == session.state
