"""Local search."""

import pytest

import archwright as aw
from archwright.core.value import Path
from archwright.core.variation.mutation import find_neighbours
from archwright.search.randomness import open_uniform_stream
from archwright.search.searchers.local_search import LocalSearch
from archwright.search.searchers.random_search import RandomSearch
from tests.search.contract import Session, make_problem, score_path

LETTERS = aw.settings(x=list("abcde"))
NUMBERS = aw.settings(x=aw.integers(1, 1000))
SIX = aw.settings(**{f"x{i}": list("abcd") for i in range(6)})


def draw_restart(space, trial: int):
    """The value that a restart as this trial has: drawn from the seed and twice the trial's number."""
    return aw.sample(aw.root(space, (1, 8, 8)), open_uniform_stream(0, 2 * trial)).path[0][1]


def ask_and_tell(session: Session, score: float | None) -> object:
    """The value of the next proposal, which is told to score so."""
    proposal = session.ask()
    assert proposal is not None
    session.tell(proposal, score)
    return proposal.path[0][1]


def test_begins_at_a_random_leaf_and_tries_its_neighbours():
    """Nothing is better than the first of five letters: the other four come, each once, and then nothing."""
    session = Session(LocalSearch(), make_problem(LETTERS))
    first = ask_and_tell(session, 1.0)
    assert first == draw_restart(LETTERS, 0)
    others = [ask_and_tell(session, 0.0) for _ in range(4)]
    assert sorted([first, *others]) == list("abcde")  # type: ignore[type-var]
    assert session.ask() is None


def test_neighbours_come_in_random_order():
    """Of 24 orders of the other four letters for each first one, 40 searches have a dozen and more."""
    orders = set()
    for seed in range(40):
        proposals = Session(LocalSearch(), make_problem(LETTERS), seed).run(5, lambda path: 0.0)  # noqa: ARG005
        values = [proposal.path[0][1] for proposal in proposals]
        others = [letter for letter in "abcde" if letter != values[0]]
        orders.add(tuple(map(others.index, values[1:])))
    assert len(orders) > 12


def test_goes_to_the_first_that_is_better_and_forgets_the_other_neighbours():
    """From a start worth 0 to its first neighbour, worth 1, at once: what comes next are neighbours of that one."""
    session = Session(LocalSearch(), make_problem(NUMBERS))
    start, better = ask_and_tell(session, 0.0), ask_and_tell(session, 1.0)
    rest = [ask_and_tell(session, 0.5) for _ in range(len(find_neighbours(aw.integers(1, 1000), better)) - 1)]
    assert set(rest) <= set(find_neighbours(aw.integers(1, 1000), better)) - {start}


def test_equal_is_not_better():
    """All score the same: after the start come its own neighbours only, and then a restart."""
    session = Session(LocalSearch(), make_problem(NUMBERS))
    start = ask_and_tell(session, 0.5)
    around = find_neighbours(aw.integers(1, 1000), start)
    assert sorted(ask_and_tell(session, 0.5) for _ in around) == sorted(around)  # type: ignore[type-var]
    again = ask_and_tell(session, 0.5)
    assert again == draw_restart(NUMBERS, 1 + len(around))
    assert again not in find_neighbours(aw.integers(1, 1000), around[0])


def test_restarts_where_nothing_is_better_even_if_that_is_worse():
    """The start is worth 0.9 and its neighbours less. A restart, worth 0.1, is the next incumbent."""
    session = Session(LocalSearch(), make_problem(NUMBERS))
    start = ask_and_tell(session, 0.9)
    for _ in find_neighbours(aw.integers(1, 1000), start):
        ask_and_tell(session, 0.5)
    again = ask_and_tell(session, 0.1)
    around = find_neighbours(aw.integers(1, 1000), again)
    assert {ask_and_tell(session, 0.0) for _ in around} == set(around)
    assert ask_and_tell(session, 0.0) not in find_neighbours(aw.integers(1, 1000), again)


@pytest.mark.parametrize("scores", [(None, None, 0.1), (None, 0.1, 0.0)])
def test_a_failed_trial_is_worse_than_any(scores):
    """A start that failed is left for the first neighbour that has a score, whatever it is."""
    session = Session(LocalSearch(), make_problem(NUMBERS))
    found = [ask_and_tell(session, score) for score in scores]
    assert session.state.incumbent.score == 0.1
    better = found[scores.index(0.1)]
    assert ask_and_tell(session, 0.0) in find_neighbours(aw.integers(1, 1000), better)


def test_minimising():
    """Smaller is better: from 5 to 3, not to 7."""
    session = Session(LocalSearch(), make_problem(LETTERS, direction="minimize"))
    start, worse, better = ask_and_tell(session, 5.0), ask_and_tell(session, 7.0), ask_and_tell(session, 3.0)
    assert session.state.incumbent.proposal.path[0][1] == better
    assert {ask_and_tell(session, 9.0), ask_and_tell(session, 9.0)} == set("abcde") - {start, worse, better}


def test_no_neighbour_comes_again():
    """Six choices of four letters: each neighbour differs in one choice from where the search stands by then."""
    session = Session(LocalSearch(), make_problem(SIX))
    current: Path | None = None
    best = -1.0
    for _ in range(300):
        proposal = session.ask()
        assert proposal is not None
        apart = None if current is None else sum(a != b for a, b in zip(proposal.path, current, strict=True))
        score = score_path(proposal.path)
        session.tell(proposal, score)
        if apart != 1 or score > best:
            current, best = proposal.path, score
    paths = [proposal.path for proposal in session.proposals]
    assert len(set(paths)) == len(paths)
    assert session.state.incumbent.proposal.path == current


def test_several_workers_try_several_neighbours():
    """Four under way are four neighbours of the start; the one that is better is where the search goes on from."""
    session = Session(LocalSearch(), make_problem(NUMBERS))
    start = ask_and_tell(session, 0.5)
    under_way = [session.ask() for _ in range(4)]
    around = find_neighbours(aw.integers(1, 1000), start)
    assert len({proposal.path[0][1] for proposal in under_way if proposal} & set(around)) == 4
    for proposal, score in zip(under_way, (0.4, 0.6, 0.55, 0.7), strict=True):
        assert proposal is not None
        session.tell(proposal, score)
    assert under_way[3] is not None
    assert session.state.incumbent.proposal == under_way[3]


def hill(path: Path) -> float:
    """The best is at a rate of 10^-3.1, a momentum of 0.37 and 613 units; 1 is the best, and 0 the worst."""
    (_, rate), (_, momentum), (_, units) = path
    position = aw.reals(1e-5, 1.0, log=True).to_unit(rate)
    return 1 - ((position - 0.38) ** 2 + (float(momentum) - 0.37) ** 2 + (float(units) / 1000 - 0.613) ** 2) / 3


def test_finds_the_top_of_a_hill_of_numbers():
    """Within a thousandth of the best after 100 trials, in each of ten searches; random search is not, on the mean."""
    space = aw.settings(rate=aw.reals(1e-5, 1.0, log=True), momentum=aw.reals(0, 1), units=aw.integers(1, 1000))
    best = {
        type(searcher): [
            max(hill(p.path) for p in Session(searcher, make_problem(space), s).run(100, hill)) for s in range(10)
        ]
        for searcher in (LocalSearch(), RandomSearch())
    }
    assert min(best[LocalSearch]) > 0.999
    assert sum(best[RandomSearch]) / 10 < 0.995
