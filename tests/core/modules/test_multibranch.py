"""The modules of multi-branch residual networks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import archwright as aw

IMAGE = st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9))
stages = st.builds(
    aw.multi_branch_stage,
    filters=st.integers(1, 9),
    blocks=st.integers(1, 4),
    branches=st.integers(1, 4),
    stride=st.integers(1, 3),
    death_rate=st.sampled_from([0.0, 0.25, 1.0]),
    size=st.sampled_from([1, 3]),
    shares=st.sampled_from(["shake", "shake_softmax"]),
    relu=st.sampled_from(["both", "first"]),
)


@given(stages, IMAGE)
def test_a_stage_has_the_shape_and_the_parameters_of_its_blocks(stage, shape):
    """What it says of itself, for an analysis, is what the term says that it stands for; how deep that is, too."""
    blocks = stage.expand()
    assert aw.root(stage, shape).architecture == blocks
    assert stage.out_shape(shape) == blocks.out_shape(shape)
    assert blocks.plan.is_specified
    assert blocks.plan.depth <= stage.closed_depth
    channels, after = shape[0], stage.out_shape(shape)
    window, width, branches = stage.size**2, stage.filters, stage.branches
    first = window * width * (channels + width) + 4 * width
    other = 2 * window * width**2 + 4 * width
    skip = width * (channels + 2) if after != shape else 0
    assert blocks.parameters(shape) == branches * (first + (stage.blocks - 1) * other) + skip


@given(stages, IMAGE)
def test_a_stage_is_recognised(stage, shape):
    """By what its blocks show: where a single branch stands, its shares may be any, and where several do, its rate."""
    space = aw.multi_branch_stage(
        aw.integers(1, 9),
        aw.integers(1, 4),
        aw.integers(1, 4),
        [1, 2, 3],
        [0.0, 0.25, 1.0],
        [1, 3],
        ["shake", "shake_softmax"],
        ["both", "first"],
    )
    path = aw.path_of(space, shape, stage.expand())
    assert aw.replay(space, shape, path).architecture == stage.expand()


def test_a_branch_alone_is_dropped_at_random_and_several_are_shaken():
    alone = aw.multi_branch_stage(8, 2, 1, death_rate=0.5).expand()
    shaken = aw.multi_branch_stage(8, 2, 3, death_rate=0.5).expand()
    assert str(alone).count("shake_drop(rate=0.5)") == 2
    assert str(shaken).count("branches(merging=shake)") == 2
    assert "shake_drop" not in str(shaken) + str(aw.multi_branch_stage(8, 2, 1).expand())


def test_a_shortcut_is_the_input_where_nothing_changes():
    """Else two paths side by side, of an odd number of filters the first with one more, of one filter one."""
    shortcut = aw.shortcut(8, 1)
    assert (shortcut.parameters((8, 4, 4)), shortcut.parameters((4, 4, 4))) == (0, 8 * 4 + 2 * 8)
    assert aw.shortcut(8, 2).out_shape((8, 5, 4)) == (8, 3, 2)
    assert [aw.shortcut(filters).path_filters for filters in (1, 2, 5)] == [(1,), (1, 1), (3, 2)]


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: aw.shake_drop(1.5), "rate of shake_drop is 1.5; it must be a number from 0 to 1"),
        (lambda: aw.shortcut(0), "filters of shortcut is 0; it must be an integer of 1 or more"),
        (lambda: aw.shortcut(8, relu="none"), "relu of shortcut is 'none'; it may be one of 'both', 'first'"),
        (lambda: aw.multi_branch_stage(8, 0, 1), "blocks of multi_branch_stage is 0"),
        (lambda: aw.multi_branch_stage(8, 1, 2, shares="add"), "shares of multi_branch_stage is 'add'"),
    ],
)
def test_values_that_make_no_sense_are_refused(build, message):
    with pytest.raises(aw.errors.InvalidHyperparameter, match=message):
        build()
