"""Hyperband: its brackets are those of the table, and each rung lets its share go on."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archwright.core.protocols import Outcome
from archwright.search.halving import list_bracket_sizes
from archwright.search.ladders.hyperband import Hyperband
from archwright.search.ladders.ladder import NoRungs
from archwright.search.searchers.random_search import RandomSearch
from tests.search.contract import Session, replay_session
from tests.search.contract import make_problem as make_plain_problem
from tests.search.ladders.sessions import NARROW, climb, list_rung, make_problem
from tests.search.ladders.test_asha import check_promotions

ladders = st.builds(
    Hyperband,
    eta=st.sampled_from([2.0, 3.0]),
    brackets=st.integers(0, 4),
    rounding=st.sampled_from(["floor", "ceil"]),
)


def list_scores(session):
    return {event.proposal.trial: event.score for event in session.events if isinstance(event, Outcome)}


@settings(max_examples=40, deadline=None)
@given(ladders, st.integers(1, 9), st.integers(0, 10**6), st.sampled_from([0.0, 0.2, 0.7]))
def test_brackets_are_those_of_the_table(ladder, workers, seed, failures):
    """No rung has more trials than planned, each promotes its best, and no more than its share of those that it has."""
    session = Session(ladder, make_problem("1epochs..9epochs"), seed)
    climb(session, 60, workers, seed, failures)
    check_promotions(session)
    assert replay_session(session) == session.state
    scores, rungs = list_scores(session), len(session.state.rungs)
    for number, bracket in enumerate(session.state.brackets):
        assert bracket.start == number % (min(ladder.brackets, rungs) or rungs)
        sizes = list_bracket_sizes(rungs, bracket.start, ladder.eta, ladder.rounding)
        for planned, rung in zip(sizes, range(bracket.start, rungs), strict=True):
            here = list_rung(session, number, rung)
            assert len(here) <= planned
            promoted = [p.promotes for p in session.proposals if p.promotes in {q.trial for q in here}]
            assert len(promoted) <= max(1, len(here) // ladder.eta)
            ranked = sorted((t.trial for t in here if scores[t.trial] is not None), key=lambda t: (-scores[t], t))
            assert sorted(promoted) == sorted(ranked[: len(promoted)])
            if failures == 0 and len(here) == planned and rung < rungs - 1 and not workers > 1:
                assert bracket.get_rung(rung).has_ended


def test_one_worker_goes_through_the_brackets_in_order():
    """1, 3 and 9 epochs: nine, three and one; then five... of the table; then three; and then anew."""
    session = Session(Hyperband(), make_problem("1epochs..9epochs"))
    climb(session, 13 + 4 + 3 + 13, 1, 0)
    jobs = [(p.bracket, p.rung) for p in session.proposals]
    assert jobs[:13] == [(0, 0)] * 9 + [(0, 1)] * 3 + [(0, 2)]
    assert jobs[13:17] == [(1, 1)] * 3 + [(1, 2)]
    assert jobs[17:20] == [(2, 2)] * 3
    assert jobs[20:] == [(3, 0)] * 9 + [(3, 1)] * 3 + [(3, 2)]


def test_no_worker_waits():
    """While a rung is under way, the next bracket begins; the first one goes on as soon as it can."""
    session = Session(Hyperband(), make_problem("1epochs..3epochs"))
    first = [session.ask() for _ in range(3)]
    assert [(p.bracket, p.rung) for p in (session.ask(), session.ask())] == [(1, 1), (1, 1)]
    assert (session.ask().bracket, session.proposals[-1].rung) == (2, 0)
    for proposal, score in zip(first, [0.1, 0.3, 0.2], strict=True):
        session.tell(proposal, score)
    assert (session.propose().bracket, session.propose().promotes) == (0, 1)


@pytest.mark.parametrize(
    ("ladder", "budgets", "bracket", "sizes"),
    [
        (Hyperband(eta=2.5, rounding="ceil"), "1epochs..98epochs", 1, (47, 18, 7, 3, 1)),
        (Hyperband(eta=1.5), "8epochs..61epochs", 0, (7, 4, 3, 2, 1, 1)),
    ],
)
def test_a_full_rung_promotes_as_many_as_the_table_says(ladder, budgets, bracket, sizes):
    """The whole part of the first rung's number by a power of eta, and not that of the rung below by eta."""
    session = Session(ladder, make_problem(budgets))
    while not any(proposal.bracket == bracket + 1 for proposal in session.proposals):
        session.tell(session.ask(), len(session.proposals) % 17 / 17)
    assert tuple(len(list_rung(session, bracket, rung)) for rung in range(bracket, len(session.state.rungs))) == sizes


def test_few_survivors_do_not_all_go_on():
    """Of nine trials five fail: three of the four go on, of three an eta-th, which is one."""
    session = Session(Hyperband(brackets=1), make_problem("1epochs..27epochs"))
    for i in range(27):
        session.tell(session.ask(), i / 100 if i >= 23 else None)
    assert [session.ask().promotes for _ in range(4)] == [26, 25, 24, 23]
    for proposal in list(session.open):
        session.tell(proposal, 0.5)
    assert session.ask().promotes == 27  # a third of four, although three were planned
    assert session.ask().rung == 0


