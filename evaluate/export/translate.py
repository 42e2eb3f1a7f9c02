"""The steps of a specified term: one small function for each kind of module, as in network/compile.py."""

import ast
import keyword
import math
from collections.abc import Iterable, Mapping, Sequence
from functools import singledispatch
from itertools import groupby, pairwise
from typing import Any

from attrs import evolve
from torch import nn

from archwright.core.errors import ArchwrightError
from archwright.core.modules import basic, composite
from archwright.core.modules.graphs import Topology
from archwright.core.shape import Shape
from archwright.core.spaces.nasbench201 import Nasbench201Network
from archwright.core.term import Composite, Term
from archwright.evaluate.export.operations import (
    ZERO,
    Argument,
    Block,
    Branch,
    BranchGraph,
    FunctionCall,
    ModuleCall,
    Operation,
    Operations,
    Repetition,
    UserModule,
    skeleton,
)
from archwright.evaluate.network import layers
from archwright.evaluate.user_errors import format_traceback

MIN_LINES_SAVED = 6  # lines that a class for a repeated part must save
FUNCTION_TEMPLATES: Mapping[str, str] = {
    "sigmoid": "torch.sigmoid({x})",
    "tanh": "torch.tanh({x})",
}  # the others are F's
RESERVED_ATTRIBUTES = {*dir(nn.Module), *keyword.kwlist, "mean", "deviation", "preprocess", "x"}


class NoModuleSource(ArchwrightError, TypeError):
    """A kind of module that does not say what its code is."""


class BadModuleSource(ArchwrightError, ValueError):
    """A kind of module whose source is no code that makes a module, or does not say what it is."""


@singledispatch
def steps(term: Term, in_shape: Shape) -> Operations:
    """What a specified term does to inputs of (batch, *in_shape).

    A kind of a person's own has a method `source(in_shape)`. It returns Python that ends with an expression of its
    torch module, made of numbers, torch, nn and F; before it may stand imports and definitions. A composite's
    `source(in_shape, inside)` also gets the expressions of its children's modules, one for each run. Raises NoSource
    or BadSource.
    """
    inside = ()
    if isinstance(term, Composite):
        inside = tuple(steps(child, shape) for _, child, shape, _ in term.runs(in_shape))
    text = _call_source(term, in_shape, [f"{{{i}}}" for i in range(len(inside))])
    return (_parse_user_source(term, text, inside, term.out_shape(in_shape)),)


def _call_source(term: Term, in_shape: Shape, inside: list[str]) -> Any:
    """What the class of a term says is the source of its module, where `inside` are those of a composite's children."""
    kind, method = type(term).__name__, getattr(term, "source", None)
    if method is None:
        raise NoModuleSource(
            f"{kind} has no source; give the class a method source(self, in_shape) that returns the Python "
            "expression of its torch module, such as 'nn.Conv2d(3, 8, 1)', after the definitions that it needs"
        )
    try:
        return method(in_shape, inside) if isinstance(term, Composite) else method(in_shape)
    except Exception as error:  # a person's method may raise anything
        raise BadModuleSource(f"the method source of {kind} failed:\n{format_traceback(error, lines=None)}") from error


def _parse_user_source(term: Term, text: Any, inside: tuple[Operations, ...], out: Shape) -> UserModule:
    """The step that a person's text is; what is no placeholder keeps its braces."""
    try:
        if not isinstance(text, str):
            raise TypeError("it is no text")
        *before, last = ast.parse(text).body
        if not isinstance(last, ast.Expr):
            raise TypeError("its end is no expression")
    except (SyntaxError, TypeError, ValueError) as error:
        raise BadModuleSource(
            f"the source of {type(term).__name__} is {text!r:.200} ({error}); it must be Python that ends with an "
            "expression"
        ) from error
    lines = text.splitlines()
    definitions = "\n".join(lines[: before[-1].end_lineno]).strip() if before else ""
    return UserModule(_attribute(term.kind), ast.unparse(last.value), definitions, inside, out)


def _attribute(kind: str) -> str:
    return f"{kind}_" if kind in RESERVED_ATTRIBUTES or not kind.isidentifier() else kind


@steps.register
def _(term: basic.Affine, in_shape: Shape) -> Operations:
    linear = ModuleCall(
        "linear", "nn.Linear", _arguments(math.prod(in_shape), term.units, bias=term.bias), (term.units,)
    )
    return (linear,) if len(in_shape) == 1 else (_flatten(in_shape), linear)


def _arguments(one: int, other: int, **more: Any) -> tuple[Argument, ...]:
    """Those of a layer: how many go in and come out, and of `more`, what is not as usual."""
    names = ("in_channels", "out_channels") if "kernel_size" in more else ("in_features", "out_features")
    usual = {"stride": 1, "padding": 0, "groups": 1, "bias": True}
    shown = [Argument(n, v, n != "kernel_size") for n, v in more.items() if n not in usual or v != usual[n]]
    return (Argument(names[0], one), Argument(names[1], other), *shown)


