"""Compiling: the torch module of an architecture, with drawn weights and the shape and size that its term says."""

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import singledispatch
from typing import cast

import torch
from torch import nn

from archwright.core.architecture import require_specified
from archwright.core.errors import ArchwrightError
from archwright.core.input import Input, as_input
from archwright.core.modules import basic, composite
from archwright.core.modules.asking import Ask
from archwright.core.modules.multibranch import ShakeDrop, Shortcut
from archwright.core.shape import Misfit, Shape, TupleShape, format_shape
from archwright.core.term import Composite, Term
from archwright.core.user_modules import overrides
from archwright.core.wired_shapes import find_wiring
from archwright.evaluate.network import layers, shaking
from archwright.evaluate.network.example import draw_example
from archwright.evaluate.network.wired import connect

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


class WrongElements(ArchwrightError, TypeError):
    """A model of floats for an input of integers, or the other way about."""


class VocabularyTooLarge(ArchwrightError, ValueError):
    """An input with more different tokens than the model takes."""


class WrongSize(ArchwrightError, ValueError):
    """A module with another number of parameters than its kind says."""


def compile_architecture(
    architecture: Term, in_shape: Input | Iterable[int], seed: int, initialization: str = "own"
) -> nn.Module:
    """The torch module of an architecture for a batch of such inputs, or of that shape, with weights from `seed`.

    `initialization` is "own", as each module says itself, or a rule for every convolution and affine layer in it. The
    module has been run once on an example, to check that its output has the inferred shape, and its parameters have
    been counted. Torch's global generator stays as it was. Raises Misfit, NotSpecified, NotCompilable, WrongElements,
    VocabularyTooLarge, WrongShape, WrongSize, and whatever a person's own kinds raise.
    """
    model_input = as_input(in_shape)
    require_specified(architecture)
    expected = architecture.out_shape(model_input.shape)
    if isinstance(expected, TupleShape):
        outputs = format_shape(expected)
        raise Misfit(
            f"{architecture.kind} gives outputs side by side, {outputs}; a model gives one: select or merge them"
        )
    with torch.random.fork_rng(devices=[]), torch.no_grad():  # on the CPU, so that it draws the same for any device
        torch.default_generator.manual_seed(seed)
        model = build(architecture, model_input.shape)
        for layer in model.modules():
            if initialization != "own" and isinstance(layer, nn.Conv2d | nn.Linear):
                initialize_weights(layer, initialization)
        actual = tuple(_run_on_example(architecture, model.eval(), model_input).shape)
        _require_size(architecture, model_input, model)
    if actual != (2, *expected):
        raise WrongShape(
            f"{architecture.kind} gives the shape {actual[1:]} when run, and {expected} by out_shape; make them agree"
        )
    return model


def _run_on_example(architecture: Term, model: nn.Module, model_input: Input) -> torch.Tensor:
    """What the model gives for an example, which is drawn from torch's global generator.

    An example of tokens has the last one of the vocabulary. Raises WrongElements and VocabularyTooLarge where those are
    why the model cannot be run on it, and else whatever the model raises.
    """
    example = draw_example(model_input, 2, torch.default_generator)
    if model_input.vocabulary is not None:
        example.view(-1)[-1] = model_input.vocabulary - 1
    try:
        return model(example)
    except IndexError as error:
        if model_input.vocabulary is None or not _can_run(model, torch.zeros_like(example)):
            raise
        raise VocabularyTooLarge(
            f"{architecture.kind} takes fewer different tokens than the vocabulary of {model_input.vocabulary} of the "
            f"input {model_input}; make its embedding larger, or the vocabulary smaller"
        ) from error
    except RuntimeError as error:
        if example.is_floating_point() and _can_run(model, torch.zeros_like(example, dtype=torch.int64)):
            raise WrongElements(
                f"{architecture.kind} takes integers, and the input {model_input} has floats; say that it is tokens, "
                "as in aw.tokens(50, 20), vocabulary and length"
            ) from error
        if not example.is_floating_point() and _can_run(model, example.float()):
            raise WrongElements(
                f"{architecture.kind} takes floats, and the input {model_input} has integers; let it begin with an "
                "embedding, a kind of module of your own that compiles to torch.nn.Embedding"
            ) from error
        raise


