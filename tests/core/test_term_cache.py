"""The cache of results on each term."""

import random

import pytest

import archwright as aw
from archwright.core.environment import EMPTY_ENVIRONMENT, Environment
from archwright.core.term_cache import MAX_NEW_RESULTS, MAX_RARE_RESULTS, cache_on_term
from tests.strategies import WIDTH, iterate_subterms

SHAPE = (3, 8, 8)
RATE = aw.shared("rate", aw.reals(0, 1))


def count_results(space: aw.Term) -> tuple[int, int]:
    """How many results are cached on the terms of a space, and how many of them are for rare values."""
    plans = [term.plan for term in {id(term): term for term in iterate_subterms(space)}.values()]
    rare = sum(len(plan.rare_cache) for plan in plans)
    return sum(len(plan.cache) + len(plan.new_cache) for plan in plans) + rare, rare


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
def test_results_for_rare_values_are_not_cached_long(open_number):
    """After 3,000 samples as many results are cached as after 300, except for the latest rare values."""
    conv = aw.conv2d([8, 16], [3, 5])
    space = aw.sequential(conv, open_number, aw.optional(aw.dropout(RATE)), aw.conv2d(WIDTH, 3), aw.affine([2, 10]))
    sample(space, 300, seed=0)
    before, _ = count_results(space)
    sample(space, 3000, seed=1)
    after, rare = count_results(space)
    assert after - rare <= before
    assert rare <= MAX_RARE_RESULTS * len(list(iterate_subterms(space)))
    assert after < 600


def test_results_for_shapes_that_hardly_come_again_are_not_cached_for_good():
    """A term does not know that its input has one of a million widths: what is asked for once makes room."""
    wide = aw.conv2d(aw.integers(1, 10**6), 1)
    space = aw.sequential(wide, aw.batch_norm(), aw.optional(aw.relu()), aw.conv2d([4, 8], 3), aw.affine([2, 10]))
    sample(space, 300, seed=0)
    before = count_kept_results(space)
    sample(space, 3000, seed=1)
    assert count_kept_results(space) <= before + 30  # pairs of samples with the same width: 3,300**2 / 2 / 10**6 = 5
    plans = [term.plan for term in iterate_subterms(space)]
    assert max(len(plan.new_cache) for plan in plans) <= MAX_NEW_RESULTS


def count_kept_results(space: aw.Term) -> int:
    """How many results are cached for good."""
    return sum(len(plan.cache) for plan in {id(term): term.plan for term in iterate_subterms(space)}.values())


def test_results_for_finite_domains_are_cached():
    """Once every value was chosen, no function is called again."""
    space = aw.sequential(aw.conv2d([8, 16], [3, 5]), aw.optional(aw.dropout([0.1, 0.5])), aw.affine([2, 10]))
    sample(space, 300, seed=0)
    before = count_results(space)
    sample(space, 3000, seed=1)
    assert count_results(space) == before
    assert before[1] == 0


def test_a_result_is_computed_once_for_each_term_and_arguments():
    """Only shared hyperparameters that the term has make a difference, and it sees no others."""
    calls = []

    @cache_on_term
    def describe(term: aw.Term, shape: aw.Shape, environment: Environment, values: tuple) -> str:
        calls.append((term, shape, dict(environment), values))
        return str(len(calls))

    conv, pool = aw.conv2d(WIDTH, 3), aw.max_pool2d(2)
    wide = EMPTY_ENVIRONMENT.set("width", 4)
    for term, environment in [(conv, EMPTY_ENVIRONMENT), (conv, wide), (pool, EMPTY_ENVIRONMENT)]:
        result = describe(term, SHAPE, environment, ())
        assert describe(term, SHAPE, environment.set("depth", 3), ()) is result
    assert calls == [(conv, SHAPE, {}, ()), (conv, SHAPE, {"width": 4}, ()), (pool, SHAPE, {}, ())]


def test_a_cached_function_may_depend_on_the_term_alone():
    calls = []

    @cache_on_term
    def name(term: aw.Term) -> str:
        calls.append(term)
        return term.kind

    relu, pool = aw.relu(), aw.max_pool2d(2)
    assert [name(term) for term in (relu, pool, relu)] == ["activation", "max_pool2d", "activation"]
    assert calls == [relu, pool]