def _flatten(in_shape: Shape) -> FunctionCall:
    return FunctionCall("{x}.flatten(1)", (math.prod(in_shape),))


@steps.register
def _(term: basic.Conv2d, in_shape: Shape) -> Operations:
    padding, before = _padded(term, in_shape)
    given = {"kernel_size": term.size, "stride": term.stride, "padding": padding}
    arguments = _arguments(in_shape[0], term.filters, **given, groups=term.groups, bias=term.bias)
    return (*before, ModuleCall("conv", "nn.Conv2d", arguments, term.out_shape(in_shape)))


Windowed = basic.Conv2d | basic.MaxPool2d | basic.AvgPool2d


def _margins(term: Windowed, in_shape: Shape) -> tuple[int | tuple[int, int], layers.Padding2d]:
    """What torch's layer pads itself, and what is left to be put around: left, right, top, bottom."""
    (down, across), around = layers.compute_padding(in_shape, term.size, term.stride, term.padding)
    return down if down == across else (down, across), around


def _padded(term: Windowed, in_shape: Shape, value: str = "") -> tuple[int | tuple[int, int], Operations]:
    """What torch's layer pads itself, and the step before it that pads what sides do not share."""
    padding, around = _margins(term, in_shape)
    if not any(around):
        return padding, ()
    left, right, top, bottom = around
    channels, height, width = in_shape
    return padding, (
        FunctionCall(f"F.pad({{x}}, {around}{value})", (channels, height + top + bottom, width + left + right)),
    )


@steps.register
def _(term: basic.MaxPool2d, in_shape: Shape) -> Operations:
    padding, before = _padded(term, in_shape, ', value=float("-inf")')
    return (*before, FunctionCall(f"F.max_pool2d({{x}}, {_window(term, padding)})", term.out_shape(in_shape)))


def _window(term: basic.MaxPool2d | basic.AvgPool2d, padding: int | tuple[int, int]) -> str:
    stride = "" if term.stride == term.size else f", stride={term.stride}"
    return f"{term.size}{stride}{f', padding={padding}' if padding else ''}"


@steps.register
def _(term: basic.AvgPool2d, in_shape: Shape) -> Operations:
    padding, around = _margins(term, in_shape)
    out = term.out_shape(in_shape)
    if any(around):
        return (FunctionCall(f"mean_of_windows({{x}}, {term.size}, {term.stride}, {around})", out),)
    uncounted = ", count_include_pad=False" if padding else ""
    return (FunctionCall(f"F.avg_pool2d({{x}}, {_window(term, padding)}{uncounted})", out),)


@steps.register
def _(_: basic.GlobalAvgPool, in_shape: Shape) -> Operations:
    return (FunctionCall("{x}.mean((2, 3))", in_shape[:1]),)


@steps.register
def _(_: basic.BatchNorm, in_shape: Shape) -> Operations:
    return (_norm(in_shape),)


def _norm(shape: Shape) -> ModuleCall:
    return ModuleCall("norm", f"nn.BatchNorm{len(shape) - 1 or 1}d", (Argument("num_features", shape[0]),), shape)


@steps.register
def _(term: basic.Dropout, in_shape: Shape) -> Operations:
    return (ModuleCall("dropout", "nn.Dropout", (Argument("p", float(term.rate)),), in_shape),)


@steps.register
def _(term: basic.Activation, in_shape: Shape) -> Operations:
    return (FunctionCall(FUNCTION_TEMPLATES.get(term.function, f"F.{term.function}({{x}})"), in_shape),)


@steps.register
def _(_: basic.Flatten, in_shape: Shape) -> Operations:
    return (_flatten(in_shape),) if len(in_shape) > 1 else ()


@steps.register(basic.Identity)
@steps.register(basic.Settings)
def _(_: Term, __: Shape) -> Operations:
    return ()


@steps.register
def _(_: basic.Zero, in_shape: Shape) -> Operations:
    return (evolve(ZERO, out=in_shape),)


@steps.register
def _(term: basic.ReluConvBn, in_shape: Shape) -> Operations:
    return (_relu_conv_bn(in_shape[0], in_shape, term.size, 1),)


