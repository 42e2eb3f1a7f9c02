"""What is remembered about terms."""

import random

import pytest

import archwright as aw
from archwright.core.environment import EMPTY_ENVIRONMENT, Environment
from archwright.core.facts import MAX_PASSING_FACTS, remember_on_term
from tests.strategies import WIDTH, iterate_subterms

SHAPE = (3, 8, 8)
RATE = aw.shared("rate", aw.reals(0, 1))


def count_facts(space: aw.Term) -> tuple[int, int]:
    """How many facts about the terms of a space are kept, and how many of them only until others come."""
    plans = [term.plan for term in {id(term): term for term in iterate_subterms(space)}.values()]
    passing = sum(len(plan.passing_facts) for plan in plans)
    return sum(len(plan.facts) for plan in plans) + passing, passing


def sample(space: aw.Term, n: int, seed: int) -> None:
    uniform = random.Random(seed).random
    for _ in range(n):
        aw.sample(aw.root(space, SHAPE), uniform)


@pytest.mark.parametrize(
    "open_number",
    [
        aw.settings(learning_rate=aw.reals(1e-4, 1e-1, log=True), decay=aw.reals(0, 1)),
        aw.dropout(aw.reals(0, 1)),
        aw.dropout(RATE),
        aw.settings(seed=aw.integers(0, 10**9)),
    ],
    ids=str,
)
def test_facts_about_values_that_never_come_again_are_not_kept(open_number):
    """After 3,000 samples as many facts are kept as after 300: those about the few values that others may have."""
    conv = aw.conv2d([8, 16], [3, 5])
    space = aw.sequential(conv, open_number, aw.optional(aw.dropout(RATE)), aw.conv2d(WIDTH, 3), aw.affine([2, 10]))
    sample(space, 300, seed=0)
    before, _ = count_facts(space)
    sample(space, 3000, seed=1)
    after, passing = count_facts(space)
    assert after - passing <= before
    assert passing <= MAX_PASSING_FACTS * len(list(iterate_subterms(space)))
    assert after < 600


def test_facts_about_finite_domains_are_kept():
    """Once every value was chosen, nothing more is worked out."""
    space = aw.sequential(aw.conv2d([8, 16], [3, 5]), aw.optional(aw.dropout([0.1, 0.5])), aw.affine([2, 10]))
    sample(space, 300, seed=0)
    before = count_facts(space)
    sample(space, 3000, seed=1)
    assert count_facts(space) == before
    assert before[1] == 0


def test_a_fact_is_worked_out_once_for_each_term_and_arguments():
    """Only shared hyperparameters that the term has make a difference, and it sees no others."""
    calls = []

    @remember_on_term
    def describe(term: aw.Term, shape: aw.Shape, environment: Environment, values: tuple) -> str:
        calls.append((term, shape, dict(environment), values))
        return str(len(calls))

    conv, pool = aw.conv2d(WIDTH, 3), aw.max_pool2d(2)
    wide = EMPTY_ENVIRONMENT.set("width", 4)
    for term, environment in [(conv, EMPTY_ENVIRONMENT), (conv, wide), (pool, EMPTY_ENVIRONMENT)]:
        fact = describe(term, SHAPE, environment, ())
        assert describe(term, SHAPE, environment.set("depth", 3), ()) is fact
    assert calls == [(conv, SHAPE, {}, ()), (conv, SHAPE, {"width": 4}, ()), (pool, SHAPE, {}, ())]


def test_a_fact_may_depend_on_the_term_alone():
    calls = []

    @remember_on_term
    def name(term: aw.Term) -> str:
        calls.append(term)
        return term.kind

    relu, pool = aw.relu(), aw.max_pool2d(2)
    assert [name(term) for term in (relu, pool, relu)] == ["activation", "max_pool2d", "activation"]
    assert calls == [relu, pool]
