"""PriorBand's sampler: the shares of its three ways to draw, and when each is there."""

import math
import random

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

import archwright as aw
from archwright.core.budget import Budget, BudgetRange
from archwright.core.node import replay
from archwright.core.protocols import Outcome
from archwright.search.randomness import open_uniform_stream
from archwright.search.searchers.prior_guided import (
    PriorGuided,
    compare_to_uniform,
    compute_bracket_cost,
    sample_uniformly,
)
from tests.search.contract import Session, check_proposals, make_problem
from tests.strategies import reals_domains

BELIEVED = aw.settings(x=aw.prior(aw.reals(0, 1), 0.5, "high"), o=aw.prior(["a", "b", "c", "d"], "c", "medium"))
RUNGS = tuple(Budget(amount, "epochs") for amount in (1.0, 3.0, 9.0))


def begin(space: aw.Term = BELIEVED, searcher: PriorGuided | None = None, count: int = 30) -> Session:
    """So many configurations that are under way, drawn at the lowest rung."""
    problem = evolve(make_problem(space), budgets=BudgetRange(RUNGS[0], RUNGS[-1]), budget=RUNGS[-1])
    session = Session(searcher or PriorGuided(), problem)
    for _ in range(count):
        session.ask()
    return session


def tell(session: Session, trial: int, rung: int, score: float | None) -> None:
    outcome = Outcome(evolve(session.proposals[trial], budget=RUNGS[rung]), "crashed" if score is None else "ok", score)
    if any(known.trial == trial for known in session.state.scores):
        session.state = session.searcher.tell_again(session.state, outcome, lambda: 0.0)
    else:
        session.state = session.searcher.tell(session.state, outcome, lambda: 0.0)


def find_incumbent(session: Session) -> int | None:
    found = session.searcher._find_incumbent(session.state, RUNGS)
    return next((p.trial for p in session.proposals if found is not None and p.path == found.path), None)


def give(first: float, rest: float):
    """A source of a first number, and others that are all the same."""
    numbers = iter([first])
    return lambda: next(numbers, rest)


def draw_at(session: Session, rung: int, first: float, rest: float):
    """The proposal at a rung for such numbers."""
    return session.searcher.propose_at(session.state, 99, rung, RUNGS, session.searcher.eta, give(first, rest))


@pytest.mark.parametrize(("rung", "share"), [(0, 1 / 2), (1, 1 / 4), (2, 1 / 10)])
def test_the_share_of_uniform_draws_by_hand(rung, share):
    """1 / (1 + 3^r); the rest is the prior's, whose draws for .9 are nearer to its center."""
    session = begin(count=0)
    assert draw_at(session, rung, share - 1e-9, 0.9).path == (("settings.x", 0.9), ("settings.o", "d"))
    (_, x), _ = draw_at(session, rung, share + 1e-9, 0.9).path
    assert 0.6 < x < 0.85


def test_by_itself_it_is_at_the_top_rung():
    """Of a range of budgets the third, with one uniform draw in ten; of one budget the only one, with half."""
    session = begin(count=0)
    for first in (0.09, 0.11, 0.3):
        expected = draw_at(session, 2, first, 0.9)
        assert session.searcher.propose(session.state, 99, give(first, 0.9)) == expected
    alone = Session(PriorGuided(), make_problem(BELIEVED))
    for first, expected in ((0.49, True), (0.51, False)):
        path = alone.searcher.propose(alone.state, 0, give(first, 0.9)).path
        assert (path[0][1] == 0.9) is expected


def test_a_bracket_of_successive_halving_by_hand():
    """9 at 1 epoch, 3 that go on to 3, and 1 to 9: 9 + 3 * 2 + 1 * 6."""
    assert compute_bracket_cost(RUNGS, 3) == 21
    assert compute_bracket_cost(RUNGS[:1], 3) == 1


def test_the_incumbent_waits_for_a_bracket_a_full_training_and_eta_trials():
    """Continuations count once: two trials at the top took 18 epochs, not 26."""
    session = begin()
    for trial in range(2):
        for rung in range(3):
            tell(session, trial, rung, float(trial))
    assert find_incumbent(session) is None, "18 epochs are no bracket of 21"
    tell(session, 2, 0, 5.0)
    tell(session, 3, 1, 4.0)
    assert find_incumbent(session) == 1, "22 are; four trials have ended at the lowest rung, so more than eta"
    session = begin()
    for trial in range(30):
        tell(session, trial, 1, float(trial))
    assert find_incumbent(session) is None, "none was trained in full"
    tell(session, 3, 2, None)
    assert find_incumbent(session) is None, "nor was this one, which failed"
    tell(session, 4, 2, -9.0)
    assert find_incumbent(session) == 4, "the best at the top, whatever others have below"