def test_where_all_fail_the_next_bracket_begins():
    session = Session(Hyperband(brackets=1), make_problem("1epochs..3epochs"))
    for _ in range(3):
        session.tell(session.ask(), None)
    assert (session.ask().bracket, session.proposals[-1].rung) == (1, 0)


def test_a_space_that_is_used_up():
    """Without replacement the sampler ends; the bracket goes on with what it has, and then there is nothing."""
    problem = make_problem("1epochs..27epochs", space=NARROW)
    count = 0
    session = Session(Hyperband(sampler=RandomSearch(replacement=False), brackets=1), problem)
    while (proposal := session.ask()) is not None:
        session.tell(proposal, 0.1 * (count % 7))
        count += 1
    fresh = [p for p in session.proposals if p.promotes is None]
    assert len({p.path for p in fresh}) == len(fresh)
    assert len(fresh) == 40
    assert [len(list_rung(session, 1, rung)) for rung in range(4)] == [13, 4, 1, 1]
    check_promotions(session)


@settings(max_examples=20, deadline=None)
@given(ladders, st.integers(1, 5), st.integers(0, 10**6), st.sampled_from([0.0, 0.3]))
def test_checkpoints_are_kept_of_what_may_be_promoted_and_of_nothing_else(ladder, workers, seed, failures):
    """Whatever is promoted later was promotable; on a rung that is complete, nothing but its winners is."""
    session, seen = Session(ladder, make_problem("1epochs..9epochs")), []
    climb(
        session, 50, workers, seed, failures, lambda s: seen.append((len(s.proposals), s.searcher.promotable(s.state)))
    )
    promoted_at = {p.promotes: p.trial for p in session.proposals if p.promotes is not None}
    for count, promotable in seen:
        assert {t for t, at in promoted_at.items() if t < count <= at} <= promotable
        assert not {t for t, at in promoted_at.items() if at < count} & promotable
    if workers == 1 and failures == 0:
        sizes = list_bracket_sizes(len(session.state.rungs), 0, ladder.eta, ladder.rounding)
        complete = next(promotable for count, promotable in seen if count == sizes[0])
        assert len(complete) == sizes[1]


def test_the_first_trial_may_be_the_last_that_is_promoted():
    """A rung to which only trial 0 is still to come is not complete: all of its trials may still be its winners."""
    session = Session(Hyperband(brackets=1), make_problem("1epochs..27epochs"))
    for i in range(27):
        session.tell(session.ask(), 0.05 if i == 0 else max(0.0, 0.9 - i / 10))
    for i in range(8):
        session.tell(session.ask(), i / 10)
    assert session.searcher.promotable(session.state) == {0, 32, 33, 34}  # the best third of nine, not of eight
    assert session.ask().promotes == 0


def test_one_rung_is_no_ladder():
    with pytest.raises(
        NoRungs, match=r"the budgets 1epochs\.\.2epochs have one rung with eta=3, which is 2epochs, and"
    ):
        Hyperband().start(make_problem("1epochs..2epochs"))
    with pytest.raises(NoRungs, match="the budget is 1epochs, and a ladder such as hyperband needs two or more"):
        Hyperband().start(make_plain_problem(make_problem().space))


def test_a_run_that_has_its_configurations_goes_on_with_those_of_its_last_bracket():
    """Of four in a bracket for nine, one goes on, once all have ended; with none, there is nothing to promote."""
    session = Session(Hyperband(brackets=1), make_problem("1epochs..9epochs"))

    def promote():
        return session.searcher.propose_promotion(session.state, session.trials, lambda: 0.5)

    assert promote() is None
    begun = [session.ask() for _ in range(4)]
    for proposal, score in zip(begun, (0.1, 0.4, 0.2, 0.3), strict=True):
        assert promote() is None
        session.tell(proposal, score)
    assert (promote().promotes, promote().rung) == (1, 1)


def test_a_bracket_that_is_not_full_and_failed_keeps_none_after_it_waiting():
    """As where a queue or another searcher has begun brackets: the next one goes on with those that it has."""
    session = Session(Hyperband(), make_problem("1epochs..9epochs"))
    first = session.ask()
    session.tell(first, None)
    leaf = session.searcher.propose(session.state, session.trials, lambda: 0.5)
    others = [leaf.change(trial=trial, budget=session.state.rungs[1], rung=1, bracket=1) for trial in (1, 2)]
    for proposal, score in zip(others, (0.2, 0.6), strict=True):
        session.state = session.searcher.adopt(session.state, proposal)
        session.state = session.searcher.tell(session.state, Outcome(proposal, "ok", score), lambda: 0.5)
    promotion = session.searcher.propose_promotion(session.state, 3, lambda: 0.5)
    assert (promotion.promotes, promotion.budget.amount) == (2, 9)
