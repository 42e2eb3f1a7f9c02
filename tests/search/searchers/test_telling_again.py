"""What a searcher is told again, of a trial that goes on to a larger budget, stands for what it was told before."""

import random

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

import archwright as aw
from archwright.core.budget import Budget
from archwright.core.protocols import Outcome, Proposal
from archwright.search.named import SEARCHERS
from archwright.search.searchers.evolution import Evolution
from archwright.search.searchers.mcts import Mcts
from archwright.search.searchers.random_search import RandomSearch
from archwright.search.searchers.smbo import Smbo
from archwright.search.searchers.smbo_paper import SmboPaper
from tests.search.contract import Session, drop_leaf, make_problem
from tests.search.instant import SPACE

LINE = aw.settings(x=aw.reals(0, 1))
REPLACING = [
    RandomSearch(),
    RandomSearch(replacement=False),
    Mcts(),
    Mcts(parts=2),
    Mcts(rescale=True),
    Evolution(population=4, sample=3),
    Smbo(initial=3, variants=6, rollouts=6),
    SmboPaper(rollouts=6),
]


def describe(outcome: Outcome, score: float | None, epochs: int) -> Outcome:
    """An outcome of the same trial at a budget."""
    proposal = evolve(drop_leaf(outcome.proposal), budget=Budget(epochs, "epochs"))
    return Outcome(proposal, "crashed" if score is None else "ok", score)


def fold(session: Session, events: list[tuple[Proposal | Outcome, bool]]):
    """The state after proposals, outcomes, and those that are told again."""
    state = session.searcher.start(session.problem)
    for event, again in events:
        if isinstance(event, Proposal):
            state = session.searcher.adopt(state, drop_leaf(event))
        else:
            tell = session.searcher.tell_again if again else session.searcher.tell
            state = tell(state, event, lambda: 0.5)
    return state


@pytest.mark.parametrize("searcher", REPLACING, ids=repr)
@settings(max_examples=15)
@given(seed=st.integers(0, 2**16), workers=st.integers(1, 3), direction=st.sampled_from(["maximize", "minimize"]))
def test_the_state_is_that_of_a_search_that_was_told_the_last_outcome_alone(searcher, seed, workers, direction):
    """Whichever trials go on, whenever, to whatever score: so a search is the same however it is folded."""
    rng = random.Random(seed)

    def draw_score(path: tuple) -> float | None:
        del path
        return rng.choice([None, rng.uniform(-1, 1), rng.uniform(-1, 1), 0.5])

    session = Session(searcher, make_problem(SPACE, direction), seed)
    session.run(9, draw_score, workers, seed)
    events, last = list[tuple[Proposal | Outcome, bool]](), dict[int, Outcome]()
    for event in session.events:
        events.append((event, False))
        if isinstance(event, Outcome):
            last[event.proposal.trial] = event
        while last and rng.random() < 0.4:
            earlier = last[rng.choice(sorted(last))]
            again = describe(earlier, draw_score(()), 3 * int(earlier.proposal.budget.amount))
            last[again.proposal.trial] = again
            events.append((again, True))
    told_last = [
        (last[event.proposal.trial] if isinstance(event, Outcome) else event, False)
        for event, again in events
        if not again
    ]
    state, expected = fold(session, events), fold(session, told_last)
    assert state == expected
    assert session.propose(state) == session.propose(expected)


def test_searchers_that_can_be_told_again():
    """All, but for local search, whose neighbours are drawn when it is told, and `given`, which hears nothing."""
    assert {name for name, searcher in SEARCHERS.items() if not hasattr(searcher, "tell_again")} <= {
        "local-search", "given", "successive-halving", "hyperband", "bohb", "priorband", "asha", "pasha"
    }  # fmt: skip


def test_the_extremes_of_tree_search_are_those_of_last_outcomes():
    """The best and the worst go on, and are neither any more; a failure has no utility."""
    session = Session(Mcts(), make_problem(LINE))
    session.run(4, lambda path: path[0][1])
    lowest, *_, highest = sorted(
        (event for event in session.events if isinstance(event, Outcome)), key=lambda outcome: outcome.score
    )
    state = session.searcher.tell_again(session.state, describe(highest, 0.5, 3), lambda: 0.0)
    state = session.searcher.tell_again(state, describe(lowest, None, 3), lambda: 0.0)
    others = sorted({0.5, *(t.score for t in session.events if isinstance(t, Outcome))} - {lowest.score, highest.score})
    assert (state.min_utility, state.max_utility) == (min(others), max(others))
    assert (state.tree.visits, state.tree.failures) == (4, 1)


def test_members_at_a_larger_budget_are_better_parents():
    """Whatever they score, unless they failed; and the member keeps its age."""
    searcher = Evolution(population=4, sample=60)
    session = Session(searcher, make_problem(LINE))
    session.run(4, lambda path: path[0][1])
    outcomes = [event for event in session.events if isinstance(event, Outcome)]
    best = max(outcomes, key=lambda outcome: outcome.score)

    def find_parent(state) -> int:
        numbers = iter([i % 4 / 4 for i in range(60)])
        leaf = searcher._select_parent(state, lambda: next(numbers))
        return next(outcome.proposal.trial for outcome in outcomes if outcome.proposal.path == leaf.path)

    assert find_parent(session.state) == best.proposal.trial
    other = next(outcome for outcome in outcomes if outcome is not best)
    state = searcher.tell_again(session.state, describe(other, -5.0, 3), lambda: 0.0)
    assert find_parent(state) == other.proposal.trial
    assert [member.proposal.trial for member in state.population] == [0, 1, 2, 3]
    state = searcher.tell_again(state, describe(other, None, 9), lambda: 0.0)
    assert find_parent(state) == best.proposal.trial


def test_a_member_that_is_no_more_is_not_missed():
    searcher = Evolution(population=2, sample=1)
    session = Session(searcher, make_problem(LINE))
    session.run(4, lambda path: path[0][1])
    first = next(event for event in session.events if isinstance(event, Outcome))
    assert searcher.tell_again(session.state, describe(first, 9.0, 3), lambda: 0.0) == session.state
