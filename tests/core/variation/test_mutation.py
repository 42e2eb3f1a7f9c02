"""Small changes of a leaf."""

import random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import archwright as aw
from archwright.core.domain import Domain, Values
from archwright.core.ranges import Integers, Reals
from archwright.core.variation.mutation import (
    MAX_FULL_NEIGHBOURHOOD,
    NEIGHBOUR_DISTANCES,
    change_values,
    draw_other_value,
    find_neighbours,
    list_decisions,
    list_neighbours,
    move_number,
    mutate,
)
from tests.strategies import domains, fractions, leaves, seeds

FLAT = aw.settings(**{f"x{i}": ["a", "b", "c"] for i in range(6)})
RANGES = [Reals(0, 1), Reals(1e-5, 1.0, log=True), Integers(1, 1000), Integers(1, 1000, log=True), Integers(-50, 49)]
RANGES += [Integers(2**60, 2**60 + 999), Integers(2**60, 2**60 + 999, log=True)]  # that floats cannot tell apart
HUGE = [Integers(2**60, 2**61, log=True), Integers(1, 10**300, log=True), Integers(-(10**299), 10**299)]
LONG = Values(tuple(range(100)), ordered=True)


@given(leaves, seeds)
def test_a_mutated_leaf_is_another_leaf_of_the_same_space(leaf, seed):
    """Its path leads to it and differs in at least one choice; the leaf itself is as before."""
    path = leaf.path
    assume(path)
    other, other_path = mutate(list_decisions(leaf), random.Random(seed).random, more=seed % 2 / 2)
    assert other.is_leaf
    assert other.origin == leaf.origin
    assert other != leaf
    assert other.path == other_path
    assert leaf.path == path
    assert aw.replay(leaf.origin.space, leaf.origin.input_shape, other_path) == other


@given(leaves, seeds)
def test_mutation_depends_on_its_numbers_alone(leaf, seed):
    """The same numbers, the same leaf."""
    assume(leaf.path)
    first, second = (mutate(list_decisions(leaf), random.Random(seed).random, more=0.5) for _ in range(2))
    assert first == second


def changes(more: float) -> list[int]:
    """How often how many of six choices changed, in 2,000 mutations."""
    uniform, counted = random.Random(0).random, [0] * 7
    leaf = aw.sample(aw.root(FLAT, (1, 8, 8)), uniform)
    for _ in range(2000):
        _, path = mutate(list_decisions(leaf), uniform, more)
        counted[sum(a != b for a, b in zip(path, leaf.path, strict=True))] += 1
    return counted


def test_one_choice_changes_unless_more_are_asked_for():
    assert changes(0.0) == [0, 2000, 0, 0, 0, 0, 0]


def test_as_many_choices_change_as_a_coin_says():
    """Of six choices: one change half of the time, two or more a quarter each time less; twice the same is one."""
    counted = changes(0.5)
    assert counted[0] == 0
    assert 0.5 < counted[1] / 2000 < 0.62
    assert counted[1] > counted[2] > counted[3] > 0


def test_each_choice_changes_as_often_as_another():
    """In 2,000 mutations of one of six choices, each 333 times within 5 standard deviations."""
    uniform, counted = random.Random(0).random, [0] * 6
    leaf = aw.sample(aw.root(FLAT, (1, 8, 8)), uniform)
    for _ in range(2000):
        _, path = mutate(list_decisions(leaf), uniform)
        counted[next(i for i in range(6) if path[i] != leaf.path[i])] += 1
    assert all(abs(n - 2000 / 6) < 5 * (2000 * 1 / 6 * 5 / 6) ** 0.5 for n in counted)


def test_without_a_coin_no_number_is_drawn_for_it():
    """One number for the choice and one for its value: the third would be an error."""
    leaf = aw.root(FLAT, (1, 8, 8))
    while not leaf.is_leaf:
        leaf = leaf.choose("a")
    _, path = mutate(list_decisions(leaf), iter([0.5, 0.9]).__next__)
    assert [value for _, value in path] == ["a", "a", "a", "c", "a", "a"]


@given(leaves)
def test_neighbours_differ_in_one_choice_of_the_path(leaf):
    """Each change is another legal value of a choice; making it keeps what was chosen before."""
    decisions = list_decisions(leaf)
    for i, value in list_neighbours(decisions):
        name, before = leaf.path[i]
        assert before != value
        other, path = change_values(decisions, {i: value}, random.Random(0).random)
        assert other.path == path
        assert path[: i + 1] == (*leaf.path[:i], (name, value))


