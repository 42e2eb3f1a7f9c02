"""How many choices the longest path of a space has."""

import pytest

import archwright as aw
from archwright.core.path_lengths import count_longest_path
from archwright.core.spaces.named import SPACES


@pytest.mark.parametrize("name", ["figure1", "tfref"])
def test_depth_is_that_of_the_longest_path(name):
    space = SPACES[name].build(10)
    assert count_longest_path(space) == max(
        len(leaf.path) for leaf in aw.enumerate_leaves(space, SPACES[name].input_shape)
    )


def test_depth_counts_a_shared_hyperparameter_once():
    width = aw.shared("width", [8, 16])
    space = aw.sequential(aw.affine(units=width), aw.affine(units=width * 2), aw.repeat(aw.dropout(rate=[0.1, 0.2]), 3))
    assert count_longest_path(space) == 4