def _relu_conv_bn(channels: int, out: Shape, size: int, stride: int) -> Block:
    more = {"kernel_size": size, "stride": stride, "padding": size // 2}
    shown = tuple(Argument(name, value, name != "kernel_size") for name, value in more.items())
    arguments = (*_arguments(channels, out[0], kernel_size=size)[:2], *shown, Argument("bias", False, True))
    body = (
        FunctionCall("F.relu({x})", (channels, *out[1:])),
        ModuleCall("conv", "nn.Conv2d", arguments, out),
        _norm(out),
    )
    return Block("ReluConvBn", "ReLU, a convolution, and batch normalisation.", body, out)


@steps.register(composite.Sequential)
@steps.register(composite.RepeatTied)
def _(term: composite.Sequential | composite.RepeatTied, in_shape: Shape) -> Operations:
    return fold_repetitions([steps(inside, shape) for _, inside, shape, _ in term.runs(in_shape)])


@steps.register
def _(term: composite.Residual, in_shape: Shape) -> Operations:
    body = steps(term.body, in_shape)
    ways = (Branch((0, 1), "", (), in_shape), Branch((0, 1), "y", body, term.body.out_shape(in_shape)))
    about = "What the layers make of the input, added to it."
    return (Block("Residual", about, BranchGraph(ways, "add"), term.out_shape(in_shape)),)


@steps.register
def _(term: composite.Branches, in_shape: Shape) -> Operations:
    chains = [(steps(inside, shape), out) for _, inside, shape, out in term.runs(in_shape)]
    if len(chains) < 2:
        return chains[0][0] if chains else ()
    ways = tuple(Branch((0, 1), _letter(i), chain, out) for i, (chain, out) in enumerate(chains))
    merging = "add" if term.merging == "add" else "concatenate"
    about = f"{len(ways)} branches side by side, {'added' if merging == 'add' else 'concatenated'}."
    return (Block("Branches", about, BranchGraph(ways, merging), term.out_shape(in_shape)),)


def _letter(i: int) -> str:
    return "abcdefghijklmnopqrstuvw"[i] if i < 23 else f"way_{i}"


@steps.register
def _(term: Topology, in_shape: Shape) -> Operations:
    ways = tuple(
        Branch(term.edges[i], f"edge_{term.edges[i][1]}_{term.edges[i][0]}", steps(inside, shape), out)
        for i, inside, shape, out in term.runs(in_shape)
    )
    about = "A cell: each node is the sum of the edges into it; edge_2_0 is the one from node 0 to node 2."
    return (Block("Cell", about, BranchGraph(ways, "add"), term.out_shape(in_shape)),)


@steps.register
def _(term: Nasbench201Network, in_shape: Shape) -> Operations:
    shapes = term.stages(in_shape)
    given = _arguments(in_shape[0], shapes[0][0], kernel_size=3, padding=1, bias=False)
    stem = ModuleCall("conv", "nn.Conv2d", given, shapes[0])
    parts: list[Operation] = [stem, _norm(shapes[0]), *fold_repetitions([steps(term.cell, shapes[0])] * term.cells)]
    for before, after in pairwise(shapes):
        parts += [_reduction(before, after), *fold_repetitions([steps(term.cell, after)] * term.cells)]
    last = shapes[-1]
    linear = ModuleCall("linear", "nn.Linear", _arguments(last[0], term.classes), (term.classes,))
    head = (_norm(last), FunctionCall("F.relu({x})", last), FunctionCall("{x}.mean((2, 3))", last[:1]), linear)
    return (*parts, *head)


def _reduction(before: Shape, after: Shape) -> Block:
    body = (_relu_conv_bn(before[0], after, 3, 2), _relu_conv_bn(after[0], after, 3, 1))
    pool = FunctionCall("F.avg_pool2d({x}, 2, ceil_mode=True)", (before[0], *after[1:]))
    short = ModuleCall("conv", "nn.Conv2d", _arguments(before[0], after[0], kernel_size=1, bias=False), after)
    ways = (Branch((0, 1), "y", body, after), Branch((0, 1), "short", (pool, short), after))
    return Block(
        "Reduction", "Halves height and width, with pooling on the short way.", BranchGraph(ways, "add"), after
    )


def fold_repetitions(chains: Iterable[Operations]) -> Operations:
    """Chains one after the other; where some in a row are alike, they become classes and loops."""
    found: list[Operation] = []
    for alike, group in groupby(chains, skeleton):
        found += _fold_group(list(group)) if alike else ()
    return tuple(found)


def _fold_group(chains: Sequence[Operations]) -> list[Operation]:
    """Chains that differ in numbers at most."""
    length = len(chains[0])
    whole = [step for chain in chains for step in chain]
    if length == 1 and isinstance(chains[0][0], FunctionCall | Repetition):
        return whole
    if length > 1:
        if length * (len(chains) - 1) < MIN_LINES_SAVED:
            return whole
        about = f"{length} steps, {len(chains)} times in a row."
        whole = [Block("Block", about, chain, chain[-1].out) for chain in chains]
    repeated: list[Operation] = []
    for step, group in groupby(whole):
        same = list(group)
        assert not isinstance(step, FunctionCall | Repetition)
        repeated += same if len(same) == 1 else [Repetition(step, len(same), same[-1].out)]
    return repeated
