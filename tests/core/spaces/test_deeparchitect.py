"""The spaces of DeepArchitect, against what the paper says of them."""

import math

import pytest

import archwright as aw
from archwright.core.spaces.deeparchitect import paper_settings


def test_the_experimental_space_is_a_product():
    """247,669,456,896 models: (18 * 432) ** 2 architectures and 2 * 32 * 8 * 8 settings."""
    assert aw.count(paper_settings()) == 2 * 32 * 8 * 8 == 4_096
    block = 6 * 6 * 2 * 2 * 3
    assert aw.count(aw.named_space("deeparchitect")) == (18 * block) ** 2 * 4_096 == 247_669_456_896


def test_the_residual_space_is_as_large_as_published():
    """About 10 ** 68: each layer 18 * 2, tied 1, 2 or 4 times; and a reduction of 6 * 3 * 3; and dropout 1 + 2."""
    unit = (3 * 18 * 2) * (6 * 3 * 3) * 3
    stage = unit + unit**2 + unit**4 + unit**8
    assert aw.count(aw.named_space("resnet")) == stage * (1 + 2 * stage)
    assert round(math.log10(stage * (1 + 2 * stage))) == 68


def test_figure_1_has_its_24_leaves():
    """One of them: 64 filters of 3 x 3, batch normalisation first, no dropout; paths differ in length."""
    leaves = list(aw.enumerate_leaves(aw.named_space("figure1"), (3, 32, 32)))
    assert len(leaves) == len({leaf.path for leaf in leaves}) == 24
    assert {len(leaf.path) for leaf in leaves} == {4, 5}
    path = (
        ("0.conv2d.filters", 64),
        ("0.conv2d.size", 3),
        ("1.either.option", "batch_norm_then_relu"),
        ("2.either.option", "identity"),
    )
    assert path in {leaf.path for leaf in leaves}


def test_the_deepest_model_of_the_experimental_space():
    """2 + 2 * 32 = 66 convolutions and an affine layer."""
    node = aw.root(aw.named_space("deeparchitect"), (3, 32, 32))
    while not node.is_leaf:
        node = node.choose(node.choice.domain.from_unit(1.0))
    kinds = [layer.module.kind for layer in aw.layers(node.architecture, (3, 32, 32))]
    assert (kinds.count("conv2d"), kinds.count("affine")) == (66, 1)


def test_settings_of_the_paper():
    """32 rates from 1e-2 down to 1e-7 in equal ratios, 8 factors from 1e-2 up to 0.9, patience 4, 8 .. 32."""
    hyperparameters = dict(paper_settings().hyperparameters)
    rates = hyperparameters["lr_init"].options
    assert (len(rates), rates[0], rates[-1]) == (32, 1e-2, pytest.approx(1e-7))
    assert rates[1] / rates[0] == pytest.approx(rates[-1] / rates[-2])
    factors = hyperparameters["rate_mult"].options
    assert (len(factors), factors[0], factors[-1]) == (8, 1e-2, pytest.approx(0.9))
    assert hyperparameters["rate_patience"].options == (4, 8, 12, 16, 20, 24, 28, 32)


def test_the_second_block_doubles_the_filters():
    """As the released code and figure 8 do, though figure 7 does not."""
    leaf = aw.sample(aw.root(aw.named_space("deeparchitect"), (3, 32, 32)), lambda: 0.0)
    filters = [layer.module.filters for layer in aw.layers(leaf.architecture, (3, 32, 32)) if "conv2d" in layer.place]
    assert filters == [48, 48, 48, 96]
