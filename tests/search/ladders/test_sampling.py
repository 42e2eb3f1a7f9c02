"""A ladder's sampler: it knows configurations, each with its last value."""

import re

import pytest
from attrs import evolve, field, frozen
from hypothesis import given, settings
from hypothesis import strategies as st

from archwright.core.protocols import Outcome, Proposal
from archwright.core.setting import BadSetting
from archwright.search.ladders.asha import Asha
from archwright.search.ladders.hyperband import Hyperband
from archwright.search.ladders.pasha import Pasha
from archwright.search.named import SEARCHER_KIND
from archwright.search.searcher import searcher_setting
from archwright.search.searchers.kde import Kde
from archwright.search.searchers.random_search import RandomSearch
from archwright.search.searchers.smbo import Smbo
from tests.search.contract import Session, check_proposals, replay_session
from tests.search.halving import Halving
from tests.search.ladders.sessions import climb, make_problem


@frozen
class Recorder:
    """A searcher of a person's own: random search, whose state is what it was told."""

    name = "recorder"
    again: bool = False

    def start(self, problem):
        return ()

    def propose(self, state, trial, uniform):
        return RandomSearch().propose(RandomSearch().start(PROBLEM), trial, uniform)

    def adopt(self, state, proposal):
        return (*state, ("adopt", proposal.trial, proposal.path))

    def tell(self, state, outcome, uniform):
        return (*state, ("tell", outcome.proposal.trial, outcome.proposal.budget.amount, outcome.score))


@frozen
class RetoldRecorder(Recorder):
    """The same, which can be told again."""

    def tell_again(self, state, outcome, uniform):
        return (*state, ("again", outcome.proposal.trial, outcome.proposal.budget.amount, outcome.score))


PROBLEM = make_problem("1epochs..9epochs")


def play(sampler):
    session = Session(Asha(sampler=sampler), PROBLEM)
    for score in [0.1, 0.5, 0.3, 0.6, 0.2]:
        session.tell(session.ask(), score)
    return session


def test_a_sampler_numbers_configurations():
    """Trial 3 is a promotion of trial 1; to the sampler trial 4 is the fourth configuration, number 3."""
    session = play(RetoldRecorder())
    assert [proposal.promotes for proposal in session.proposals] == [None, None, None, 1, None]
    told = [(verb, number, *rest) for verb, number, *rest in session.state.sampling.state if verb != "adopt"]
    assert told == [
        ("tell", 0, 1, 0.1),
        ("tell", 1, 1, 0.5),
        ("tell", 2, 1, 0.3),
        ("again", 1, 3, 0.6),
        ("tell", 3, 1, 0.2),
    ]
    adopted = [number for verb, number, *_ in session.state.sampling.state if verb == "adopt"]
    assert adopted == [0, 1, 2, 3]


def test_one_that_cannot_be_told_again_is_folded_anew():
    """With the last value of each configuration in the place of its first, in the same order."""
    state = play(Recorder()).state.sampling.state
    assert [(verb, number) for verb, number, *_ in state] == [
        ("adopt", 0),
        ("tell", 0),
        ("adopt", 1),
        ("tell", 1),
        ("adopt", 2),
        ("tell", 2),
        ("adopt", 3),
        ("tell", 3),
    ]
    assert state[3] == ("tell", 1, 3, 0.6)


SAMPLERS = ["random", "random,replacement=false", "mcts", "mcts-bisection", "evolution(population=8,sample=3)",
            "local-search", "smbo(initial=4,variants=8,rollouts=8)", "smbo-paper"]  # fmt: skip


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("ladder", ["asha", "hyperband", "pasha", "asha(brackets=2)"])
@settings(max_examples=3, deadline=None)
@given(workers=st.integers(1, 4), seed=st.integers(0, 1000))
def test_every_ladder_takes_every_searcher(ladder, sampler, workers, seed):
    """Proposals are leaves of the space, and the state is the fold of what happened."""
    name, settings_ = SEARCHER_KIND.parse(SEARCHER_KIND.read(ladder))[::2]
    nested = SEARCHER_KIND.read(sampler)
    searcher = SEARCHER_KIND.from_json({**SEARCHER_KIND.to_json(name, {**settings_, "sampler": nested})})
    session = Session(searcher, make_problem("1epochs..9epochs"), seed)
    climb(session, 25, workers, seed, 0.1)
    check_proposals(session)
    assert replay_session(session) == session.state
    assert any(proposal.promotes is not None for proposal in session.proposals)


def test_inherited_trials_are_configurations_of_their_own():
    """The sampler knows them by the numbers below 0; no bracket has them."""
    session = Session(Hyperband(sampler=RetoldRecorder()), PROBLEM)
    proposal = evolve(session.propose(), trial=-1, budget=PROBLEM.budget)
    session.take_over([proposal, Outcome(proposal, "ok", 0.7)])
    assert [step[:2] for step in session.state.sampling.state] == [("adopt", -1), ("tell", -1)]
    assert session.ask().trial == 0
    assert session.searcher.promotable(session.state) == {0}


