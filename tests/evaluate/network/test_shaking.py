"""Shake-Shake, ShakeDrop and the shortcut of shifted paths: their numbers on the way on and back, and on average."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

import archwright as aw
from archwright.core.wiring import SHAKES
from archwright.evaluate.network.compile import compile_architecture
from archwright.evaluate.network.shaking import ShakeDropModule, scale_by_gates, shake

MANY = 20_000  # samples of one batch: a mean of uniform numbers is then known to about 0.01


def draw_shares(merge, count, samples=MANY):
    """The shares of each source, (count, samples), on the way on and on the way back, as seen from outside."""
    torch.manual_seed(0)
    sources = [torch.zeros(samples, count, requires_grad=True) for _ in range(count)]
    with torch.no_grad():
        for i, source in enumerate(sources):
            source[:, i] = 1
    total = shake(sources, merge)
    total.sum().backward()
    return total.detach().T, torch.stack([source.grad[:, 0] for source in sources])


@pytest.mark.parametrize("merge", SHAKES)
@pytest.mark.parametrize("count", [2, 3, 5])
def test_shares_add_up_to_1_and_are_equal_on_average(merge, count):
    """Each sample has its own, and on the way back others, which have nothing to do with the first."""
    on, back = draw_shares(merge, count)
    for shares in (on, back):
        torch.testing.assert_close(shares.sum(0), torch.ones(MANY))
        torch.testing.assert_close(shares.mean(1), torch.full((count,), 1 / count), atol=0.01, rtol=0)
        assert shares.min() >= 0
        assert len(shares[0].unique()) > MANY / 2
    assert abs(torch.corrcoef(torch.stack([on[0], back[0]]))[0, 1]) < 0.05


def test_two_shares_are_uniform_and_those_of_the_softmax_are_not():
    """Shake-Shake's alpha is uniform on [0, 1]; the softmax of two numbers from 0 to 1 is 0.269 to 0.731."""
    on, _ = draw_shares("shake", 2)
    quantiles = torch.tensor([0.1, 0.25, 0.5, 0.75, 0.9])
    torch.testing.assert_close(on[0].quantile(quantiles), quantiles, atol=0.02, rtol=0)
    on, _ = draw_shares("shake_softmax", 2)
    assert 0.268 < on.min() < on.max() < 0.732


@pytest.mark.parametrize("merge", SHAKES)
def test_a_shaken_joint_is_the_mean_but_in_training(merge):
    """Its expected value, which evaluation has."""
    branches = aw.branches(aw.identity(), aw.activation("tanh"), aw.zero(), merge=merge)
    model = compile_architecture(branches, (3,), seed=0)
    x = torch.randn(4, 3)
    expected = (x + x.tanh()) / 3
    torch.testing.assert_close(model.eval()(x), expected)
    drawn = model.train()(x.repeat(MANY, 1)).reshape(MANY, 4, 3)
    assert drawn.std(0).min() > 0
    torch.testing.assert_close(drawn.mean(0), expected, atol=0.03, rtol=0)


def test_one_source_alone_is_not_shaken():
    model = compile_architecture(aw.branches(aw.identity(), merge="shake"), (3,), seed=0).train()
    x = torch.randn(4, 3)
    assert torch.equal(model(x), x)


@given(st.floats(0, 1), st.integers(0, 99))
@settings(max_examples=20)
def test_shake_drop_keeps_a_batch_or_shakes_each_sample(rate, seed):
    """One gate a batch; each sample then has a number of its own from [-1, 1], and its gradient one from [0, 1]."""
    torch.manual_seed(seed)
    x = torch.rand(64, 2, 3) + 0.5
    x.requires_grad_()
    y = ShakeDropModule(rate).train()(x)
    y.sum().backward()
    factors = (y / x).detach().flatten(1)
    torch.testing.assert_close(factors, factors[:, :1].expand(-1, 6))
    scales = x.grad.flatten(1)[:, 0]
    if torch.allclose(factors, torch.ones(())):
        assert rate < 1
        assert torch.equal(scales, torch.ones(64))
    else:
        assert rate > 0
        assert factors.min() < 0
        assert factors.abs().max() <= 1 + 1e-6
        assert 0 <= scales.min() < scales.max() <= 1
        assert not torch.allclose(scales, factors[:, 0])