@given(leaves)
def test_changing_nothing_gives_the_leaf(leaf):
    """A choice that is given the value that it has draws nothing."""

    def never() -> float:
        raise AssertionError("a number was drawn")

    for i, (_, value) in enumerate(leaf.path):
        assert change_values(list_decisions(leaf), {i: value}, never) == (leaf, leaf.path)


@given(leaves)
def test_decisions_lead_to_the_leaf(leaf):
    """Each has the node of its choice, from which its value leads to the next one."""
    decisions = list_decisions(leaf)
    assert tuple((decision.name, decision.value) for decision in decisions) == leaf.path
    for decision, after in zip(decisions, [*(later.node for later in decisions[1:]), leaf], strict=True):
        assert decision.node.choice is not None
        assert decision.node.choice.name == decision.name
        assert decision.node.choose(decision.value) == after


def test_the_choices_that_still_fit_are_kept():
    """A change of option asks what is in the new one; what comes after is as it was."""
    space = aw.sequential(aw.either(aw.relu(), aw.conv2d([2, 4], 1)), aw.dropout([0.1, 0.2, 0.5]), aw.affine([1, 2]))
    leaf = aw.root(space, (3, 8, 8)).choose("relu").choose(0.2).choose(2)
    _, path = change_values(list_decisions(leaf), {0: "conv2d"}, lambda: 0.9)
    assert [value for _, value in path] == ["conv2d", 4, 0.2, 2]


def test_what_comes_with_a_change_is_drawn():
    """Only what belongs to the second copy is drawn when a second copy comes."""
    rate = aw.settings(x=aw.reals(0, 1))
    space = aw.sequential(rate, aw.repeat(aw.conv2d(filters=list(range(1, 50)), size=3), [1, 2]))
    leaf = aw.replay(space, (1, 8, 8), [("0.settings.x", 0.5), ("1.repeat.count", 1)]).choose(7)
    uniform = random.Random(1).random
    paths = [dict(path) for _, path in (mutate(list_decisions(leaf), uniform, 0.5) for _ in range(200))]
    second = [path for path in paths if path["1.repeat.count"] == 2]
    assert any(path["0.settings.x"] == 0.5 and 7 in path.values() for path in second)
    assert len({tuple(path.values()) for path in second}) > 10


def test_several_changes_at_once():
    space = aw.sequential(aw.conv2d([2, 4, 8], 1), aw.dropout([0.1, 0.2, 0.5]), aw.affine([1, 2]))
    leaf = aw.root(space, (3, 8, 8)).choose(2).choose(0.2).choose(2)
    _, path = change_values(list_decisions(leaf), {2: 1, 0: 8}, lambda: 0.0)
    assert [value for _, value in path] == [8, 0.2, 1]


def test_neighbours_by_hand():
    """Every other value of a small domain; of reals and long ranges, values at 1/4, 1/16 and 1/64 on either side.

    The integers 1 to 100 have their unit positions at 0.005, 0.015 ...: 13, at 0.125, is nearer to the end than 1/4.
    """
    space = aw.sequential(aw.conv2d([2, 4, 8], 1), aw.dropout(aw.reals(0, 1)), aw.affine(aw.integers(1, 100)))
    leaf = aw.root(space, (3, 8, 8)).choose(4).choose(0.5).choose(13)
    assert list(list_neighbours(list_decisions(leaf))) == [
        (0, 2),
        (0, 8),
        *((1, 0.5 + by) for by in (-1 / 4, 1 / 4, -1 / 16, 1 / 16, -1 / 64, 1 / 64)),
        *((2, units) for units in (1, 38, 7, 19, 11, 15)),
    ]


@given(domains, fractions)
def test_neighbours_are_other_values_of_the_domain_each_once(domain, u):
    value = domain.sample(u)
    found = find_neighbours(domain, value)
    assert len(set(found)) == len(found)
    assert all(other in domain and other != value for other in found)
    if domain.size is not None and domain.size <= MAX_FULL_NEIGHBOURHOOD:
        assert len(found) == domain.size - 1


@given(st.sampled_from([*RANGES, LONG]), fractions)
def test_neighbours_of_a_number_are_around_it_on_both_sides(domain, u):
    """As far as the distances say, give or take one value; where the domain ends before, at its end if that is far."""
    value = domain.sample(u)
    there = domain.to_unit(value)
    positions = [domain.to_unit(other) for other in find_neighbours(domain, value)]
    slack = 1e-9 + (0.0 if domain.size is None else max(map(domain.probability, (value, domain.from_unit(0.0)))))
    for sign in (-1, 1):
        side = [sign * (each - there) for each in positions if sign * (each - there) > 0]
        room = sign * (domain.to_unit(domain.from_unit(0.5 + sign / 2)) - there)
        assert bool(side) == (room >= NEIGHBOUR_DISTANCES[-1] / 2)
        wanted = [min(room, distance) for distance in NEIGHBOUR_DISTANCES if side]
        assert all(min(abs(found - distance) for found in side) <= slack for distance in wanted)
        assert all(min(abs(found - distance) for distance in wanted) <= slack for found in side)


