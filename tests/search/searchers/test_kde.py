"""The density model of BOHB: which configurations it is made of, and at which budget."""

import math

import pytest
from attrs import evolve

import archwright as aw
from archwright.core.budget import Budget
from archwright.core.protocols import Outcome
from archwright.search.searchers.kde import Kde
from tests.search.contract import Session, make_problem, replay_session, score_path
from tests.search.instant import SPACE

LINE = aw.settings(x=aw.reals(0, 1))
MODEL_ONLY = Kde(random_fraction=0.0)
TREE = aw.settings(x=aw.reals(0, 1)), aw.either(a=aw.dropout(aw.reals(0, 1)), b=aw.relu(), c=aw.identity())


def tell_at(session: Session, trial: int, epochs: int, score: float | None, *, again: bool) -> None:
    """The score of a trial at a budget."""
    proposal = evolve(session.proposals[trial], budget=Budget(epochs, "epochs"))
    outcome = Outcome(proposal, "crashed" if score is None else "ok", score)
    tell = session.searcher.tell_again if again else session.searcher.tell
    session.state = tell(session.state, outcome, lambda: 0.0)


def list_good(session: Session) -> list[float]:
    """The numbers called x of the configurations that the model takes for good."""
    model = session.searcher._fit_model(session.state)
    return [] if model is None else sorted(point.numbers["settings.x"] for point in model[0].points)


def open_trials(searcher: Kde, n: int, space: aw.Term = LINE) -> Session:
    session = Session(searcher, make_problem(space))
    for _ in range(n):
        session.ask()
    return session


@pytest.mark.parametrize(
    ("n", "scored", "dimensions", "counts"),
    [
        (35, 35, 17, None),  # the joint space: 36 are needed
        (36, 36, 17, (18, 18)),
        (119, 119, 17, (18, 101)),
        (200, 200, 17, (30, 170)),
        (3, 3, 1, None),
        (4, 4, 1, (2, 2)),
        (21, 21, 1, (3, 17)),  # both shares are rounded down, as in HpBandSter: the worst is in neither
        (20, 1, 1, None),  # all but one failed
        (40, 3, 1, (3, 34)),  # six would be good, and three of them have a score
    ],
)
def test_counts_by_hand(n, scored, dimensions, counts):
    assert Kde()._count_good_and_others(n, scored, dimensions) == counts


def test_there_is_a_model_from_four_trials_of_one_choice_on():
    """2 (d + 1); before that, what random search would propose after the coin."""
    session = open_trials(MODEL_ONLY, 4)
    for trial, score in enumerate((0.1, 0.4, 0.3)):
        tell_at(session, trial, 1, score, again=False)
        assert MODEL_ONLY._fit_model(session.state) is None
    tell_at(session, 3, 1, 0.2, again=False)
    assert list_good(session) == sorted(float(session.proposals[trial].path[0][1]) for trial in (1, 2))


def test_at_least_so_many_points_as_a_setting_says():
    session = open_trials(Kde(min_points_in_model=3), 6)
    for trial in range(6):
        tell_at(session, trial, 1, trial / 6, again=False)
        assert (len(list_good(session)) == 3) == (trial == 5)


def test_the_model_is_of_the_largest_budget_with_enough_points():
    """Of nine configurations, four go on to three epochs, where the order is the other way round."""
    session = open_trials(MODEL_ONLY, 9)
    for trial in range(9):
        tell_at(session, trial, 1, float(trial), again=False)
    x = [float(proposal.path[0][1]) for proposal in session.proposals]
    assert list_good(session) == sorted(x[7:])
    for trial in (5, 6, 7):
        tell_at(session, trial, 3, -float(trial), again=True)
        assert list_good(session) == sorted(x[7:]), "three are too few at three epochs"
    tell_at(session, 8, 3, -8.0, again=True)
    assert list_good(session) == sorted(x[5:7])
    assert len(session.state.scores) == 13, "what was scored at one epoch stays"


