"""The built-in spaces by name: they can be searched, and are as large as published."""

import math
import random

import pytest

import archwright as aw
from archwright.core.spaces.named import SPACES, UnknownSpace


@pytest.mark.parametrize("name", SPACES)
def test_every_built_in_space_can_be_searched(name):
    """It has no dead ends and an output for each class, but where it is that of a table, and is read from its JSON."""
    classes = 1 if name in ("lcbench", "taskset") else 7
    space, shape = aw.named_space(name, classes=classes), SPACES[name].input_shape
    aw.check(space, shape, classes=classes)
    assert aw.from_json(aw.to_json(space)) == space
    for seed in range(5):
        leaf = aw.sample(aw.root(space, shape), random.Random(seed).random)
        assert leaf.out_shape == (classes,)
        assert aw.replay(space, shape, leaf.path) == leaf


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("figure1", 24),  # 2 filters * 2 sizes * 2 orders * (1 + 2 dropouts)
        ("tfref", 2_025),  # 15 * 15 * 3 * 3
        ("deeparchitect", 60_466_176 * 4_096),  # architectures * training settings
        ("nasbench201", 15_625),  # 5 operations on 6 edges
        ("fcnet", 62_208),
        ("digits", math.inf),
    ],
)
def test_sizes(name, size):
    """As published, with an input shape and without."""
    assert aw.count(aw.named_space(name)) == size
    assert aw.count(aw.named_space(name), SPACES[name].input_shape) == size


def test_an_unknown_space():
    """The error suggests similar names, or lists all of them."""
    with pytest.raises(
        UnknownSpace, match=r"^there is no built-in space 'deeparchitekt'; did you mean deeparchitect\?$"
    ):
        aw.named_space("deeparchitekt")
    with pytest.raises(
        UnknownSpace, match="there is no built-in space 'zzz'; there are: deeparchitect, digits, fcnet, "
    ):
        aw.named_space("zzz")
    with pytest.raises(LookupError):
        aw.named_space("")