def test_the_best_are_those_of_the_highest_rung_with_eta_trials():
    """The best third, without failures: at the second rung as long as the third has two."""
    session = begin()
    for trial in range(7):
        tell(session, trial, 0, -float(trial))
    for trial in range(6):
        tell(session, trial, 1, float(trial))
    for trial in range(2):
        tell(session, trial, 2, float(trial))
    best = session.searcher._find_best(session.state, RUNGS)
    assert [(score.trial, score.utility) for score in best] == [(5, 5.0), (4, 4.0)]
    tell(session, 2, 2, None)
    best = session.searcher._find_best(session.state, RUNGS)
    assert [(score.trial, score.budget) for score in best] == [(1, RUNGS[2])]


def test_the_share_of_the_incumbent_by_hand():
    """One best trial of an option alone: the prior gives it .5, and the belief in the incumbent .75."""
    space = aw.settings(o=aw.prior(["a", "b", "c", "d"], "c", "medium"), y=[1, 2])
    session = begin(space, count=0)
    for trial, (o, y) in enumerate((("c", 1), ("a", 1), ("b", 1), ("c", 2))):
        leaf = aw.root(space, (1, 8, 8)).choose(o).choose(y)
        proposal = aw.Proposal.of(trial, leaf, RUNGS[-1])
        session.state = session.searcher.adopt(session.state, proposal)
        session.proposals.append(proposal)
    for trial, score in enumerate((3.0, 2.0, 1.0)):
        tell(session, trial, 2, score)
    incumbent = session.searcher._find_incumbent(session.state, RUNGS)
    assert incumbent.path[0][1] == "c"
    searcher = session.searcher
    position_density = math.exp(session.searcher._log_density(session.proposals[0].leaf, incumbent)) / (4 * 0.75)
    expected = 0.75 * position_density / (0.75 * position_density + 0.5)
    assert searcher._compute_incumbent_share(session.state, RUNGS, incumbent) == pytest.approx(expected)
    # The incumbent's y lies at 1/4: a normal distribution of deviation 1/4 that is cut off at 0 and 1.
    mass = 0.5 * (math.erf(3 / math.sqrt(2)) + math.erf(1 / math.sqrt(2)))
    assert position_density == pytest.approx(1 / (0.25 * math.sqrt(2 * math.pi)) / mass, rel=1e-3)


def test_around_the_incumbent_half_of_the_choices_change():
    """Of 400 draws; numbers by a normal distribution around it, options to others; never it itself."""
    space = aw.settings(x=aw.reals(0, 1), o=["a", "b", "c", "d"], y=aw.reals(0, 1))
    session = begin(space, count=20)
    for trial in range(3):
        for rung in range(3):
            tell(session, trial, rung, -float(trial))
    incumbent = session.searcher._find_incumbent(session.state, RUNGS)
    root = aw.root(space, (1, 8, 8))
    drawn = [session.searcher._vary(root, incumbent, open_uniform_stream(5, i)).path for i in range(400)]
    for i in range(3):
        changed = [path[i][1] for path in drawn if path[i][1] != incumbent.path[i][1]]
        assert 150 < len(changed) < 250
        if i == 1:
            assert {changed.count(option) > 40 for option in set("abcd") - {incumbent.path[1][1]}} == {True}


def pick_rows(count: int) -> aw.Term:
    """A space whose only choice is a row of a table of settings, in an order that says nothing."""
    rng = random.Random(0)
    rows = [(rng.random(), rng.choice("ab")) for _ in range(count)]
    row = aw.shared("row", aw.values(*range(count), ordered=False))
    return aw.settings(x=aw.pick([x for x, _ in rows], row), o=aw.pick([o for _, o in rows], row))


