"""Counting by recursion, against counting by going everywhere."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

import archwright as aw
from archwright.core.analysis.completions import analyze
from archwright.core.analysis.counting import out_shapes
from archwright.core.analysis.demand import NO_DEMAND
from archwright.core.analysis.examples import write_path
from archwright.core.analysis.states import MAX_COUNTED_ONE_BY_ONE
from archwright.core.environment import EMPTY_ENVIRONMENT
from archwright.core.hyperparameter import MAX_ANALYZED_VALUES
from tests.strategies import cases, enumerable_terms, enumerate_leaves, shapes, terms


@given(cases)
def test_a_space_has_as_many_leaves_as_are_counted(case):
    """Depth-first enumeration finds count(space, input shape) leaves."""
    assert aw.count(case.space, case.shape) == len(enumerate_leaves(case.space, case.shape)[0])


@given(cases)
def test_output_shapes_are_those_of_the_leaves(case):
    """No more and no fewer, each once."""
    found = out_shapes(case.space, case.shape)
    assert len(set(found)) == len(found)
    assert set(found) == {leaf.out_shape for leaf in enumerate_leaves(case.space, case.shape)[0]}


@given(terms, shapes)
def test_a_shape_only_rules_out(term, shape):
    """Without an input shape, a space counts at least as many."""
    assert aw.count(term) >= aw.count(term, shape)


same_shape = st.sampled_from(
    [aw.relu(), aw.dropout([0.1, 0.5]), aw.activation(["relu", "gelu"]), aw.settings(a=[1, 2])]
)
fitting = st.recursive(
    same_shape | st.builds(aw.conv2d, st.sampled_from([2, [2, 3]]), st.sampled_from([1, [1, 3]])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda terms: aw.sequential(*terms)),
        st.builds(aw.either, inner, inner),
        st.builds(aw.repeat, inner, st.just([0, 1, 2])),
        st.builds(aw.repeat_tied, inner, st.just([1, 3])),
        st.builds(aw.branches, inner, inner, merge=st.just(["add", "concatenate"])),
        st.builds(aw.residual, inner),
    ),
    max_leaves=5,
)


@given(fitting)
def test_where_everything_fits_the_shape_makes_no_difference(term):
    """The count without an input shape is the count with one."""
    assert aw.count(term) == aw.count(term, (2, 8, 8))


@given(enumerable_terms, shapes)
def test_counting_is_remembered_apart_for_each_shape(term, shape):
    """A term that was counted for one shape is counted afresh for another, and the same again for the first."""
    first = aw.count(term, shape)
    aw.count(term, (7, 7, 7)), aw.count(term), aw.count(aw.sequential(term, term), shape)
    assert aw.count(term, shape) == first
    assert first == aw.count(aw.from_json(aw.to_json(term)), shape)


@given(enumerable_terms, enumerable_terms)
def test_counts_follow_the_structure(a, b):
    """Without shapes and shared hyperparameters: a product in a sequence, a sum in a choice, a power in a repeat."""
    if a.plan.shared or b.plan.shared:
        return
    n, m = aw.count(a), aw.count(b)
    assert aw.count(aw.sequential(a, b)) == aw.count(aw.branches(a, b)) == n * m
    assert aw.count(aw.either(a, b)) == n + m
    assert aw.count(aw.optional(a)) == 1 + n
    assert aw.count(aw.maybe_swap(a, b)) == 2 * n * m
    assert aw.count(aw.repeat(a, [0, 1, 3])) == 1 + n + n**3
    assert aw.count(aw.repeat_tied(a, [1, 2, 4])) == 3 * n
    assert aw.count(aw.residual(a)) == n


def test_shared_hyperparameters_are_counted_once():
    """Three widths for two convolutions of two sizes each: 3 * 2 * 2."""
    width = aw.shared("width", [8, 16, 32])
    assert aw.count(aw.sequential(aw.conv2d(width, [3, 5]), aw.conv2d(width * 2, [3, 5]))) == 12
    assert aw.count(aw.repeat(aw.conv2d(width, [3, 5]), [1, 2])) == 3 * (2 + 4)
    assert aw.count(aw.repeat_tied(aw.conv2d(width, [3, 5]), [1, 2])) == 3 * 2 * 2
    assert aw.count(aw.branches(aw.conv2d(width, 1), aw.relu(), aw.conv2d(width, 1))) == 3
    # It is asked in one option alone: 3 widths or nothing, and then 3 widths if it was nothing.
    assert aw.count(aw.sequential(aw.optional(aw.conv2d(width, 1)), aw.affine(width))) == 6


def test_widths_that_a_later_module_refuses():
    """Width 3 fits the first convolution, not the second: two leaves, and a dead end."""
    width = aw.shared("width", [2, 3, 4])
    space = aw.sequential(aw.conv2d(width, 1), aw.conv2d(4, 1, groups=2))
    assert aw.count(space) == 3
    assert aw.count(space, (1, 8, 8)) == 2
    assert [str(end) for end in aw.dead_ends(space, (1, 8, 8))] == [
        "at 1.conv2d after width = 3: conv2d with 2 groups cannot take 3 channels and 4 filters"
    ]


def test_tied_copies_count_the_choices_that_fit_all_of_them():
    """Valid windows of 1, 3, 5 on an axis of 9: once all, twice all, three times 1 and 3, four times 1 and 3, ..."""
    body = aw.conv2d(4, [1, 3, 5], padding="valid")
    counts = [aw.count(aw.repeat_tied(body, n), (1, 9, 9)) for n in range(1, 7)]
    assert counts == [3, 3, 2, 2, 1, 1]
    nested = aw.repeat_tied(aw.repeat_tied(body, [1, 2]), [1, 2])
    assert aw.count(nested, (1, 9, 9)) == 3 + 3 + 3 + 2  # one run, two runs in two ways, four runs


def test_tied_copies_with_a_choice_of_modules_inside():
    """Halving or nothing, on 4: n halvings fit for n up to 2, and nothing always does."""
    body = aw.either(aw.max_pool2d(2), aw.identity())
    assert [aw.count(aw.repeat_tied(body, n), (1, 4, 4)) for n in (1, 2, 3, 50)] == [2, 2, 1, 1]
    assert out_shapes(aw.repeat_tied(body, [1, 2]), (1, 4, 4)) == ((1, 2, 2), (1, 4, 4), (1, 1, 1))


def test_tied_copies_with_a_shared_choice_inside():
    """Copies of another shape each, whatever the shared value is: a completion for each value, not for each copy."""
    rate = aw.shared("rate", [0.1, 0.2, 0.5])
    body = aw.sequential(aw.dropout(rate), aw.max_pool2d(2))
    assert [aw.count(aw.repeat_tied(body, n), (1, 8, 8)) for n in (1, 2, 3, 4)] == [3, 3, 3, 0]


def test_counts_are_exact_however_large():
    """A hundred layers of six choices each: 6 ** 100, to the last digit."""
    assert aw.count(aw.repeat(aw.conv2d([1, 2, 3], [1, 3]), 100), (1, 8, 8)) == 6**100


def test_reals_make_a_space_infinite():
    """Also beside a part that has more models than floating point can say."""
    large = aw.repeat(aw.conv2d([1, 2], 1), 2000)
    rate = aw.dropout(aw.reals(0, 1))
    assert aw.count(large) == 2**2000
    assert aw.count(rate) == math.inf
    for space in (
        aw.sequential(large, rate),
        aw.sequential(rate, large),
        aw.either(large, rate),
        aw.either(rate, large),
    ):
        assert aw.count(space) == aw.count(space, (1, 8, 8)) == math.inf
    assert aw.count(aw.sequential(rate, aw.max_pool2d(9)), (1, 8, 8)) == 0


@pytest.mark.parametrize("n", [MAX_COUNTED_ONE_BY_ONE, MAX_COUNTED_ONE_BY_ONE + 1, 1000, MAX_ANALYZED_VALUES])
def test_long_ranges_are_counted_exactly(n):
    """Where the modules after them do not depend on which value it is."""
    width = aw.conv2d(aw.integers(1, n), 1)
    assert aw.count(width) == aw.count(width, (1, 8, 8)) == n
    assert aw.count(aw.sequential(width, aw.conv2d([4, 8], 3), aw.affine(2)), (1, 8, 8)) == 2 * n
    assert aw.count(aw.sequential(width, width), (1, 8, 8)) == n * n
    assert aw.count(aw.conv2d(4, aw.integers(1, n), padding="valid"), (1, 8, 8)) == 8
    assert aw.count(aw.conv2d(aw.integers(1, n), 3, groups=4), (4, 8, 8)) == n // 4
    assert aw.count(aw.conv2d(60, 1, groups=aw.integers(1, n)), (60, 8, 8)) == 12  # the divisors of 60
    assert aw.count(aw.settings(batch=aw.integers(1, n)), (1, 8, 8)) == n


def test_long_ranges_of_copies_are_counted_exactly():
    """Each number of copies has another number of completions: 2 + 4 + ... + 2 ** 200, of which 3 fit."""
    assert aw.count(aw.repeat(aw.conv2d([1, 2], 1), aw.integers(1, 200)), (1, 8, 8)) == 2**201 - 2
    halved = aw.sequential(aw.conv2d([1, 2], 1), aw.max_pool2d(2))
    assert aw.count(aw.repeat(halved, aw.integers(1, 200)), (1, 8, 8)) == 2 + 4 + 8
    assert aw.count(aw.repeat_tied(halved, aw.integers(1, 200)), (1, 8, 8)) == 2 * 3


def test_ranges_too_long_to_try_count_in_full_where_they_fit():
    """A learning rate's integer seed, or a number of units."""
    assert aw.count(aw.affine(aw.integers(1, 10**9)), (3,)) == 10**9
    assert aw.count(aw.settings(seed=aw.integers(0, 10**30)), (3,)) == 10**30 + 1


def test_options_are_counted_one_by_one_however_many():
    """A list is what a person wrote: every value of it is tried."""
    odd = aw.conv2d(list(range(1, MAX_ANALYZED_VALUES + 101)), 1, groups=2)
    assert aw.count(odd, (2, 8, 8)) == MAX_ANALYZED_VALUES // 2 + 50


def test_parts_of_a_space_are_counted_with_what_they_remember():
    """An analysis holds, for each output shape, how many completions have it, and one of them."""
    space = aw.sequential(aw.conv2d([4, 8], [1, 3]), aw.max_pool2d(2))
    completions = analyze(space, ((3, 8, 8),), EMPTY_ENVIRONMENT, (), NO_DEMAND).completions
    found = {shapes[0]: (c.count, write_path(c.example, {})) for (shapes, _), c in completions.items()}
    assert {shape: n for shape, (n, _) in found.items()} == {(4, 4, 4): 2, (8, 4, 4): 2}
    for shape, (_, example) in found.items():
        assert aw.replay(space, (3, 8, 8), [step for step in example if "padding" not in step[0]]).out_shape == shape
