"""A term that a let chooses once and places stand for: what runs is what one would write by hand."""

import random

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import archwright as aw

SHAPE = (2, 8, 8)
BLOCK = aw.sequential(
    aw.either(aw.relu(), aw.activation("tanh")), aw.residual(aw.conv2d([2, 3], [1, 3])), aw.optional(aw.batch_norm())
)
UNIT = aw.cell(
    [(0, 1), (0, 2), (1, 2)],
    none=aw.zero(),
    skip=aw.identity(),
    conv=aw.relu_conv_bn(3),
    pool=aw.avg_pool2d(3, 1, "same"),
)


def choose_alike(*spaces: aw.Term, seed: int) -> list[aw.Term]:
    """An architecture of each space, by the same values in the order of asking."""
    leaf = aw.sample(aw.root(spaces[0], SHAPE), random.Random(seed).random)
    values, architectures = [value for _, value in leaf.path], [leaf.architecture]
    for space in spaces[1:]:
        node = aw.root(space, SHAPE)
        for value in values:
            node = node.choose(value)
        architectures.append(node.architecture)
    return architectures


def run(model: nn.Module, images: torch.Tensor) -> list[torch.Tensor]:
    """The output, and the gradient of its mean square by each parameter; none where it is all zeros."""
    out = model.train()(images)
    if out.requires_grad:
        out.square().mean().backward()
    return [out.detach(), *(parameter.grad for parameter in model.parameters() if parameter.grad is not None)]


@pytest.mark.parametrize("term", [BLOCK, UNIT], ids=["block", "cell"])
@given(seed=st.integers(0, 99), copies=st.integers(2, 3))
def test_places_in_a_chain_are_tied_copies(term, seed, copies):
    """As `repeat_tied` has them: chosen once, with weights of their own, and to the last bit the same."""
    placed = aw.let(inside=aw.sequential(*[aw.place("unit")] * copies), unit=term)
    tied = aw.repeat_tied(term, copies)
    architectures = choose_alike(placed, tied, seed=seed)
    images = torch.randn(4, *SHAPE, generator=torch.Generator().manual_seed(seed))
    models = [aw.compile(architecture, SHAPE, seed=seed) for architecture in architectures]
    for ours, theirs in zip(*(run(model, images) for model in models), strict=True):
        assert torch.equal(ours, theirs)
    assert architectures[0].parameters(SHAPE) == architectures[1].parameters(SHAPE)


@given(seed=st.integers(0, 99))
def test_places_at_several_shapes_are_what_is_written_there(seed):
    """Inside other modules, after a pooling, and beside one another, each with weights of its own."""

    def write(a: aw.Term, b: aw.Term, c: aw.Term, d: aw.Term) -> aw.Term:
        return aw.sequential(
            a, aw.max_pool2d(), aw.residual(b), aw.branches(c, d, merge="concatenate"), aw.flatten(), aw.affine(3)
        )

    placed = aw.let(inside=write(*[aw.place("unit")] * 4), unit=BLOCK)
    (architecture,) = choose_alike(placed, seed=seed)
    unit = architecture.subterms[0]
    by_hand = write(unit, unit, unit, unit)
    assert aw.drop_names(architecture) == aw.drop_names(by_hand)
    images = torch.randn(4, *SHAPE, generator=torch.Generator().manual_seed(seed))
    models = [aw.compile(each, SHAPE, seed=seed) for each in (architecture, by_hand)]
    for ours, theirs in zip(*(run(model, images) for model in models), strict=True):
        assert torch.equal(ours, theirs)


def test_each_place_has_weights_of_its_own():
    """Written in torch: two convolutions that are trained apart."""
    placed = aw.let(inside=aw.sequential(aw.place("conv"), aw.relu(), aw.place("conv")), conv=aw.conv2d([2], [3, 5]))
    architecture = aw.root(placed, SHAPE).choose(3).architecture
    model = aw.compile(architecture, SHAPE, seed=1)
    first, second = (layer for layer in model.modules() if isinstance(layer, nn.Conv2d))
    assert not torch.equal(first.weight, second.weight)
    images = torch.randn(3, *SHAPE, generator=torch.Generator().manual_seed(2))
    by_hand = torch.conv2d(
        torch.conv2d(images, first.weight, first.bias, padding=1).relu(), second.weight, second.bias, padding=1
    )
    assert torch.equal(model.eval()(images), by_hand)
    second.weight.data.zero_()
    assert first.weight.abs().sum() > 0
    assert len({id(parameter) for parameter in model.parameters()}) == 4