def test_what_one_choice_picks_is_varied_and_not_its_row():
    """Around the incumbent: near its number, and half of the time its option; its density is by what is picked, too."""
    space = pick_rows(400)
    session = begin(space, count=30)
    for trial in range(3):
        for rung in range(3):
            tell(session, trial, rung, -float(trial))
    incumbent = session.searcher._find_incumbent(session.state, RUNGS)
    root, best = aw.root(space, (1, 8, 8)), replay(space, (1, 8, 8), incumbent.path)
    drawn = [session.searcher._vary(root, incumbent, open_uniform_stream(5, i)) for i in range(400)]
    own, settings = aw.settings_of(best.architecture), [aw.settings_of(leaf.architecture) for leaf in drawn]
    assert 150 < sum(row["o"] == own["o"] for row in settings) < 250
    assert sum(abs(row["x"] - own["x"]) < 0.15 for row in settings) > 240  # half keep it, and of the rest near half
    assert sum(abs(row["x"] - own["x"]) < 0.005 for row in settings) < 250
    densities = [session.searcher._log_density(leaf, incumbent) for leaf in (best, *drawn)]
    assert max(densities) == pytest.approx(densities[0], abs=1e-2)
    assert min(densities) < densities[0] - 1


def test_what_is_drawn_at_random_is_not_said_to_be_by_the_model():
    """Where nothing near the incumbent is new, as it hardly changes, a leaf is drawn at random."""
    session = Session(PriorGuided(mutation_rate=1e-9), make_problem(BELIEVED))
    session.run(60, lambda path: float(path[0][1]))
    assert session.searcher._find_incumbent(session.state, session.state.problem.list_rungs(3)) is not None
    assert not any(proposal.by_model for proposal in session.proposals)


def test_priors_of_a_person_guide_it_and_it_gets_away_from_bad_ones():
    """The prior says .5 and c; the best is at .9 and d: nearly half of the last proposals are around that."""
    session = Session(PriorGuided(), make_problem(BELIEVED))
    session.run(120, lambda path: -abs(path[0][1] - 0.9) - (path[1][1] != "d"))
    check_proposals(session)
    first, last = session.proposals[:20], session.proposals[60:]
    assert sum(proposal.path[1][1] == "c" for proposal in first) >= 6
    around = [proposal for proposal in last if proposal.by_model]
    assert 20 < len(around) < 40
    assert sum(abs(float(proposal.path[0][1]) - 0.9) < 0.2 for proposal in around) > len(around) / 2
    assert not any(proposal.by_model for proposal in session.proposals[:3])


@given(st.integers(0, 2**16))
def test_uniform_draws_see_no_prior(seed):
    leaf = sample_uniformly(aw.root(BELIEVED, (4,)), open_uniform_stream(seed, 0))
    plain = aw.settings(x=aw.reals(0, 1), o=["a", "b", "c", "d"])
    assert leaf.path == aw.sample(aw.root(plain, (4,)), open_uniform_stream(seed, 0)).path
    assert replay(BELIEVED, (4,), leaf.path).is_leaf


@given(reals_domains, st.floats(0, 1), st.floats(0, 1))
def test_what_a_prior_says_of_a_number_is_positive_and_one_on_average(domain, center, u):
    believed = aw.prior(domain, domain.from_unit(center), "medium")
    assert compare_to_uniform(believed, believed.from_unit(u)) > 0
    positions = [(i + 0.5) / 128 for i in range(128)]
    mean = sum(compare_to_uniform(believed, domain.from_unit(p)) for p in positions) / 128
    assert mean == pytest.approx(1, abs=0.02)


def test_what_weights_say_of_an_option_by_hand():
    weighted = aw.values("a", "b", "c", weights=[2, 1, 1])
    assert [compare_to_uniform(weighted, option) for option in weighted] == pytest.approx([1.5, 0.75, 0.75])
    assert compare_to_uniform(weighted.plain, "a") == 1


def test_under_a_ladder_its_eta_counts():
    """At rung 1 of a ladder of eta 4 one draw in five is uniform; by itself, with 3, it would be one in four."""
    session = begin(count=0)
    rungs = tuple(Budget(amount, "epochs") for amount in (1.0, 4.0, 16.0))
    for first, is_uniform in ((0.19, True), (0.21, False)):
        proposal = session.searcher.propose_at(session.state, 99, 1, rungs, 4.0, give(first, 0.9))
        assert (dict(proposal.path)["settings.x"] == 0.9) == is_uniform