@pytest.mark.parametrize("domain", [*RANGES, LONG], ids=str)
def test_neighbour_by_neighbour_any_number_is_approached(domain):
    """From anywhere, going to whichever is nearest comes within half of 1/64, or so many values, of anything."""
    chance = random.Random(0)
    for _ in range(50):
        value, goal = domain.sample(chance.random()), domain.sample(chance.random())
        aim = domain.to_unit(goal)

        def off(at, aim=aim) -> float:
            return abs(domain.to_unit(at) - aim)

        while off(best := min(find_neighbours(domain, value), key=off)) < off(value):
            value = best
        assert off(value) <= NEIGHBOUR_DISTANCES[-1] / 2 + (0 if domain.size is None else domain.probability(goal))


def test_a_range_has_its_neighbours_and_a_list_without_order_all_of_them():
    """Of 100 words, 99: none is nearer than another. Of 100 numbers in order, six."""
    words = Values(tuple(map(str, range(100))))
    assert len(find_neighbours(words, "50")) == 99
    assert find_neighbours(LONG, 50) == [25, 75, 44, 56, 48, 52]
    assert find_neighbours(Values(tuple(range(64)), ordered=True), 50) == [*range(50), *range(51, 64)]


@pytest.mark.parametrize("domain", [*RANGES, LONG], ids=str)
@pytest.mark.parametrize("by", [*NEIGHBOUR_DISTANCES, 1e-12])
def test_moving_goes_to_the_next_value_at_least_and_not_beyond_the_end(domain, by):
    first, last = domain.from_unit(0.0), domain.from_unit(1.0)
    assert move_number(domain, first, -by) == first
    assert move_number(domain, last, by) == last
    assert move_number(domain, last, -2.0) == first
    assert move_number(domain, first, 2.0) == last
    if domain.size is not None:
        second = domain.split(domain.size)[1].from_unit(0.0)
        assert move_number(domain, first, 1e-12) == second
        assert move_number(domain, second, -1e-12) == first


@pytest.mark.parametrize(
    "domain",
    [
        *RANGES,
        *HUGE,
        LONG,
        Integers(0, 1),
        Values((1, 2, 3)),
        Values((True, False)),
        Reals(1e15, 1e15 + 0.25),
        Integers(10**299, 10**299 + 1),
    ],
    ids=str,
)
def test_another_value_is_in_the_domain_and_not_the_same(domain: Domain):
    """Also at the ends, where there is nothing on one side, and where hardly any other number can be written."""
    uniform = random.Random(0).random
    for u in (0.0, 0.5, 1.0):
        value = domain.from_unit(u)
        for _ in range(100):
            other = draw_other_value(domain, value, uniform)
            assert other in domain
            assert other != value


def test_numbers_change_near_and_far():
    """Half of the changes are anywhere; of the rest, between 1/64 and 1/4 away, half are nearer than 1/16."""
    uniform = random.Random(0).random
    moves = [float(draw_other_value(Reals(0, 1), 0.5, uniform)) - 0.5 for _ in range(4000)]
    assert max(moves) > 0.45
    assert min(moves) < -0.45
    assert sum(abs(move) < 1 / 64 for move in moves) / 4000 == pytest.approx(1 / 64, abs=0.01)
    assert sum(abs(move) < 1 / 16 for move in moves) / 4000 == pytest.approx(1 / 4 + 1 / 16, abs=0.04)
    assert sum(abs(move) < 1 / 4 for move in moves) / 4000 == pytest.approx(3 / 4, abs=0.04)
    assert sum(move > 0 for move in moves) / 4000 == pytest.approx(1 / 2, abs=0.04)


def test_what_is_no_number_changes_to_any_other():
    """One number for each draw, and no coin."""
    assert draw_other_value(Values(("a", "b", "c", "d")), "b", iter([0.3, 0.9]).__next__) == "d"


def test_a_space_of_one_leaf_has_no_neighbours():
    leaf = aw.root(aw.relu(), (3, 8, 8))
    assert list_decisions(leaf) == ()
    assert list(list_neighbours(list_decisions(leaf))) == []
