"""ASHA: its law, by brute force over what it has proposed and was told."""

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

import archwright as aw
from archwright.core.protocols import Outcome
from archwright.search.ladders.asha import Asha, compute_bracket_weights
from archwright.search.searchers.random_search import RandomSearch
from tests.search.contract import Session, replay_session
from tests.search.ladders.sessions import climb, list_rung, make_problem

ladders = st.builds(Asha, eta=st.sampled_from([2.0, 3.0, 4.0]), brackets=st.integers(1, 4))


def find_due(session: Session) -> set[int]:
    """The trials that the law wants promoted: of the best floor(n / eta) that have ended those that did not fail."""
    scores = {event.proposal.trial: event.score for event in session.events if isinstance(event, Outcome)}
    promoted = {proposal.promotes for proposal in session.proposals}
    due = set()
    for bracket in range(len(session.state.brackets)):
        for rung in range(len(session.state.rungs) - 1):
            ended = [proposal.trial for proposal in list_rung(session, bracket, rung) if proposal.trial in scores]
            ranked = sorted(ended, key=lambda trial: (scores[trial] is None, -(scores[trial] or 0.0), trial))
            best = ranked[: int(len(ended) // session.searcher.eta)]
            due |= {trial for trial in best if scores[trial] is not None and trial not in promoted}
    return due


def check_next(session: Session) -> None:
    """The next job is a promotion where one is due, and none where none is; to the highest rung to which one is."""
    due, proposal = find_due(session), session.propose()
    assert (proposal.promotes is not None) == bool(due)
    if due:
        assert proposal.promotes in due
        rungs = {earlier.trial: earlier.rung for earlier in session.proposals}
        assert rungs[proposal.promotes] == max(rungs[trial] for trial in due)


@settings(max_examples=40, deadline=None)
@given(ladders, st.integers(1, 9), st.integers(0, 10**6), st.sampled_from([0.0, 0.2, 0.7]))
def test_a_promotion_is_the_next_job_wherever_one_is_due(ladder, workers, seed, failures):
    session = Session(ladder, make_problem(), seed)
    climb(session, 50, workers, seed, failures, check_next)
    check_promotions(session)
    assert replay_session(session) == session.state


def check_promotions(session: Session) -> None:
    """None twice, none of a failed trial, each to the next rung of its bracket, with the same configuration."""
    scores = {event.proposal.trial: event.score for event in session.events if isinstance(event, Outcome)}
    by_trial = {proposal.trial: proposal for proposal in session.proposals}
    promotions = [proposal for proposal in session.proposals if proposal.promotes is not None]
    assert len({promotion.promotes for promotion in promotions}) == len(promotions)
    for promotion in promotions:
        earlier = by_trial[promotion.promotes]
        assert scores[earlier.trial] is not None
        assert (promotion.bracket, promotion.rung) == (earlier.bracket, earlier.rung + 1)
        assert promotion.path == earlier.path
        assert promotion.budget == session.state.rungs[promotion.rung]


def test_a_run_by_hand():
    """One worker, eta = 3, budgets of 1, 3 and 9 epochs."""
    session = Session(Asha(), make_problem("1epochs..9epochs"))
    for score in [0.1, 0.5, 0.3, 0.6, 0.2, 0.9, 0.4, 0.8, 0.7, 0.0, 0.95]:
        session.tell(session.ask(), score)
    assert [(proposal.rung, proposal.promotes) for proposal in session.proposals] == [
        (0, None),
        (0, None),
        (0, None),
        (1, 1),  # the best of three
        (0, None),
        (0, None),
        (1, 5),  # of five one may go on, and trial 5 is better than trial 1, which did
        (0, None),
        (1, 7),  # of six two may: 5 and 7
        (2, 8),  # of three at 3 epochs, 3, 6 and 8, the best
        (0, None),
    ]
    assert [proposal.budget.amount for proposal in session.proposals] == [1, 1, 1, 3, 1, 1, 3, 1, 3, 9, 1]
    assert {proposal.horizon and proposal.horizon.amount for proposal in session.proposals} == {9, None}
    assert session.proposals[9].horizon is None  # its own budget is the largest
    assert session.propose().promotes == 10
    assert session.searcher.promotable(session.state) == {0, 1, 2, 3, 4, 6, 10} - {1}


def test_weights_of_brackets():
    """As many as the configurations of Hyperband's brackets before rounding: K = 3."""
    assert compute_bracket_weights(4, 4, 3) == pytest.approx([27, 12, 6, 4])
    assert compute_bracket_weights(4, 2, 3) == pytest.approx([27, 12])


def test_brackets_are_drawn_in_proportion():
    session = Session(Asha(brackets=4), make_problem())
    for _ in range(300):
        session.ask()
    shares = [len([p for p in session.proposals if p.bracket == bracket]) / 300 for bracket in range(4)]
    assert shares == pytest.approx([27 / 49, 12 / 49, 6 / 49, 4 / 49], abs=0.07)


@settings(max_examples=40, deadline=None)
@given(ladders, st.integers(1, 9), st.integers(1, 5), st.integers(0, 10**6), st.sampled_from([0.0, 0.3]))
def test_a_used_up_space_ends_with_the_best_at_the_largest_budget(ladder, count, workers, seed, failures):
    """However few configurations there are, promotions go on to the last rung, one at a time where none is due.

    Unless all that has a score was promoted, and failed then.
    """
    space = aw.affine([8 * width for width in range(1, count + 1)])
    session = Session(evolve(ladder, sampler=RandomSearch(replacement=False)), make_problem(space=space), seed)
    climb(session, 1000, workers, seed, failures)  # until it has no more
    check_promotions(session)
    assert len([proposal for proposal in session.proposals if proposal.promotes is None]) == count
    scored = {
        event.proposal.trial for event in session.events if isinstance(event, Outcome) and event.score is not None
    }
    promoted = {proposal.promotes for proposal in session.proposals}
    at_the_top = {proposal.trial for proposal in session.proposals if proposal.budget == session.state.rungs[-1]}
    assert at_the_top & scored or scored <= promoted
    assert not find_due(session)


def test_a_run_of_few_configurations_ends_with_the_best_at_the_largest_budget():
    """Of three configurations the best is promoted as it is due, and again once nothing else is under way."""
    session = Session(Asha(), make_problem("1epochs..9epochs"))

    def promote():
        return session.searcher.propose_promotion(session.state, session.trials, lambda: 0.5)

    assert promote() is None
    for score in (0.1, 0.4, 0.2):
        session.tell(session.ask(), score)
    begun = [session.ask(), session.ask()]
    assert [proposal.promotes for proposal in begun] == [1, None]
    session.tell(begun[0], 0.5)
    assert promote() is None
    session.tell(begun[1], 0.3)
    assert (promote().promotes, promote().rung, promote().budget.amount) == (3, 2, 9)


def test_what_cannot_continue_is_trained_from_the_beginning():
    """Promotions continue nothing, no checkpoint is kept, and each schedule ends at its own budget."""
    for ladder, problem in [(Asha(fresh=True), make_problem()), (Asha(), make_problem(can_continue=False))]:
        session = Session(ladder, problem)
        climb(session, 30, 3, 0)
        assert {(proposal.continues, proposal.horizon) for proposal in session.proposals} == {(None, None)}
        assert any(proposal.promotes is not None for proposal in session.proposals)
        assert ladder.promotable(session.state) == frozenset()


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 5), st.integers(0, 10**6), st.sampled_from([0.0, 0.3]))
def test_checkpoints_are_kept_of_what_may_be_promoted(workers, seed, failures):
    """Whatever is promoted later was promotable all the time since it was proposed; what failed or is on top is not."""
    session, seen = Session(Asha(eta=2.0), make_problem()), []
    climb(
        session, 40, workers, seed, failures, lambda s: seen.append((len(s.proposals), s.searcher.promotable(s.state)))
    )
    promoted_at = {p.promotes: p.trial for p in session.proposals if p.promotes is not None}
    for count, promotable in seen:
        assert {t for t, at in promoted_at.items() if t < count <= at} <= promotable
        assert not {t for t, at in promoted_at.items() if at < count} & promotable
    top = {p.trial for p in session.proposals if p.rung == len(session.state.rungs) - 1}
    failed = {e.proposal.trial for e in session.events if isinstance(e, Outcome) and e.score is None}
    assert not session.searcher.promotable(session.state) & (top | failed)
