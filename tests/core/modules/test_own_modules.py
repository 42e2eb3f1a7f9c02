"""Modules of a person's own: everything follows from their few local operations. Laws meet them in generated spaces."""

import random

import pytest

import archwright as aw
from archwright.core.analysis.counting import out_shapes
from archwright.core.node import DeadEnd
from tests.core.user_modules import Glued, Ladder, Shrink

SHAPE = (3, 8, 8)


def test_a_basic_module():
    """Its hyperparameter is asked and ruled out by shape; its bias is counted."""
    node = aw.root(Shrink([1, 2, 4, 16]), SHAPE)
    assert (node.choice.name, list(node.choice.domain)) == ("shrink.step", [1, 2, 4])
    leaf = node.choose(4)
    assert (leaf.architecture, leaf.out_shape) == (Shrink(4), (3, 2, 2))
    assert [layer.parameters for layer in aw.layers(leaf.architecture, SHAPE)] == [3]
    assert aw.count(Shrink([1, 2, 4, 16])) == 4
    assert aw.count(Shrink([1, 2, 4, 16]), SHAPE) == 3
    with pytest.raises(aw.ArchwrightError, match="step of shrink is 0; it must be an integer of 1 or more"):
        Shrink(0)


def test_a_composite_module():
    """Children are named by their place; shapes that it refuses are dead ends at the child that would get them."""
    space = Glued((Shrink([1, 2]), aw.conv2d([3, 5], 1, stride=[1, 2])), aw.affine([1, 2]))
    assert aw.count(space) == 2 * 4 * 2
    assert aw.count(space, SHAPE) == 2 * 2
    assert out_shapes(space, SHAPE) == ((1,), (2,))
    node = aw.root(space, SHAPE).choose(2).choose(3)
    assert node.path == (("glued.0.shrink.step", 2), ("glued.1.conv2d.filters", 3))
    leaf = node.choose(2).choose(1)
    assert leaf.architecture == Glued((Shrink(2), aw.conv2d(3, 1, stride=2)), aw.affine(1))
    assert [layer.place for layer in aw.layers(leaf.architecture, SHAPE)] == [
        "glued.0.shrink",
        "glued.1.conv2d",
        "glued.2.affine",
    ]
    assert leaf.architecture.parameters(SHAPE) == 3 + 3 * 4 + (2 * 3 * 4 * 4 + 1)
    with pytest.raises(
        DeadEnd, match=r"nothing fits at glued.2.affine after .*glued modules give \(3, 4, 4\) and \(3, 8"
    ):
        node.choose(1)
    (blocked,) = aw.dead_ends(space, SHAPE)
    assert blocked.place == "glued.2.affine"
    assert blocked.why == "glued modules give (3, 8, 8) and (3, 4, 4)"


def test_a_rewriting_module():
    """Its own hyperparameters come first; it is gone from the architecture."""
    space = Ladder(aw.conv2d(4, [1, 3]), width=[4, 8], rungs=[0, 2])
    assert aw.count(space) == aw.count(space, SHAPE) == 2 * (1 + 4)
    leaf = aw.root(space, SHAPE).choose(8).choose(2).choose(1).choose(3)
    assert [name for name, _ in leaf.path] == [
        "ladder.width",
        "ladder.rungs",
        "ladder.1.residual.conv2d.size",
        "ladder.2.residual.conv2d.size",
    ]
    layer = [aw.residual(aw.conv2d(4, size)) for size in (1, 3)]
    assert leaf.architecture == aw.sequential(aw.conv2d(8, 1), *layer)
    assert leaf.out_shape == (8, 8, 8)


def test_shared_hyperparameters_reach_modules_of_ones_own():
    """Before or after the built-in ones."""
    width = aw.shared("width", [2, 4])
    space = aw.sequential(Ladder(aw.relu(), width=width * 2, rungs=1), aw.conv2d(width, 1), Shrink(width))
    leaf = aw.root(space, SHAPE).choose(4)
    assert (leaf.path, leaf.out_shape) == ((("width", 4),), (4, 2, 2))


def test_they_are_searched_like_any_other():
    """Sampled, replayed and enumerated."""
    space = aw.repeat(aw.either(Shrink([1, 2]), Ladder(aw.relu(), [1, 2], [0, 1])), [1, 2])
    leaves = list(aw.enumerate_leaves(space, SHAPE))
    assert len(leaves) == aw.count(space, SHAPE) == 6 + 36
    leaf = aw.sample(aw.root(space, SHAPE), random.Random(0).random)
    assert aw.replay(space, SHAPE, leaf.path) == leaf
    assert leaf in leaves
