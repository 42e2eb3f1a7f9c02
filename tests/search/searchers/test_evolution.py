"""Regularised evolution."""

from collections import Counter

import pytest

import archwright as aw
from archwright.core.value import Path
from archwright.search.searchers.evolution import Evolution
from archwright.search.searchers.random_search import RandomSearch
from tests.search.contract import Session, make_problem, score_path

# Random leaves differ in about six of eight choices, so that who is one choice away is the parent.
LETTERS = aw.settings(**{f"x{i}": list("abcd") for i in range(8)})
FEW = Evolution(population=3, sample=64)  # 64 draws miss the best of three once in 10^11 times


def apart(a: Path, b: Path) -> int:
    return sum(x != y for x, y in zip(a, b, strict=True))


def found_population(searcher: Evolution, scores, direction: str = "maximize") -> Session:
    """A session in which the first trials were told these scores, one by one."""
    session = Session(searcher, make_problem(LETTERS, direction=direction))
    for score in scores:
        session.ask()
        session.tell(session.proposals[-1], score)
    return session


def members(session: Session) -> list[int]:
    return [outcome.proposal.trial for outcome in session.state.population]


def parent(session: Session) -> int:
    """The trial that the next proposal is one choice away from."""
    child = session.propose()
    near = [proposal.trial for proposal in session.proposals if apart(proposal.path, child.path) == 1]
    assert len(near) == 1
    return near[0]


def test_the_usual_population_and_sample():
    assert Evolution() == Evolution(population=30, sample=10)


def test_the_founders_are_random_leaves():
    """As many as the population has members; the next one is a child."""
    session, other = (Session(searcher, make_problem(LETTERS)) for searcher in (Evolution(), RandomSearch()))
    session.run(31, score_path)
    other.run(31, score_path)
    assert session.proposals[:30] == other.proposals[:30]
    assert session.proposals[30] != other.proposals[30]
    assert any(apart(session.proposals[30].path, founder.path) == 1 for founder in session.proposals[:30])


@pytest.mark.parametrize(("direction", "sign"), [("maximize", 1), ("minimize", -1)])
def test_the_oldest_dies_even_if_it_is_the_best(direction, sign):
    """Scores .9, .5, .7: the next is a child of trial 0. It scores .1, and trial 0 dies: then of trial 2, and so on."""
    session = found_population(FEW, [], direction)
    expected = {3: 0, 4: 2, 5: 2, 6: 5}  # the best that live before each: of 0 1 2, 1 2 3, 2 3 4, 3 4 5
    for trial, score in enumerate([0.9, 0.5, 0.7, 0.1, 0.2, 0.3, 0.4]):
        if trial in expected:
            assert parent(session) == expected[trial]
        session.ask()
        session.tell(session.proposals[-1], sign * score)
        assert members(session) == list(range(max(0, trial - 2), trial + 1))


def test_failed_trials_are_members_and_age():
    """Trial 1 failed and is no parent while another lives; two failures later only trial 2 is left to be one."""
    session = found_population(FEW, [0.2, None, 0.1])
    assert parent(session) == 0
    session.ask()
    session.tell(session.proposals[-1], None)
    assert members(session) == [1, 2, 3]
    assert parent(session) == 2


def test_failed_trials_alone_have_children():
    session = found_population(FEW, [None, None, None])
    assert parent(session) in (0, 1, 2)


def test_those_under_way_are_no_members():
    """Three are known, and two more under way: the parent is the best of the three."""
    session = found_population(FEW, [0.1, 0.2, 0.3])
    first, second = session.ask(), session.ask()
    assert first is not None
    assert second is not None
    assert members(session) == [0, 1, 2]
    assert apart(first.path, session.proposals[2].path) == apart(second.path, session.proposals[2].path) == 1


@pytest.mark.parametrize(("sample", "best", "worst"), [(1, 1 / 3, 1 / 3), (2, 5 / 9, 1 / 9)])
def test_the_parent_is_the_best_of_a_sample_with_replacement(sample, best, worst):
    """Of three, two draws miss the best with probability 4/9, and are both the worst with 1/9; 5 deviations of 600."""
    session = found_population(Evolution(population=3, sample=sample), [0.1, 0.9, 0.5])
    counted = Counter[int]()
    for seed in range(600):
        session.seed = seed
        counted[parent(session)] += 1
    for trial, p in ((1, best), (0, worst)):
        assert abs(counted[trial] - 600 * p) < 5 * (600 * p * (1 - p)) ** 0.5


def test_a_space_without_choices():
    """Its only leaf, again and again: evolution may evaluate a leaf twice."""
    session = Session(Evolution(population=2), make_problem(aw.affine(10)))
    assert [proposal.path for proposal in session.run(5, score_path)] == [()] * 5
