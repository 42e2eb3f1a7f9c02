"""Whether a person's kind of module has as many parameters as it says."""

import math
from collections.abc import Callable, Iterator, Mapping
from functools import singledispatch

import torch
from torch import nn

from archwright.core.architecture import require_specified
from archwright.core.claims import says
from archwright.core.errors import ArchwrightError
from archwright.core.modules import basic, composite
from archwright.core.modules.graphs import Topology
from archwright.core.shape import Shape
from archwright.core.spaces.nasbench201 import Nasbench201Network
from archwright.core.term import Composite, Term
from archwright.evaluate.network import layers


class WrongSize(ArchwrightError, ValueError):
    """A module with another number of parameters than its kind says."""


def sizes(model: nn.Module) -> tuple[int, int]:
    """How many parameters a model has: all, and those that training changes."""
    counts = [(p.numel(), p.requires_grad) for p in model.parameters()]
    return sum(n for n, _ in counts), sum(n for n, is_trained in counts if is_trained)


def require_size(
    architecture: Term, in_shape: Shape, model: nn.Module, build: Callable[[Term, Shape], nn.Module]
) -> None:
    """WrongSize for the first kind of a person's own whose module has another number than its `parameters` gives.

    Kinds that have no method `parameters` say nothing. `build` makes the module of a term; it draws weights.
    """
    if architecture.parameters(in_shape) in sizes(model):
        return
    for term, shape in _own(architecture, in_shape):
        module = build(term, shape)
        module.eval()(torch.zeros(2, *shape))  # lazy layers know their size from then on
        whole, trained = sizes(module)
        said = term.parameters(shape)
        if said not in (whole, trained):
            of = f"{whole:,}" if whole == trained else f"{whole:,}, of which {trained:,} are trained"
            raise WrongSize(
                f"{term.kind} says by parameters that it has {said:,} of them for an input of shape {shape}, and its "
                f"module has {of}; make them agree"
            )


def _own(term: Term, in_shape: Shape) -> Iterator[tuple[Term, Shape]]:
    """The modules whose kinds are a person's own and say how large they are, inner ones first."""
    if isinstance(term, Composite):
        for _, inside, shape, _ in term.runs(in_shape):
            yield from _own(inside, shape)
    if says(type(term), "parameters"):
        yield term, in_shape


ACTIVATIONS: Mapping[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "relu6": nn.ReLU6,
    "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "selu": nn.SELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "mish": nn.Mish,
    "hardswish": nn.Hardswish,
    "softplus": nn.Softplus,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
}


class NotCompilable(ArchwrightError, TypeError):
    """A kind of module that does not say how it is compiled."""


class WrongShape(ArchwrightError, ValueError):
    """A module whose output has another shape than its kind says."""


def compiled(architecture: Term, in_shape: Shape, seed: int, initialization: str = "own") -> nn.Module:
    """The torch module of an architecture for inputs of (batch, *in_shape), with weights drawn from `seed`.

    `initialization` is "own", as each module says itself, or a rule for every convolution and affine layer in it.
    It has been run once, to see that its output has the inferred shape, and its parameters have been counted. Torch's
    global generator stays as it was. Raises Misfit, NotSpecified, NotCompilable, WrongShape, WrongSize, and whatever a
    person's own kinds raise.
    """
    require_specified(architecture)
    expected = architecture.out_shape(in_shape)
    with torch.random.fork_rng(devices=[]), torch.no_grad():  # on the CPU, so that it draws the same for any device
        torch.default_generator.manual_seed(seed)
        model = build(architecture, in_shape)
        for layer in model.modules():
            if initialization != "own" and isinstance(layer, nn.Conv2d | nn.Linear):
                initialized(layer, initialization)
        found = tuple(model.eval()(torch.randn(2, *in_shape)).shape)
        require_size(architecture, in_shape, model, build)
    if found != (2, *expected):
        raise WrongShape(
            f"{architecture.kind} gives the shape {found[1:]} when run, and {expected} by out_shape; make them agree"
        )
    return model


@singledispatch
def build(term: Term, in_shape: Shape) -> nn.Module:
    """The torch module of a specified term, newly initialised from torch's global generator.

    A kind of a person's own has a method `compile(in_shape)` that gives it; it does the importing of torch.
    """
    own = getattr(term, "compile", None)
    if own is None:
        raise NotCompilable(
            f"{term.kind} has no torch module; give its class a method compile(self, in_shape) that returns one"
        )
    return own(in_shape)


