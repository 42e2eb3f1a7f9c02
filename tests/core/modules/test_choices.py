"""Modules that stand for another term until they are chosen."""

import pytest

import archwright as aw
from archwright.core.hyperparameter import InvalidHyperparameter
from archwright.core.modules.choices import Either
from archwright.core.node import DeadEnd
from archwright.core.value import InvalidDomain


def options(space: aw.Term, shape: aw.Shape = (3, 8, 8)) -> list:
    """What the first choice of a space offers."""
    return list(aw.root(space, shape).choice.domain)


def test_options_are_known_by_their_kinds():
    """Numbered where a kind comes again, or under the name that a person gives."""
    relu, conv = aw.relu(), aw.conv2d(8, 3)
    assert options(aw.either(relu, conv, aw.identity())) == ["relu", "conv2d", "identity"]
    assert options(aw.either(conv, aw.conv2d(8, 5), conv)) == ["conv2d", "conv2d_2", "conv2d_3"]
    assert options(aw.either(conv, wide=aw.conv2d(64, 3))) == ["conv2d", "wide"]


def test_a_chosen_option_stands_for_itself():
    """The architecture holds the option alone; its own choices come after, under a name of its kind."""
    leaf = aw.root(aw.either(aw.relu(), aw.conv2d([8, 16], 3)), (3, 8, 8)).choose("conv2d").choose(16)
    assert leaf.architecture == aw.conv2d(16, 3)
    assert leaf.path == (("either.option", "conv2d"), ("either.conv2d.filters", 16))


def test_one_option_is_no_question():
    """Nor is one that is chosen already."""
    assert aw.root(aw.either(aw.relu()), (3,)).architecture == aw.relu()
    chosen = Either((aw.relu(), aw.identity()), ("a", "b"), "b")
    assert aw.root(chosen, (3,)).architecture == aw.identity()


def test_optional_is_the_body_or_nothing():
    """DeepArchitect's Or(Empty, b)."""
    assert options(aw.optional(aw.relu())) == ["identity", "relu"]
    assert aw.optional(aw.relu()) == aw.either(aw.identity(), aw.relu())


def test_maybe_swap_is_one_order_or_the_other():
    """DeepArchitect's Or(Concat(a, b), Concat(b, a))."""
    swap = aw.maybe_swap(aw.batch_norm(), aw.relu())
    assert options(swap) == ["batch_norm_then_relu", "relu_then_batch_norm"]
    after = aw.root(swap, (3, 8, 8)).choose("relu_then_batch_norm")
    assert after.architecture == aw.sequential(aw.relu(), aw.batch_norm())
    assert options(aw.maybe_swap(aw.conv2d(8, 3), aw.conv2d(8, 5))) == ["as_written", "swapped"]


def test_copies_of_a_repeat_have_choices_of_their_own():
    """Named by their place."""
    leaf = aw.root(aw.repeat(aw.conv2d([8, 16], 3), [1, 2, 3]), (3, 8, 8)).choose(2).choose(8).choose(16)
    assert leaf.path == (("repeat.count", 2), ("repeat.0.conv2d.filters", 8), ("repeat.1.conv2d.filters", 16))
    assert leaf.architecture == aw.sequential(aw.conv2d(8, 3), aw.conv2d(16, 3))


def test_no_copies_are_nothing():
    """A repeat of zero copies is the empty sequence."""
    nothing = aw.root(aw.repeat(aw.conv2d([8, 16], 3), [0, 1]), (3, 8, 8)).choose(0)
    assert nothing.architecture == aw.sequential()
    assert nothing.out_shape == (3, 8, 8)
    assert aw.root(aw.repeat(aw.max_pool2d(99), 0), (3, 8, 8)).out_shape == (3, 8, 8)


def test_options_that_the_shape_rules_out_are_not_offered():
    """A window of 3 does not fit 2 x 2, so that nothing is asked; it fits 3 x 3."""
    space = aw.either(aw.max_pool2d(3), aw.identity())
    assert aw.root(space, (3, 2, 2)).architecture == aw.identity()
    assert options(space, (3, 3, 3)) == ["max_pool2d", "identity"]


def test_as_many_copies_are_offered_as_fit():
    """Three halvings of 8 leave 1, which cannot be halved again."""
    layer = aw.sequential(aw.conv2d([4, 8], 3), aw.max_pool2d(2))
    assert options(aw.repeat(layer, [1, 2, 3, 4, 5]), (3, 8, 8)) == [1, 2, 3]
    assert options(aw.repeat_tied(layer, [1, 2, 3, 4, 5]), (3, 8, 8)) == [1, 2, 3]
    assert options(aw.repeat(layer, aw.integers(1, 5)), (3, 8, 8)) == [1, 2, 3]


def test_an_option_that_fits_in_some_way_is_offered():
    """It is what is inside that then lacks the values that do not fit."""
    node = aw.root(aw.optional(aw.conv2d(8, [3, 5], padding="valid")), (3, 4, 4))
    assert list(node.choice.domain) == ["identity", "conv2d"]
    assert node.choose("conv2d").architecture.size == 3


def test_if_no_option_fits_it_is_a_dead_end():
    """The reason is that of the first option."""
    with pytest.raises(DeadEnd, match="nothing fits at either after no choice at all: max_pool2d with size 3"):
        aw.root(aw.either(aw.max_pool2d(3), aw.avg_pool2d(5)), (3, 2, 2))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (aw.either, InvalidHyperparameter, r"either has 0 options and the labels \[\]; it needs one option or more"),
        (lambda: aw.either(aw.relu(), relu=aw.identity()), InvalidDomain, "holds both 'relu' and 'relu'"),
        (
            lambda: Either((aw.relu(),), ("a", "b"), "a"),
            InvalidHyperparameter,
            r"1 options and the labels \['a', 'b'\]",
        ),
        (
            lambda: Either((aw.relu(),), ("a",), "z"),
            InvalidHyperparameter,
            "option of either is 'z'; it may be one of a",
        ),
        (lambda: Either((aw.relu(),), ("a",), ["a", "z"]), InvalidHyperparameter, "option of either is 'z'"),
    ],
)
def test_labels_and_options_belong_together(make, error, message):
    """Each option has a label of its own, and only labels can be chosen."""
    with pytest.raises(error, match=message):
        make()


def test_which_option_may_be_shared():
    """Two choices made as one; labels that an option does not have rule a value out."""
    which = aw.shared("which", ["a", "b", "c"])
    two = Either((aw.relu(), aw.identity()), ("a", "b"), which)
    space = aw.sequential(two, aw.batch_norm(), two)
    node = aw.root(space, (3,))
    assert (node.choice.name, list(node.choice.domain)) == ("which", ["a", "b"])
    assert node.choose("a").architecture == aw.sequential(aw.relu(), aw.batch_norm(), aw.relu())
    assert aw.count(space) == aw.count(space, (3,)) == 2
