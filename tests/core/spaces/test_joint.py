"""The joint space of Zela et al. (2018), its small form, and the baselines that go by a name."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

import archwright as aw
from archwright.core.spaces.named import SPACES

NAMES = ("joint", "joint-small", "joint-released")
TERMS = {name: aw.named_space(name) for name in NAMES}
ARCHITECTURE = [
    *(f"nr_residual_blocks_{i}" for i in (1, 2, 3)),
    "initial_filters",
    *(f"widen_factor_{i}" for i in (1, 2, 3)),
    *(f"res_branches_{i}" for i in (1, 2, 3)),
]
TRAINING = [
    f"training.settings.{name}"
    for name in ("learning_rate", "batch_size", "weight_decay", "momentum", "mixup", "cutout")
]
BASELINES = {"shake26-2x32d": 2_923_162, "shake26-2x64d": 11_653_978, "shake26-2x96d": 26_192_922}


def compute_parameters(choices, shape, classes=10):
    """The parameters of a network of the space, by its choices alone."""
    channels, length = shape[0], shape[1]
    width = choices["initial_filters"]
    total = 9 * channels * width + 2 * width
    for i, stride in ((1, 1), (2, 2), (3, 2)):
        before, width = width, round(width * choices[f"widen_factor_{i}"])
        blocks, branches = choices[f"nr_residual_blocks_{i}"], choices[f"res_branches_{i}"]
        first = 9 * width * (before + width) + 4 * width
        other = 18 * width**2 + 4 * width
        total += branches * (first + (blocks - 1) * other)
        after = -(-length // stride)
        if width != before or after != length:
            total += width * (before + 2)
        length = after
    return total + classes * (width + 1)


def test_the_formula_is_right_for_one_that_was_worked_out_by_hand():
    """Widths of 8, one block of one branch in each stage, for 3x32x32 and 10 classes.

    Stem 3 * 9 * 8 + 16 = 232; a branch 2 * 9 * 8 * 8 + 32 = 1,184; stages 2 and 3 each a shortcut of
    8 * 8 + 16 = 80; head 90.
    """
    choices = dict.fromkeys(ARCHITECTURE, 1) | {"initial_filters": 8}
    assert 232 + 3 * 1_184 + 2 * 80 + 90 == 4_034
    assert compute_parameters(choices, (3, 32, 32)) == 4_034
    node = aw.root(TERMS["joint"], (3, 32, 32))
    while node.choice:
        node = node.choose(choices.get(node.choice.name, node.choice.domain.from_unit(0.5)))
    assert node.architecture.parameters((3, 32, 32)) == 4_034


@given(st.sampled_from(NAMES), st.integers(0, 2**16))
def test_every_network_has_the_parameters_of_the_formula(name, seed):
    """And is in the space, by the path that led to it; JSON both ways is the identity."""
    space, shape = TERMS[name], SPACES[name].input_shape
    leaf = aw.sample(aw.root(space, shape), random.Random(seed).random)
    choices = dict(leaf.path)
    assert leaf.out_shape == (10,)
    assert leaf.architecture.parameters(shape) == compute_parameters(choices, shape)
    assert aw.path_of(space, shape, leaf.architecture) == leaf.path
    assert aw.from_json(aw.to_json(leaf.architecture)) == leaf.architecture
    names = [each for each, _ in leaf.path]
    is_dropped = 1 in [choices[f"res_branches_{i}"] for i in (1, 2, 3)]
    if name == "joint-released":
        assert names == [*ARCHITECTURE, "death_rate", *TRAINING]
    else:
        assert names == [*ARCHITECTURE, *TRAINING, *(["death_rate"] if is_dropped else [])]


def test_the_space_has_the_17_hyperparameters_of_the_paper():
    """With their ranges; the depth of a network is that of its longest way."""
    shared = {each.name: str(each.domain) for each in TERMS["joint"].plan.shared}
    assert shared == {
        **{f"nr_residual_blocks_{i}": "[1 .. 16 log]" for i in (1, 2, 3)},
        "initial_filters": "[8 .. 32 log]",
        "widen_factor_1": "[0.5, 8 log]",
        "widen_factor_2": "[0.5, 4 log]",
        "widen_factor_3": "[0.5, 4 log]",
        **{f"res_branches_{i}": "[1 .. 5]" for i in (1, 2, 3)},
        "death_rate": "[0, 1]",
    }
    training = {name: str(slot) for name, slot in TERMS["joint"].children[1].entries}
    assert training == {
        "recipe": "joint",
        "learning_rate": "[0.001, 1 log]",
        "batch_size": "[32 .. 128 log]",
        "weight_decay": "[1e-05, 0.001 log]",
        "momentum": "[0.001, 0.99]",
        "mixup": "[0, 1]",
        "cutout": "[0 .. 20]",
    }
    assert len(shared) + len(training) - 1 == 17


@pytest.mark.parametrize("name", NAMES)
def test_json_of_the_space_is_the_space(name):
    assert aw.from_json(aw.to_json(TERMS[name])) == TERMS[name]
    assert aw.count(TERMS[name], SPACES[name].input_shape) == float("inf")


def test_the_small_space_has_no_dead_end():
    aw.check(TERMS["joint-small"], SPACES["joint-small"].input_shape, 10)


def test_death_rate_is_one_value_for_the_whole_network():
    """Asked for last, once, and in each block of a stage with one branch."""
    node = aw.root(TERMS["joint"], (3, 32, 32))
    wanted = {"res_branches_1": 2, "res_branches_2": 1, "res_branches_3": 1, "death_rate": 0.375}
    wanted |= {f"nr_residual_blocks_{i}": 2 for i in (1, 2, 3)}
    while node.choice:
        node = node.choose(wanted.get(node.choice.name, node.choice.domain.from_unit(0.1)))
    assert node.path[-1] == ("death_rate", 0.375)
    assert str(node.architecture).count("shake_drop(rate=0.375)") == 4


@pytest.mark.parametrize("name", BASELINES)
def test_the_baselines_are_architectures_of_the_space(name):
    """Of the size that the paper has, 2.9, 11.7 and 26.2 million, and of depth 26: 3 stages of 4 blocks of 2, and 2."""
    architecture = aw.named_space(name)
    path = dict(aw.path_of(TERMS["joint"], (3, 32, 32), architecture))
    assert architecture.parameters((3, 32, 32)) == BASELINES[name] == compute_parameters(path, (3, 32, 32))
    assert sum(2 * path[f"nr_residual_blocks_{i}"] for i in (1, 2, 3)) + 2 == 26
    assert path["initial_filters"] * path["widen_factor_1"] == int(name.removeprefix("shake26-2x").removesuffix("d"))


def test_resnet18_has_the_size_of_the_paper():
    """11.2 million: 64 * 27 + 128 in the stem, then stages of 147,968, 525,568, 2,099,712 and 8,393,728, and 5,130."""
    assert aw.named_space("resnet18").parameters((3, 32, 32)) == 1_856 + 11_166_976 + 5_130 == 11_173_962