def test_the_expected_value_of_shake_drop_is_that_of_evaluation():
    """1 - rate of the input, since the numbers from [-1, 1] are 0 on average; and 1 - rate / 2 of the gradient."""
    torch.manual_seed(0)
    module, x = ShakeDropModule(0.3), torch.ones(4, requires_grad=True)
    total = sum(module(x) for _ in range(4000)) / 4000
    total.sum().backward()
    torch.testing.assert_close(total.mean().item(), 0.7, atol=0.02, rtol=0)
    torch.testing.assert_close(x.grad.mean().item(), 0.85, atol=0.02, rtol=0)
    torch.testing.assert_close(module.eval()(x), torch.full((4,), 0.7))


def test_gates_scale_on_the_way_on_and_back_by_different_numbers():
    """Worked out by hand: 2 * 10 + 3 * 100, and gradients of 5 and 7 times that of the sum."""
    a, b = torch.full((1, 2), 10.0, requires_grad=True), torch.full((1, 2), 100.0, requires_grad=True)
    total = scale_by_gates([a, b], torch.tensor([[2.0], [3.0]]), torch.tensor([[5.0], [7.0]]))
    (total * torch.tensor([1.0, -1.0])).sum().backward()
    assert (total.tolist(), a.grad.tolist(), b.grad.tolist()) == ([[320.0, 320.0]], [[5.0, -5.0]], [[7.0, -7.0]])


@pytest.mark.parametrize("relu", ["both", "first"])
@pytest.mark.parametrize(("filters", "stride"), [(5, 2), (4, 1), (1, 2)])
def test_a_shortcut_sees_the_image_and_the_image_shifted_by_a_pixel(relu, filters, stride):
    """As it is written down: each path takes every second pixel, from the first on, and from the second on."""
    model = compile_architecture(aw.shortcut(filters, stride, relu=relu), (3, 5, 4), seed=0).eval()
    x = torch.randn(2, 3, 5, 4)
    first = x.relu()
    second = first if relu == "both" else x
    shifted = torch.zeros_like(x)
    shifted[:, :, :-1, :-1] = second[:, :, 1:, 1:]
    images = [image[:, :, ::stride, ::stride] for image in (first, shifted)]
    outputs = [functional.conv2d(image, path.weight) for image, path in zip(images, model.paths, strict=False)]
    torch.testing.assert_close(model(x), torch.cat(outputs, 1) / (1 + 1e-5) ** 0.5)


def test_convolutions_begin_with_the_variance_of_the_paper():
    """N(0, 2 / (k k filters)): a deviation of sqrt(2 / (9 * 64)) = 0.0589."""
    unit = compile_architecture(aw.relu_conv_bn(3, 64, initialization="he_fan_out"), (32, 4, 4), seed=0)
    assert unit[1].weight.std().item() == pytest.approx((2 / (9 * 64)) ** 0.5, rel=0.03)
    conv = compile_architecture(aw.conv2d(64, 3, initialization="he_fan_out"), (32, 4, 4), seed=0)
    assert conv.weight.std().item() == pytest.approx((2 / (9 * 64)) ** 0.5, rel=0.03)


def test_training_draws_from_the_global_generator():
    """So the same seed gives the same numbers, and a training that is continued goes on with them."""
    model = compile_architecture(aw.multi_branch_stage(4, 2, 3).expand(), (3, 4, 4), seed=0).train()
    x = torch.randn(4, 3, 4, 4)
    outputs = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        outputs.append(model(x))
    assert torch.equal(outputs[0], outputs[1])
    assert not torch.equal(outputs[0], outputs[2])