@settings(max_examples=15, deadline=None)
@given(
    st.sampled_from([Asha(), Hyperband(), Asha(brackets=3), Asha(eta=2), Hyperband(eta=2), Asha(eta=9), Pasha()]),
    st.integers(0, 10**6),
)
def test_a_ladder_goes_on_with_what_another_searcher_proposed(ladder, seed):
    """Trials with a budget of a rung are on it; of others the sampler knows; what was promoted is not again."""
    other = Session(Hyperband(eta=3.0), make_problem("1epochs..9epochs"), seed)
    climb(other, 20, 3, seed, 0.1)
    session = Session(ladder, make_problem("1epochs..9epochs"), seed)
    session.take_over(other.events)
    session.proposals.extend(other.proposals)
    before = len(session.proposals)
    climb(session, before + 20, 2, seed)
    promoted = [proposal.promotes for proposal in session.proposals if proposal.promotes is not None]
    assert len(promoted) == len(set(promoted))
    assert len({proposal.trial for proposal in session.proposals}) == before + 20


@frozen
class Alien:
    """Proposals with budgets that are no rung."""

    name = "alien"
    amounts: tuple = field(default=(2, 9, 1))

    def list_events(self):
        session = Session(RandomSearch(), PROBLEM)
        for amount in self.amounts:
            proposal = session.propose()
            changed = evolve(proposal, budget=evolve(PROBLEM.budget, amount=amount))
            session.take_over([changed])
            yield changed
            yield Outcome(changed, "ok", 0.5)


@pytest.mark.parametrize("ladder", ["asha", "hyperband", "pasha", "bohb"])
def test_a_ladder_is_no_sampler(ladder):
    """Its promotions would be of configurations, by numbers that are no trials of the run."""
    with pytest.raises(BadSetting, match=r"sampler of the searcher asha .* may be a searcher that promotes no trials"):
        SEARCHER_KIND.from_json({**SEARCHER_KIND.to_json("asha", {"sampler": SEARCHER_KIND.read(ladder)})})
    with pytest.raises(BadSetting, match=r"sampler of Asha is Halving\(width=4\); it may be a searcher that"):
        Asha(sampler=Halving())


def test_a_promotion_past_a_rung_is_on_the_rung_of_its_budget():
    """From 1 epoch to 9, as with an eta of 9; with an eta of 3 there is a rung between. 2 epochs are no rung."""
    session = Session(Asha(), PROBLEM)
    first, second, third, fourth = (evolve(session.propose(), trial=i, promotes=None) for i in range(4))
    begun = [evolve(each, budget=PROBLEM.budget / 9, horizon=None) for each in (first, second)]
    past = evolve(third, promotes=0, budget=PROBLEM.budget)
    between = evolve(fourth, promotes=1, budget=2 * PROBLEM.budget / 9)
    session.take_over([*begun, *(Outcome(each, "ok", 0.5) for each in begun), past, between])
    assert session.state.places == {0: (0, 0), 1: (0, 0), 2: (0, 2)}
    assert session.state.brackets[0].get_rung(0).promoted == {0, 1}
    assert session.searcher.promotable(session.state) == frozenset()


def test_trials_with_other_budgets_are_the_samplers_alone():
    """2 epochs are no rung of 1, 3 and 9; 9 epochs are the last one."""
    session = Session(Asha(sampler=RetoldRecorder()), PROBLEM)
    session.take_over(Alien().list_events())
    assert session.state.places == {2: (0, 0)}
    assert len(session.state.sampling.outcomes) == 3
    hyperband = Session(Hyperband(), PROBLEM)
    hyperband.take_over(Alien().list_events())
    assert hyperband.state.places == {1: (2, 2), 2: (0, 0)}
    assert isinstance(hyperband.ask(), Proposal)


@pytest.mark.parametrize("ladder", [Asha, Hyperband, Pasha])
def test_a_text_is_taken_for_the_sampler_that_it_names(ladder):
    """As within a text, also of a searcher of a person's own, and where one ladder is made of another."""
    assert (
        ladder(sampler="smbo(initial=5)")
        == ladder(sampler=Smbo(initial=5))
        == evolve(ladder(), sampler="smbo,initial=5")
    )
    named = SEARCHER_KIND.to_json("asha", {"sampler": "mcts-bisection"})
    assert SEARCHER_KIND.value_to_json(Asha(sampler="mcts-bisection")) == named
    assert Within(sampler="kde").sampler == Kde()
    assert Within().sampler is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hyperband", "it may be a searcher that promotes no trials, as in smbo"),
        ("smob", "there is no built-in searcher 'smob'; did you mean smbo"),
        ("smbo(initial=-5)", "initial of the searcher smbo is -5; it may be a whole number of"),
        ("smbo(", "'smbo\\(' cannot be read at its end"),
        ("", "'' cannot be read at its end: a name is expected"),
    ],
)
def test_a_text_that_names_no_sampler_is_refused_with_its_place(text, message):
    for kind, name in ((Asha, "Asha"), (Hyperband, "Hyperband")):
        with pytest.raises(BadSetting, match=rf"^sampler of {name} is {re.escape(repr(text))}[;:] {message}"):
            kind(sampler=text)


@frozen
class Within(Recorder):
    """One that may have a sampler."""

    sampler: object = searcher_setting(None, meaning="what proposes")