def test_a_pooled_model_has_each_configuration_once_and_larger_budgets_first():
    """Two of nine are good. At three epochs the order is the other way round; what fails at nine is good no more."""
    pooled = Kde(random_fraction=0.0, pooled=True)
    session = open_trials(pooled, 9)
    x = [float(proposal.path[0][1]) for proposal in session.proposals]
    for trial in range(9):
        tell_at(session, trial, 1, float(trial), again=False)
    assert list_good(session) == sorted((x[7], x[8]))
    for trial, good in ((5, (5, 8)), (6, (5, 6)), (7, (5, 6))):
        tell_at(session, trial, 3, -float(trial), again=True)
        assert list_good(session) == sorted(x[each] for each in good)
    tell_at(session, 5, 9, None, again=True)
    assert list_good(session) == sorted((x[6], x[7]))
    good, others = pooled._fit_model(session.state)
    assert len(good.points) + len(others.points) == 9


def test_a_score_at_the_same_budget_takes_the_place_of_the_first():
    session = open_trials(MODEL_ONLY, 4)
    for trial in range(4):
        tell_at(session, trial, 1, float(trial), again=False)
    tell_at(session, 0, 1, 9.0, again=True)
    assert [(score.trial, score.utility) for score in session.state.scores] == [(0, 9.0), (1, 1.0), (2, 2.0), (3, 3.0)]


def test_what_is_inherited_from_a_run_of_another_unit_is_less_than_any():
    """Ten scores at 900 seconds are the model until four are there at an epoch."""
    session = open_trials(MODEL_ONLY, 14)
    for trial in range(10):
        proposal = evolve(session.proposals[trial], budget=Budget(900, "seconds"))
        session.state = MODEL_ONLY.tell(session.state, Outcome(proposal, "ok", float(trial)), lambda: 0.0)
    x = [float(proposal.path[0][1]) for proposal in session.proposals]
    assert list_good(session) == sorted(x[8:10])
    for trial in range(10, 14):
        tell_at(session, trial, 1, float(trial), again=False)
    assert list_good(session) == sorted(x[12:])


def test_what_failed_is_never_good():
    session = open_trials(MODEL_ONLY, 20)
    for trial in range(20):
        tell_at(session, trial, 1, 0.5 if trial in (3, 9) else None, again=False)
    x = [float(proposal.path[0][1]) for proposal in session.proposals]
    assert list_good(session) == sorted((x[3], x[9]))


def test_the_coin_is_thrown_for_each_configuration():
    """A third of the proposals are drawn from the space: what random search proposes after one number more."""
    searcher = Kde(num_samples=4)
    session = open_trials(searcher, 6)
    for trial in range(6):
        tell_at(session, trial, 1, float(trial), again=False)
    coin, drawn = iter([0.3, 0.125]), iter([0.4] * 30)
    assert searcher.propose(session.state, 6, lambda: next(coin)).path[0][1] == 0.125
    assert searcher.propose(session.state, 6, lambda: next(drawn)).path[0][1] != 0.4


def test_it_stays_near_what_is_good():
    """On a line where .7 is best: of 40 proposals after 20, most are within .1 of it; of random ones, a fifth."""
    session = Session(MODEL_ONLY, make_problem(LINE))
    session.run(60, lambda path: -abs(path[0][1] - 0.7))
    assert sum(abs(float(proposal.path[0][1]) - 0.7) < 0.1 for proposal in session.proposals[20:]) > 25


def test_it_chooses_the_branch_in_which_good_ones_are():
    """In a tree: whatever has option b is good, whose dropout is not asked; that of others says nothing."""
    session = Session(MODEL_ONLY, make_problem(aw.sequential(*TREE)))
    session.run(60, lambda path: dict(path)["1.either.option"] == "b")
    options = [dict(proposal.path)["1.either.option"] for proposal in session.proposals]
    assert options[30:].count("b") > 24
    assert options[:8].count("b") < 6


def test_sees_each_configuration_once_in_the_fold():
    """With several told at several budgets, replayed is live."""
    session = Session(Kde(num_samples=8), make_problem(SPACE))
    session.run(30, score_path, workers=3)
    assert replay_session(session) == session.state
    assert len(session.state.scores) == 30
    assert not math.isnan(sum(score.utility for score in session.state.scores))