def _can_run(model: nn.Module, example: torch.Tensor) -> bool:
    with suppress(Exception):
        model(example)
        return True
    return False


@torch.no_grad()
def initialize_weights(layer: nn.Linear | nn.Conv2d, rule: str) -> nn.Module:
    """`layer`, its weights drawn anew from torch's global generator and its bias 0.

    "he" is a normal distribution of variance 2 / fan-in, "he_fan_out" one of 2 / fan-out (He et al. 2015), "released"
    the rule of DeepArchitect's code; "torch" leaves what torch has drawn.
    """
    if rule == "torch":
        return layer
    weight = layer.weight
    if rule == "he":
        weight.normal_(std=math.sqrt(2 / weight[0].numel()))
    elif rule == "he_fan_out":
        weight.normal_(std=math.sqrt(2 / (len(weight) * weight[0, 0].numel())))
    elif isinstance(layer, nn.Conv2d):  # divided by the size of all filters, not of one: far smaller weights
        weight.normal_(std=math.sqrt(2 / weight.numel()))
    else:  # Glorot and Bengio 2010
        bound = math.sqrt(6 / (layer.in_features + layer.out_features))
        weight.uniform_(-bound, bound)
    if layer.bias is not None:
        layer.bias.zero_()
    return layer


def count_parameters(model: nn.Module) -> int:
    """How many parameters the model has, frozen ones included."""
    return sum(p.numel() for p in model.parameters())


def count_trainable_parameters(model: nn.Module) -> int:
    """How many parameters of the model are trained."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def _require_size(architecture: Term, model_input: Input, model: nn.Module) -> None:
    """Raises WrongSize for the first kind of a person's own whose module has another size than its `parameters` says.

    A kind without a method `parameters` says nothing. Each kind is built anew for it, which draws weights.
    """
    if architecture.parameters(model_input.shape) in (count_parameters(model), count_trainable_parameters(model)):
        return
    for term, shape in _iterate_sized_kinds(architecture, model_input.shape):
        module = build(term, shape)
        _run_on_zeros(module, shape, model_input)  # lazy layers know their size from then on
        total, trainable = count_parameters(module), count_trainable_parameters(module)
        declared = term.parameters(shape)
        if declared not in (total, trainable):
            actual = f"{total:,}" if total == trainable else f"{total:,}, of which {trainable:,} are trained"
            raise WrongSize(
                f"{term.kind} says by parameters that it has {declared:,} of them for an input of shape {shape}, and "
                f"its module has {actual}; make them agree"
            )


def _run_on_zeros(module: nn.Module, shape: Shape, model_input: Input) -> None:
    """Runs a part of a model once. Only what takes the model's own input may get its type, if that is no float."""
    if isinstance(shape, TupleShape):
        module.eval()(tuple(torch.zeros(2, *each) for each in shape.shapes))
        return
    zeros = torch.zeros(2, *shape)
    if shape == model_input.shape and model_input.element_type != "float32":
        with suppress(RuntimeError):  # it is a later part, which gets floats of that shape
            module.eval()(zeros.to(getattr(torch, model_input.element_type)))
            return
    module.eval()(zeros)


def _iterate_sized_kinds(term: Term, in_shape: Shape) -> Iterator[tuple[Term, Shape]]:
    """The terms whose kinds are a person's own and say how large they are, with input shapes, inner ones first."""
    if isinstance(term, Composite):
        for _, child, shape, _ in term.iterate_calls(in_shape):
            yield from _iterate_sized_kinds(child, shape)
    if overrides(type(term), "parameters"):
        yield term, in_shape


@singledispatch
def build(term: Term, in_shape: Shape) -> nn.Module:
    """The torch module of a specified term, its weights drawn from torch's global generator.

    A kind of a person's own has a method `compile(in_shape)` that returns the module, and imports torch itself; a
    composite needs none where it has a wiring. Raises NotCompilable where it has neither.
    """
    return _compile_user_kind(term, in_shape)