@build.register
def _(term: basic.Affine, in_shape: Shape) -> nn.Module:
    linear = initialized(nn.Linear(math.prod(in_shape), term.units, bias=term.bias), str(term.initialization))
    return linear if len(in_shape) == 1 else nn.Sequential(nn.Flatten(), linear)


@build.register
def _(term: basic.Conv2d, in_shape: Shape) -> nn.Module:
    own, around = _margins(term, in_shape)
    convolution = nn.Conv2d(in_shape[0], term.filters, term.size, term.stride, own, groups=term.groups, bias=term.bias)
    return layers.surrounded(around, initialized(convolution, str(term.initialization)))


@torch.no_grad()
def initialized(layer: nn.Linear | nn.Conv2d, rule: str) -> nn.Module:
    """`layer` with weights drawn anew: "he" has the variance 2/fan-in; "released" is DeepArchitect's code's rule."""
    weight = layer.weight
    if rule == "he":
        weight.normal_(std=math.sqrt(2 / weight[0].numel()))
    elif isinstance(layer, nn.Conv2d):  # it divides by all four axes of the filters, so that it starts far smaller
        weight.normal_(std=math.sqrt(2 / weight.numel()))
    else:  # Glorot and Bengio 2010
        bound = math.sqrt(6 / (layer.in_features + layer.out_features))
        weight.uniform_(-bound, bound)
    if layer.bias is not None:
        layer.bias.zero_()
    return layer


@build.register
def _(term: basic.MaxPool2d, in_shape: Shape) -> nn.Module:
    own, around = _margins(term, in_shape)
    return layers.surrounded(around, nn.MaxPool2d(term.size, term.stride, own), -math.inf)


@build.register
def _(term: basic.AvgPool2d, in_shape: Shape) -> nn.Module:
    own, around = _margins(term, in_shape)
    if any(around):
        return layers.UnevenAvgPool(in_shape, term.size, term.stride, around)
    return nn.AvgPool2d(term.size, term.stride, own, count_include_pad=False)


def _margins(
    term: basic.Conv2d | basic.MaxPool2d | basic.AvgPool2d, in_shape: Shape
) -> tuple[tuple[int, int], layers.Margins]:
    return layers.shared_out(layers.margins(in_shape, term.size, term.stride, term.padding))


@build.register
def _(_: basic.GlobalAvgPool, __: Shape) -> nn.Module:
    return layers.GlobalAvgPool()


@build.register
def _(_: basic.BatchNorm, in_shape: Shape) -> nn.Module:
    # torch's momentum is the weight of the new value: 0.1 keeps 0.9 of the old one.
    return (nn.BatchNorm2d if len(in_shape) == 3 else nn.BatchNorm1d)(in_shape[0], momentum=0.1)


@build.register
def _(term: basic.Dropout, _: Shape) -> nn.Module:
    return nn.Dropout(term.rate)


@build.register
def _(term: basic.Activation, _: Shape) -> nn.Module:
    return ACTIVATIONS[term.function]()


@build.register
def _(_: basic.Flatten, __: Shape) -> nn.Module:
    return nn.Flatten()


@build.register(basic.Identity)
@build.register(basic.Settings)
def _(_: Term, __: Shape) -> nn.Module:
    return nn.Identity()


@build.register(composite.Sequential)
@build.register(composite.RepeatTied)
def _(term: composite.Sequential | composite.RepeatTied, in_shape: Shape) -> nn.Module:
    return nn.Sequential(*(build(inside, shape) for _, inside, shape, _ in term.runs(in_shape)))


@build.register
def _(term: composite.Residual, in_shape: Shape) -> nn.Module:
    return layers.Residual(build(term.body, in_shape))


@build.register
def _(term: composite.Branches, in_shape: Shape) -> nn.Module:
    return layers.Branches((build(branch, in_shape) for branch in term.children), term.merging)


@build.register
def _(_: basic.Zero, __: Shape) -> nn.Module:
    return layers.Zero()


@build.register
def _(term: basic.ReluConvBn, in_shape: Shape) -> nn.Module:
    return layers.relu_conv_bn(in_shape[0], in_shape[0], term.size)


@build.register
def _(term: Topology, in_shape: Shape) -> nn.Module:
    return layers.Topology(term.edges, (build(inside, shape) for _, inside, shape, _ in term.runs(in_shape)))


@build.register
def _(term: Nasbench201Network, in_shape: Shape) -> nn.Module:
    shapes = term.stages(in_shape)
    stages = (nn.Sequential(*(build(term.cell, shape) for _ in range(term.cells))) for shape in shapes)
    return layers.network(in_shape[0], [channels for channels, *_ in shapes], stages, term.classes)
