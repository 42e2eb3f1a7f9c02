"""What a term by itself does next."""

import pytest
from hypothesis import given

import archwright as aw
from archwright.core.environment import EMPTY_ENVIRONMENT
from archwright.core.step import Descent, HiddenSharedHyperparameter, SpecifiedTerm, ValueRequest, take_step
from tests.strategies import WIDTH, shapes, terms

SHAPE = (4, 8, 8)


@given(terms, shapes)
def test_a_step_is_one_of_three(term, shape):
    """It asks, or is entered, or is done; and is the same object when it is taken again."""
    try:
        taken = take_step(term, shape, EMPTY_ENVIRONMENT, ())
    except aw.Misfit:
        return
    assert isinstance(taken, ValueRequest | Descent | SpecifiedTerm)
    assert take_step(term, shape, EMPTY_ENVIRONMENT, ()) is taken
    if isinstance(taken, SpecifiedTerm):
        assert taken.term.out_shape(shape) == taken.out_shape


def test_a_term_asks_until_it_is_done():
    """One hyperparameter after the other; those with one legal value get it on the way."""
    conv = aw.conv2d([2, 4], [3, 9], padding="valid", groups=[1, 2])
    first = take_step(conv, SHAPE, EMPTY_ENVIRONMENT, ())
    assert (first.values, first.domain) == ((), aw.values(2, 4))
    second = take_step(conv, SHAPE, EMPTY_ENVIRONMENT, (2,))
    assert (second.values, second.domain) == ((2, 3), aw.values(1, 2))
    last = take_step(conv, SHAPE, EMPTY_ENVIRONMENT, (2, 3, 2))
    assert (last.term, last.out_shape) == (aw.conv2d(2, 3, padding="valid", groups=2), (2, 6, 6))


def test_a_term_with_something_inside_is_entered():
    """With the children that are to be traversed."""
    layer = aw.dropout([0.1, 0.5])
    assert take_step(aw.sequential(layer, aw.relu()), SHAPE, EMPTY_ENVIRONMENT, ()).children == (layer, aw.relu())
    assert take_step(aw.repeat(layer, [1, 2]), SHAPE, EMPTY_ENVIRONMENT, (2,)).children == (
        aw.sequential(layer, layer),
    )
    assert take_step(aw.optional(layer), SHAPE, EMPTY_ENVIRONMENT, ("dropout",)).children == (layer,)
    assert take_step(aw.repeat(aw.relu(), 2), SHAPE, EMPTY_ENVIRONMENT, ()).term == aw.sequential(aw.relu(), aw.relu())


def test_a_specified_term_is_done_as_it_stands():
    """The same object, also if it has terms inside."""
    specified = aw.sequential(aw.relu(), aw.conv2d(2, 3))
    assert take_step(specified, SHAPE, EMPTY_ENVIRONMENT, ()).term is specified


def test_a_shared_hyperparameter_is_asked_under_its_own_name_until_it_is_known():
    """Steps are remembered apart for each of its values."""
    conv = aw.conv2d(WIDTH * 2, [1, 3])
    asked = take_step(conv, SHAPE, EMPTY_ENVIRONMENT, ())
    assert (asked.shared, asked.domain) == ("width", WIDTH.domain)
    for width in (2, 3, 4):
        known = EMPTY_ENVIRONMENT.set("width", width)
        assert take_step(conv, SHAPE, known, ()).values == (2 * width,)
        assert take_step(conv, SHAPE, known, (2 * width, 1)).term == aw.conv2d(2 * width, 1)


def test_what_is_legal_may_depend_on_a_shared_hyperparameter():
    """Of 1 to 4 groups, those that divide the width: remembered apart for each width."""
    conv = aw.conv2d(WIDTH, 1, groups=[1, 2, 3, 4])
    legal = [list(take_step(conv, (12, 8, 8), EMPTY_ENVIRONMENT.set("width", w), (w,)).domain) for w in (2, 3, 4)]
    assert legal == [[1, 2], [1, 3], [1, 2, 4]]


def test_a_shared_hyperparameter_with_one_legal_value_is_inferred():
    """Others hear of it through the environment."""
    taken = take_step(aw.conv2d(WIDTH, 1, groups=3), (3, 8, 8), EMPTY_ENVIRONMENT, ())
    assert (taken.inferred, taken.term) == ((("width", 3),), aw.conv2d(3, 1, groups=3))


def test_large_domains_are_asked_whole_where_they_fit():
    """And where all of a range of moderate length was tried, the part that fits."""
    conv = aw.conv2d(aw.integers(1, 10**6), aw.integers(1, 1000), padding="valid")
    assert take_step(conv, SHAPE, EMPTY_ENVIRONMENT, ()).domain == aw.integers(1, 10**6)
    assert list(take_step(conv, SHAPE, EMPTY_ENVIRONMENT, (3,)).domain) == [1, 2, 3, 4, 5, 6, 7, 8]


def test_legal_values_keep_their_order():
    """What is left of an ordered domain is ordered, and of an unordered one is not."""
    sizes = aw.conv2d(4, aw.values(9, 1, 3, ordered=False), padding="valid")
    assert take_step(sizes, SHAPE, EMPTY_ENVIRONMENT, ()).domain == aw.values(1, 3, ordered=False)
    assert take_step(aw.conv2d(4, [1, 3, 9], padding="valid"), SHAPE, EMPTY_ENVIRONMENT, ()).domain == aw.values(1, 3)
    assert take_step(
        aw.conv2d(4, aw.integers(7, 9), padding="valid"), SHAPE, EMPTY_ENVIRONMENT, ()
    ).domain == aw.values(7, 8)


def test_expansions_may_not_hide_shared_hyperparameters():
    """What a module asks can be remembered only if it tells what it depends on; the error says how."""

    @aw.module
    class Secretive(aw.Rewriting):
        depth: aw.Hyperparameter[int] = aw.hyperparameter(aw.integer(1))

        def expand(self):
            return aw.sequential(*[aw.conv2d(WIDTH, 1)] * self.depth)

    with pytest.raises(
        HiddenSharedHyperparameter, match="secretive expands to modules with the shared hyperparameter 'width', which "
    ):
        aw.root(Secretive([1, 2]), SHAPE).choose(2)


def test_a_term_that_cannot_fit_asks_nothing():
    """Not even what has nothing to do with the shape."""
    conv = aw.conv2d(2, 1, groups=3, initialization=["he", "released"])
    with pytest.raises(aw.Misfit, match="conv2d with 3 groups cannot take 4 channels and 2 filters"):
        take_step(conv, SHAPE, EMPTY_ENVIRONMENT, ())
