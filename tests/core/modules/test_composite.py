"""Modules that run other modules: shapes worked out by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import archwright as aw
from archwright.core.flow import pad_shapes
from archwright.core.term import chain_out_shape
from archwright.core.wired_shapes import find_wiring
from tests.strategies import cases, enumerate_leaves, iterate_subterms, leaves

shapes = st.lists(st.integers(1, 9), min_size=1, max_size=3).map(tuple)


@pytest.mark.parametrize(
    ("a", "b", "common"),
    [
        ((3, 8, 8), (3, 8, 8), (3, 8, 8)),
        ((3, 8, 8), (16, 8, 8), (16, 8, 8)),
        ((3, 8, 8), (16, 4, 4), (16, 8, 8)),  # each axis to the longer
        ((10,), (4,), (10,)),
        ((3, 2, 2), (10,), (12,)),  # unlike ranks: both flattened, to the longer
        ((20,), (3, 2, 2), (20,)),
    ],
)
def test_padding_by_hand(a, b, common):
    """DeepArchitect's rule for residual modules."""
    assert pad_shapes(a, b) == common


@given(shapes, shapes)
def test_padding_is_symmetric_and_makes_room_for_both(a, b):
    """Either order gives one shape, which is as large as each operand, and padding to it again changes nothing."""
    common = pad_shapes(a, b)
    assert common == pad_shapes(b, a)
    assert pad_shapes(a, a) == a
    assert pad_shapes(common, common) == common
    assert aw.flatten().out_shape(common)[0] >= max(aw.flatten().out_shape(shape)[0] for shape in (a, b))


def test_sequential_runs_its_children_one_after_the_other():
    """Each gets the output of the one before; of none, the output is the input."""
    space = aw.sequential(aw.conv2d(16, 3, stride=2), aw.max_pool2d(2), aw.affine(10))
    assert space.out_shape((3, 32, 32)) == (10,)
    assert [(before, after) for _, _, before, after in space.iterate_calls((3, 32, 32))] == [
        ((3, 32, 32), (16, 16, 16)),
        ((16, 16, 16), (16, 8, 8)),
        ((16, 8, 8), (10,)),
    ]
    assert space.parameters((3, 32, 32)) == 16 * 28 + (16 * 64 + 1) * 10
    assert aw.sequential().out_shape((3, 32, 32)) == (3, 32, 32)


def test_residual_adds_its_input():
    """Zero-padded to a common shape; flattened where the ranks differ."""
    assert aw.residual(aw.conv2d(8, 3)).out_shape((8, 6, 6)) == (8, 6, 6)
    assert aw.residual(aw.conv2d(16, 3, stride=2)).out_shape((8, 6, 6)) == (16, 6, 6)
    assert aw.residual(aw.conv2d(4, 3, padding="valid")).out_shape((8, 6, 6)) == (8, 6, 6)
    assert aw.residual(aw.affine(10)).out_shape((8, 6, 6)) == (288,)
    assert aw.residual(aw.affine(500)).out_shape((8, 6, 6)) == (500,)


def test_branches_are_added_or_concatenated():
    """Adding pads every axis; concatenating adds up the channels and pads the others."""
    wide, small, flat = aw.conv2d(8, 1), aw.max_pool2d(2), aw.affine(5)
    assert aw.branches(wide, small).out_shape((3, 6, 6)) == (8, 6, 6)
    assert aw.branches(wide, small, merge="concatenate").out_shape((3, 6, 6)) == (11, 6, 6)
    assert aw.branches(wide, small, wide, merge="concatenate").out_shape((3, 6, 6)) == (19, 6, 6)
    assert aw.branches(small, flat).out_shape((3, 6, 6)) == (27,)
    assert aw.branches(small, flat, merge="concatenate").out_shape((3, 6, 6)) == (32,)
    assert aw.branches(flat, small, wide, merge="concatenate").out_shape((3, 6, 6)) == (32 + 288,)
    assert aw.branches().out_shape((3, 6, 6)) == (3, 6, 6)
    assert aw.branches(small, merge="concatenate").out_shape((3, 6, 6)) == (3, 3, 3)
    assert aw.branches(wide, flat).parameters((3, 6, 6)) == 8 * 4 + 5 * 109


def test_how_branches_are_merged_can_be_chosen():
    """It is asked before anything inside."""
    space = aw.branches(aw.conv2d([2, 3], 1), aw.identity(), merge=["add", "concatenate"])
    node = aw.root(space, (3, 6, 6))
    assert node.choice.name == "branches.merging"
    assert node.choose("concatenate").choose(2).out_shape == (5, 6, 6)
    assert node.choose("add").choose(2).out_shape == (3, 6, 6)


