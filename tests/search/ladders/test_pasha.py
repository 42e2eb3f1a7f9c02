"""PASHA: when its ladder grows, worked out by hand."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archwright.core.protocols import Outcome
from archwright.search.ladders.asha import Asha
from archwright.search.ladders.pasha import Pasha, compute_epsilon, is_order_settled
from archwright.search.searcher import open_outcome_stream
from tests.search.contract import Session, replay_session
from tests.search.ladders.sessions import climb, make_problem
from tests.search.ladders.test_asha import check_promotions


def test_curves_that_cross_and_cross_back_measure_chance():
    """Two curves that cross twice differ by .1 at their last common point; two that cross once say nothing."""
    one = {1: 0.5, 2: 0.5, 3: 0.5}
    crossing_back = {1: 0.4, 2: 0.6, 3: 0.4, 9: 0.9}
    crossing_once = {1: 0.4, 2: 0.6, 3: 0.7}
    assert compute_epsilon([one, crossing_back], 90) == pytest.approx(0.1)
    assert compute_epsilon([one, crossing_once], 90) == 0
    assert compute_epsilon([one], 90) == 0
    # All three pairs cross back, with differences of .1, .1 and .2: three quarters of the way is half-way to the last.
    wider = {1: 0.3, 2: 0.7, 3: 0.3}
    assert compute_epsilon([one, crossing_back, wider], 75) == pytest.approx(0.15)


def test_an_order_is_settled_up_to_epsilon():
    """Ranked 7, 8, 9 above; below 8 was the best by .05."""
    below = {7: 0.5, 8: 0.55, 9: 0.2}
    assert not is_order_settled([7, 8, 9], below, 0.0)
    assert not is_order_settled([7, 8, 9], below, 0.04)
    assert is_order_settled([7, 8, 9], below, 0.06)
    assert is_order_settled([8, 7, 9], below, 0.0)
    assert is_order_settled([], below, 0.0)
    assert is_order_settled([8, 7], {7: 0.5, 8: 0.5}, 0.0)


def test_the_ladder_grows_when_the_order_changes():
    """Two trials change places between 1 and 3 epochs; only then does the rung of 9 epochs open."""
    session = Session(Pasha(), make_problem("1epochs..27epochs"))
    for score in [0.1, 0.2, 0.3, 0.4]:
        session.tell(session.ask(), score)
    assert [proposal.promotes for proposal in session.proposals] == [None, None, None, 2]
    session.tell(session.ask(), 0.9)  # trial 4 is better than 2 at 1 epoch
    assert session.ask().promotes == 4
    assert session.state.open_rungs == 2
    session.tell(session.proposals[5], 0.2)  # and worse at 3 epochs
    assert session.state.open_rungs == 3


def test_the_ladder_stays_while_the_order_is_settled():
    """Nothing is promoted to the third budget, as long as two rungs agree, however many trials they have."""
    session = Session(Pasha(), make_problem("1epochs..27epochs"))
    for _ in range(60):
        proposal = session.ask()
        session.tell(proposal, (sum(map(ord, str(proposal.path))) % 97) / 100)
    assert session.state.open_rungs == 2
    assert {proposal.rung for proposal in session.proposals} == {0, 1}


@pytest.mark.parametrize(("reports", "open_rungs"), [(False, 3), (True, 2)])
def test_reported_epochs_show_what_is_chance(reports, open_rungs):
    """Two trials that are .005 apart at 3 epochs change places by .01 at 9; their curves had crossed before."""
    problem, searcher = make_problem("3epochs..27epochs"), Pasha()
    session = Session(searcher, problem)
    curves = {
        2: ((1, 0.1), (2, 0.25), (3, 0.3)),
        3: ((9, 0.4),),
        4: ((1, 0.2), (2, 0.2), (3, 0.305)),
        5: ((9, 0.39),),
    }
    for score in [0.1, 0.2, 0.3, 0.4, 0.305, 0.39]:
        proposal = session.ask()
        assert session.state.open_rungs == 2
        curve = curves.get(proposal.trial, ()) if reports else ()
        uniform = open_outcome_stream(searcher, 0, proposal.trial)
        session.state = searcher.tell(session.state, Outcome(proposal, "ok", score, curve=curve), uniform)
    assert [proposal.promotes for proposal in session.proposals] == [None, None, None, 2, None, 4]
    assert session.state.open_rungs == open_rungs


def test_a_curve_in_epochs_has_no_point_in_seconds():
    """Of a trial of 9 s that reports its epochs these alone; of one that reports none, its score after 9 s."""
    searcher = Pasha()
    session = Session(searcher, make_problem("9s..81s"))
    for curve in (((8, 0.1), (10, 0.3)), ()):
        proposal = session.ask()
        session.state = searcher.tell(session.state, Outcome(proposal, "ok", 0.5, curve=curve), lambda: 0.5)
    assert [session.state.curves[trial] for trial in range(2)] == [{8: 0.1, 10: 0.3}, {9: 0.5}]


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 6), st.integers(0, 10**6), st.sampled_from([0.0, 0.3]))
def test_pasha_is_asha_below_its_highest_open_rung(workers, seed, failures):
    """With all rungs open it proposes what ASHA does; it never promotes beyond the open ones."""
    pasha, heights = Session(Pasha(), make_problem(), seed), []
    climb(pasha, 50, workers, seed, failures, lambda s: heights.append((len(s.proposals), s.state.open_rungs)))
    check_promotions(pasha)
    assert replay_session(pasha) == pasha.state
    assert [height for _, height in heights] == sorted(height for _, height in heights)
    for count, height in heights:
        assert all(proposal.rung < height for proposal in pasha.proposals[:count])
    asha = Session(Asha(), make_problem(), seed)
    climb(asha, 50, workers, seed, failures)
    first = next((count for count, height in heights if height > 2), 0)
    shared = next((i for i, (p, q) in enumerate(zip(pasha.proposals, asha.proposals, strict=False)) if p != q), 50)
    assert shared >= min(first, next((q.trial for q in asha.proposals if q.rung == 2), 50))
