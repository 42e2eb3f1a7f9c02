"""The basic modules: shapes and parameters worked out by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import archwright as aw
from archwright.core.hyperparameter import InvalidHyperparameter
from archwright.core.modules.basic import FUNCTIONS, count_windows


@pytest.mark.parametrize(
    ("length", "size", "stride", "padding", "out"),
    [
        (32, 3, 1, "same", 32),
        (32, 3, 2, "same", 16),
        (5, 3, 2, "same", 3),  # ceil(5 / 2)
        (5, 1, 3, "same", 2),
        (2, 7, 1, "same", 2),  # a window larger than the axis is padded
        (1, 1, 5, "same", 1),
        (32, 3, 1, "valid", 30),
        (8, 3, 2, "valid", 3),  # ceil(6 / 2)
        (7, 3, 2, "valid", 3),  # ceil(5 / 2)
        (8, 2, 2, "valid", 4),
        (5, 5, 3, "valid", 1),
        (9, 2, 3, "valid", 3),  # ceil(8 / 3)
    ],
)
def test_windows_by_hand(length, size, stride, padding, out):
    """'same' gives ceil(length / stride), 'valid' ceil((length - size + 1) / stride)."""
    assert count_windows("conv2d", length, size, stride, padding) == out


@given(st.integers(1, 40), st.integers(1, 9), st.integers(1, 5), st.sampled_from(["same", "valid"]))
def test_windows_are_counted(length, size, stride, padding):
    """As many as there are window positions: with 'valid' inside the axis, with 'same' one for each stride begun."""
    if padding == "valid" and size > length:
        with pytest.raises(aw.Misfit):
            count_windows("conv2d", length, size, stride, padding)
    else:
        last = length if padding == "same" else length - size + 1
        assert count_windows("conv2d", length, size, stride, padding) == len(range(0, last, stride))


@pytest.mark.parametrize(
    ("module", "in_shape", "out_shape", "parameters"),
    [
        (aw.conv2d(16, 3), (3, 8, 8), (16, 8, 8), 16 * (3 * 9 + 1)),
        (aw.conv2d(16, 3, bias=False), (3, 8, 8), (16, 8, 8), 16 * 27),
        (aw.conv2d(16, 3, stride=2), (3, 7, 8), (16, 4, 4), 16 * 28),
        (aw.conv2d(16, 3, padding="valid"), (3, 8, 5), (16, 6, 3), 16 * 28),
        (aw.conv2d(6, 5, groups=3), (9, 8, 8), (6, 8, 8), 6 * (3 * 25 + 1)),
        (aw.conv2d(8, 3, groups=8), (8, 4, 4), (8, 4, 4), 8 * (9 + 1)),
        (aw.max_pool2d(), (3, 9, 8), (3, 4, 4), 0),
        (aw.max_pool2d(size=3, stride=2, padding="same"), (3, 9, 8), (3, 5, 4), 0),
        (aw.avg_pool2d(size=3, stride=1), (3, 9, 8), (3, 7, 6), 0),
        (aw.global_avg_pool(), (16, 8, 8), (16,), 0),
        (aw.affine(10), (64,), (10,), 650),
        (aw.affine(10, bias=False), (64,), (10,), 640),
        (aw.affine(10), (4, 3, 2), (10,), 250),  # inputs with several axes are flattened first
        (aw.flatten(), (4, 3, 2), (24,), 0),
        (aw.flatten(), (4,), (4,), 0),
        (aw.batch_norm(), (16, 8, 8), (16, 8, 8), 32),
        (aw.batch_norm(), (10,), (10,), 20),
        (aw.dropout(0.5), (10,), (10,), 0),
        (aw.relu(), (3, 8, 8), (3, 8, 8), 0),
        (aw.relu_conv_bn(3), (4, 7, 8), (4, 7, 8), 4 * (4 * 9 + 2)),
        (aw.relu_conv_bn(5, filters=6, stride=2), (4, 7, 8), (6, 4, 4), 6 * (4 * 25 + 2)),
        (aw.identity(), (3, 8, 8), (3, 8, 8), 0),
        (aw.settings(learning_rate=0.1), (3, 8, 8), (3, 8, 8), 0),
    ],
)
def test_shapes_and_parameters_by_hand(module, in_shape, out_shape, parameters):
    """As the formulas of the paper and its code give them."""
    assert module.out_shape(in_shape) == out_shape
    assert module.parameters(in_shape) == parameters


@pytest.mark.parametrize(
    ("module", "in_shape", "message"),
    [
        (aw.conv2d(8, 3), (64,), r"conv2d needs an input of shape \(channels, height, width\); it got \(64,\)"),
        (aw.global_avg_pool(), (64,), r"global_avg_pool needs an input of shape .* it got \(64,\)"),
        (aw.max_pool2d(size=3), (3, 2, 8), "max_pool2d with size 3 and padding 'valid' does not fit an axis of 2"),
        (aw.avg_pool2d(size=3), (3, 8, 2), "avg_pool2d with size 3 and padding 'valid' does not fit an axis of 2"),
        (aw.conv2d(8, 5, padding="valid"), (3, 8, 4), "conv2d with size 5 and padding 'valid' does not fit an axis of"),
        (aw.conv2d(8, 3, groups=2), (3, 8, 8), "conv2d with 2 groups cannot take 3 channels and 8 filters"),
        (aw.conv2d(9, 3, groups=2), (4, 8, 8), "conv2d with 2 groups cannot take 4 channels and 9 filters"),
    ],
)
def test_misfits(module, in_shape, message):
    """The error names the module, its values and the shape."""
    with pytest.raises(aw.Misfit, match=message):
        module.out_shape(in_shape)


def test_groups_that_divide_are_offered():
    """Of 1 to 6 groups, those that divide 4 channels and 12 filters."""
    node = aw.root(aw.conv2d(12, 3, groups=aw.integers(1, 6)), (4, 8, 8))
    assert list(node.choice.domain) == [1, 2, 4]


def test_filters_that_the_groups_divide_are_offered():
    """Of 4 to 9 filters, those in two groups."""
    node = aw.root(aw.conv2d(aw.integers(4, 9), 3, groups=2), (4, 8, 8))
    assert list(node.choice.domain) == [4, 6, 8]


def test_sizes_that_fit_are_offered():
    """With padding 'valid', windows no longer than the shorter axis."""
    node = aw.root(aw.conv2d(8, [1, 3, 5, 7], padding="valid"), (3, 8, 5))
    assert list(node.choice.domain) == [1, 3, 5]
    assert list(aw.root(aw.conv2d(8, [1, 3, 5, 7]), (3, 8, 5)).choice.domain) == [1, 3, 5, 7]


def test_an_order_of_asking_keeps_the_rest_possible():
    """Size 7 needs padding 'same': after it, the padding is not asked."""
    node = aw.root(aw.conv2d(8, [3, 7], padding=["same", "valid"]), (3, 5, 5))
    assert [value for _, value in node.choose(7).path] == [7]
    assert node.choose(7).architecture.padding == "same"
    assert list(node.choose(3).choice.domain) == ["same", "valid"]


def test_an_activation_is_known_by_its_function():
    """Options of either are named for it."""
    assert aw.relu().label == "relu"
    assert aw.activation(["relu", "gelu"]).label == "activation"
    assert aw.activation().function.options == FUNCTIONS


def test_settings_are_hyperparameters_under_names_of_ones_own():
    """Asked in the order in which they are written; those with one value are not asked."""
    space = aw.settings(optimizer=["adam", "sgd"], entries=3, learning_rate=aw.reals(1e-4, 1e-1, log=True))
    leaf = aw.root(space, (3,)).choose("sgd").choose(0.01)
    assert leaf.path == (("settings.optimizer", "sgd"), ("settings.learning_rate", 0.01))
    assert leaf.architecture == aw.settings(optimizer="sgd", entries=3, learning_rate=0.01)


@pytest.mark.parametrize("names", [["a", "a"], ["a.b"], [""]])
def test_names_of_settings_are_identifiers(names):
    """Each once, so that paths and tables can show them."""
    from archwright.core.modules.basic import Settings

    with pytest.raises(
        InvalidHyperparameter, match=r"the names of settings are .*; each must be an identifier, and un"
    ):
        Settings([(name, 1) for name in names])