def _compile_user_kind(term: Term, in_shape: Shape) -> nn.Module:
    compile_term = getattr(term, "compile", None)
    if compile_term is None:
        raise NotCompilable(
            f"{term.kind} has no torch module; give its class a method compile(self, in_shape) that returns one"
        )
    return compile_term(in_shape)


@build.register
def _(term: basic.Affine, in_shape: Shape) -> nn.Module:
    linear = initialize_weights(nn.Linear(math.prod(in_shape), term.units, bias=term.bias), str(term.initialization))
    return linear if len(in_shape) == 1 else nn.Sequential(nn.Flatten(), linear)


@build.register
def _(term: basic.Conv2d, in_shape: Shape) -> nn.Module:
    own_padding, outer_padding = _compute_padding(term, in_shape)
    channels, window = in_shape[0], (term.size, term.stride, own_padding)
    convolution = nn.Conv2d(channels, term.filters, *window, groups=term.groups, bias=term.bias)
    return layers.prepend_padding(outer_padding, initialize_weights(convolution, str(term.initialization)))


@build.register
def _(term: basic.MaxPool2d, in_shape: Shape) -> nn.Module:
    own_padding, outer_padding = _compute_padding(term, in_shape)
    return layers.prepend_padding(outer_padding, nn.MaxPool2d(term.size, term.stride, own_padding), -math.inf)


@build.register
def _(term: basic.AvgPool2d, in_shape: Shape) -> nn.Module:
    own_padding, outer_padding = _compute_padding(term, in_shape)
    if any(outer_padding):
        return layers.UnevenAvgPool2d(in_shape, term.size, term.stride, outer_padding)
    return nn.AvgPool2d(term.size, term.stride, own_padding, count_include_pad=False)


def _compute_padding(
    term: basic.Conv2d | basic.MaxPool2d | basic.AvgPool2d, in_shape: Shape
) -> tuple[tuple[int, int], layers.Padding2d]:
    return layers.compute_padding(in_shape, term.size, term.stride, term.padding)


@build.register
def _(_: basic.GlobalAvgPool, __: Shape) -> nn.Module:
    return layers.GlobalAvgPool2d()


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
@build.register(Ask)
def _(_: Term, __: Shape) -> nn.Module:
    return nn.Identity()


@build.register
def _(term: composite.RepeatTied, in_shape: Shape) -> nn.Module:
    return nn.Sequential(*(build(child, shape) for _, child, shape, _ in term.iterate_calls(in_shape)))


@build.register
def _(term: Composite, in_shape: Shape) -> nn.Module:
    wiring = None if hasattr(term, "compile") else find_wiring(term)
    if wiring is None:
        return _compile_user_kind(term, in_shape)
    runs: list[list[nn.Module]] = [[] for _ in term.subterms]
    for i, child, shape, _ in term.iterate_calls(in_shape):
        runs[i].append(build(child, shape))
    return connect(term, wiring, [run[0] if len(run) == 1 else nn.Sequential(*run) for run in runs])


@build.register
def _(term: basic.Select, __: Shape) -> nn.Module:
    return layers.SelectOutput(term.index)


@build.register
def _(_: basic.Zero, __: Shape) -> nn.Module:
    return layers.ZeroModule()


@build.register
def _(term: basic.ReluConvBn, in_shape: Shape) -> nn.Module:
    unit = layers.make_relu_conv_bn(in_shape[0], term.filters or in_shape[0], term.size, term.stride)
    initialize_weights(cast(nn.Conv2d, unit[1]), str(term.initialization))
    return unit


@build.register
def _(term: ShakeDrop, _: Shape) -> nn.Module:
    return shaking.ShakeDropModule(term.rate)


@build.register
def _(term: Shortcut, in_shape: Shape) -> nn.Module:
    if not term.changes(in_shape):
        return nn.Identity()
    paths = [nn.Conv2d(in_shape[0], filters, 1, term.stride, bias=False) for filters in term.path_filters]
    for convolution in paths:
        initialize_weights(convolution, str(term.initialization))
    return shaking.ShiftedShortcut(paths, relu_on_all=term.relu == "both")