def test_tied_copies_share_choices_but_not_parameters():
    """Three convolutions of one width: asked once; the first has other parameters than the later ones."""
    space = aw.repeat_tied(aw.conv2d([4, 8], 3), count=3)
    node = aw.root(space, (1, 6, 6))
    assert node.choice.name == "tied.conv2d.filters"
    leaf = node.choose(4)
    assert leaf.is_leaf
    assert leaf.architecture.parameters((1, 6, 6)) == 4 * 10 + 4 * 37 + 4 * 37


def test_tied_copies_must_all_fit():
    """Counts for which a later copy does not fit are not offered: 7, 5, 3, 1 are the axes, so three copies at most."""
    shrinking = aw.conv2d(4, 3, padding="valid")
    assert list(aw.root(aw.repeat_tied(shrinking, [1, 2, 3, 4, 5]), (1, 7, 7)).choice.domain) == [1, 2, 3]
    assert aw.repeat_tied(shrinking, 3).out_shape((1, 7, 7)) == (4, 1, 1)
    with pytest.raises(aw.Misfit):
        aw.repeat_tied(shrinking, 4).out_shape((1, 7, 7))


def test_choices_that_only_a_later_tied_copy_refuses_are_dead_ends():
    """A window of 5 fits the first copy, of 7, but not the second, of 3: found before a search, not in it."""
    space = aw.repeat_tied(aw.conv2d(4, [3, 5], padding="valid"), 2)
    assert aw.count(space, (1, 7, 7)) == 1
    (blocked,) = aw.dead_ends(space, (1, 7, 7))
    assert str(blocked) == (
        "at repeat_tied after tied.conv2d.size = 5: some choices that fit the first of 2 copies do not fit a later one"
    )
    _, stuck = enumerate_leaves(space, (1, 7, 7))
    assert stuck == [
        "nothing fits at repeat_tied after tied.conv2d.size = 5: "
        "conv2d with size 5 and padding 'valid' does not fit an axis of 3"
    ]


def test_a_dead_end_of_copies_is_found_where_a_choice_of_one_name_has_other_options_in_another_order():
    """Swapped, the second choice is that of the activation, and no convolution can be chosen there."""
    body = aw.maybe_swap(aw.optional(aw.relu()), aw.optional(aw.conv2d(2, 3, padding="valid")))
    space = aw.repeat_tied(body, 4)
    (blocked,) = aw.dead_ends(space, (2, 8, 8))
    path = (("tied.either.option", "as_written"), ("tied.either.1.either.option", "conv2d"))
    assert (blocked.path, aw.count(space, (2, 8, 8))) == (path, 4)


@given(st.integers(1, 40), st.integers(1, 12))
def test_a_chain_is_its_copies(length, copies):
    """The shape after n copies is the shape after one of them, n times."""
    pool = aw.max_pool2d(2, padding="same")
    shape = (1, length, length)
    for _ in range(copies):
        shape = pool.out_shape(shape)
    assert chain_out_shape(pool, pool.out_shape((1, length, length)), copies) == shape
    assert aw.repeat_tied(pool, copies).out_shape((1, length, length)) == shape


@given(leaves)
def test_runs_end_in_the_output_shape(leaf):
    """Of every composite in an architecture: each run's output is its child's, and parameters add up over the runs.

    With what its joints learn.
    """
    for term in iterate_subterms(leaf.architecture):
        if isinstance(term, aw.Composite) and term.subterms and term is leaf.architecture:
            runs = list(term.iterate_calls(leaf.origin.input_shape))
            assert len(runs) == len(term.subterms) * term.copies
            assert all(child.out_shape(before) == after for _, child, before, after in runs)
            total = sum(child.parameters(before) for _, child, before, _ in runs)
            wiring = find_wiring(term)
            learned = sum(joint.parameters for joint in wiring.joints) if wiring else 0
            assert term.parameters(leaf.origin.input_shape) == total + learned


@given(cases)
def test_a_shape_inferred_on_the_way_is_that_of_the_whole(case):
    """architecture.out_shape(input shape) is the leaf's out_shape."""
    for leaf in enumerate_leaves(case.space, case.shape)[0]:
        assert leaf.architecture.out_shape(case.shape) == leaf.out_shape
        assert leaf.architecture.plan.is_specified
