"""An architecture as operations: one small function for each kind of module, as in network/compile.py."""

import keyword
import math
from collections.abc import Iterable, Mapping, Sequence
from functools import singledispatch
from itertools import groupby
from typing import Any

from attrs import evolve

from archwright.core.modules import basic, composite
from archwright.core.modules.asking import Ask
from archwright.core.modules.graphs import Topology
from archwright.core.modules.multibranch import ShakeDrop, Shortcut
from archwright.core.shape import Shape
from archwright.core.term import Composite, Term
from archwright.core.wired_shapes import find_wiring
from archwright.core.wiring import fan_out
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
    get_structure,
    to_attribute_name,
)
from archwright.evaluate.export.user_source import translate_source
from archwright.evaluate.network.layers import Padding2d, compute_padding
from archwright.evaluate.network.wired import name_paths

MIN_LINES_SAVED = 6  # lines that a class for a repeated part must save
FUNCTION_TEMPLATES: Mapping[str, str] = {
    "sigmoid": "torch.sigmoid({x})",
    "tanh": "torch.tanh({x})",
}  # the others are F's
MERGED: Mapping[str, str] = {
    "add": "added",
    "concatenate": "concatenated",
    "mean": "averaged",
    "weighted": "added with learned weights",
    "attention": "the first of which is a mask for the others",
    "shake": "averaged; in its training each had a random share",
    "shake_softmax": "averaged; in its training each had a random share",
}
NODES: Mapping[str, str] = {
    "add": "the sum of the edges into it",
    "concatenate": "the edges into it one behind the other",
    "mean": "the mean of the edges into it",
    "weighted": "the weighted sum of the edges into it",
    "attention": "a sum that the first edge into it masks",
    "shake": "the mean of the edges into it, each of which had a random share in training",
    "shake_softmax": "the mean of the edges into it, each of which had a random share in training",
}
SHIFT = "F.pad({x}[:, :, 1:, 1:], (0, 1, 0, 1))"
BRANCH_LETTERS = "abcdefghijklmnopqrstuvw"  # up to x, which is the input

Pool = basic.MaxPool2d | basic.AvgPool2d
LayerPadding = int | tuple[int, int]  # the padding argument of a torch layer: pixels on both sides of each axis


@singledispatch
def translate(term: Term, in_shape: Shape) -> Operations:
    """The operations of a specified term on inputs of (batch, *in_shape).

    A kind of a person's own has a method `source(in_shape)`. It returns Python that ends with the expression of its
    torch module, made of numbers, torch, nn and F; before it may stand imports and definitions. A composite's
    `source(in_shape, inside)` also gets the expressions of its children's modules, one for each run. Raises
    NoModuleSource or BadModuleSource.
    """
    return translate_source(term, in_shape, ())


@translate.register
def _(term: basic.Affine, in_shape: Shape) -> Operations:
    linear = _make_layer("linear", "nn.Linear", math.prod(in_shape), (term.units,), bias=term.bias)
    return (linear,) if len(in_shape) == 1 else (_make_flatten(in_shape), linear)


@translate.register
def _(term: basic.Conv2d, in_shape: Shape) -> Operations:
    padding, pad_calls = _translate_padding(term, in_shape)
    conv = _make_layer(
        "conv",
        "nn.Conv2d",
        in_shape[0],
        term.out_shape(in_shape),
        kernel_size=term.size,
        stride=term.stride,
        padding=padding,
        groups=term.groups,
        bias=term.bias,
    )
    return (*pad_calls, conv)


def _make_layer(name: str, constructor: str, in_channels: int, out: Shape, **options: Any) -> ModuleCall:
    """A linear or convolutional layer from `in_channels` to `out[0]` channels, or features; defaults are left out."""
    unit = "channels" if "kernel_size" in options else "features"
    sizes = (Argument(f"in_{unit}", in_channels), Argument(f"out_{unit}", out[0]))
    defaults = {"stride": 1, "padding": 0, "groups": 1, "bias": True}
    return ModuleCall(
        name,
        constructor,
        (*sizes, *_to_arguments({key: v for key, v in options.items() if key not in defaults or v != defaults[key]})),
        out,
    )


def _to_arguments(options: Mapping[str, Any]) -> tuple[Argument, ...]:
    return tuple(Argument(name, value, name != "kernel_size") for name, value in options.items())


def _make_flatten(in_shape: Shape) -> FunctionCall:
    return FunctionCall("{x}.flatten(1)", (math.prod(in_shape),))


def _translate_padding(
    term: basic.Conv2d | basic.MaxPool2d, in_shape: Shape, value: str = ""
) -> tuple[LayerPadding, Operations]:
    """The padding that torch's layer does itself, and a call before it for padding that differs between two sides.

    `value` is the code of the padding value as a further argument; zeros without it.
    """
    padding, margins = _compute_padding(term, in_shape)
    if not any(margins):
        return padding, ()
    left, right, top, bottom = margins
    channels, height, width = in_shape
    padded_shape = (channels, height + top + bottom, width + left + right)
    return padding, (FunctionCall(f"F.pad({{x}}, {margins}{value})", padded_shape),)


def _compute_padding(term: basic.Conv2d | Pool, in_shape: Shape) -> tuple[LayerPadding, Padding2d]:
    """The padding that torch's layer does itself, and the (left, right, top, bottom) padding that comes before it."""
    (vertical, horizontal), margins = compute_padding(in_shape, term.size, term.stride, term.padding)
    return vertical if vertical == horizontal else (vertical, horizontal), margins


@translate.register
def _(term: basic.MaxPool2d, in_shape: Shape) -> Operations:
    padding, pad_calls = _translate_padding(term, in_shape, ', value=float("-inf")')
    return (*pad_calls, FunctionCall(f"F.max_pool2d({{x}}, {_write_window(term, padding)})", term.out_shape(in_shape)))


@translate.register
def _(term: basic.AvgPool2d, in_shape: Shape) -> Operations:
    padding, margins = _compute_padding(term, in_shape)
    out = term.out_shape(in_shape)
    if any(margins):
        return (FunctionCall(f"mean_of_windows({{x}}, {term.size}, {term.stride}, {margins})", out),)
    uncounted = ", count_include_pad=False" if padding else ""
    return (FunctionCall(f"F.avg_pool2d({{x}}, {_write_window(term, padding)}{uncounted})", out),)


def _write_window(term: Pool, padding: LayerPadding) -> str:
    """The arguments for size, stride and padding of a pool."""
    stride = "" if term.stride == term.size else f", stride={term.stride}"
    return f"{term.size}{stride}{f', padding={padding}' if padding else ''}"


@translate.register
def _(_: basic.GlobalAvgPool, in_shape: Shape) -> Operations:
    return (_make_global_average(in_shape),)


def _make_global_average(in_shape: Shape) -> FunctionCall:
    return FunctionCall("{x}.mean((2, 3))", in_shape[:1])


@translate.register
def _(_: basic.BatchNorm, in_shape: Shape) -> Operations:
    return (_make_batch_norm(in_shape),)


def _make_batch_norm(shape: Shape) -> ModuleCall:
    return ModuleCall("norm", f"nn.BatchNorm{len(shape) - 1 or 1}d", (Argument("num_features", shape[0]),), shape)


@translate.register
def _(term: basic.Dropout, in_shape: Shape) -> Operations:
    return (ModuleCall("dropout", "nn.Dropout", (Argument("p", float(term.rate)),), in_shape),)


@translate.register
def _(term: basic.Activation, in_shape: Shape) -> Operations:
    return (_make_activation(term.function, in_shape),)


def _make_activation(function: str, shape: Shape) -> FunctionCall:
    return FunctionCall(FUNCTION_TEMPLATES.get(function, f"F.{function}({{x}})"), shape)


@translate.register
def _(_: basic.Flatten, in_shape: Shape) -> Operations:
    return (_make_flatten(in_shape),) if len(in_shape) > 1 else ()


@translate.register
def _(term: ShakeDrop, in_shape: Shape) -> Operations:
    # Its expected value: the gate of training is random.
    return (FunctionCall(f"{1 - term.rate!r} * {{x}}", in_shape),) if term.rate else ()


@translate.register
def _(term: Shortcut, in_shape: Shape) -> Operations:
    if not term.changes(in_shape):
        return ()
    out = term.out_shape(in_shape)
    relu, shift = _make_activation("relu", in_shape), FunctionCall(SHIFT, in_shape)
    parts = [(), (shift,)] if term.relu == "both" else [(relu,), (shift,)]
    branches = [
        Branch(name, (*part, _make_path(in_shape, (filters, *out[1:]), term.stride)), (filters, *out[1:]))
        for name, part, filters in zip(BRANCH_LETTERS, parts, term.path_filters, strict=False)
    ]
    graph = BranchGraph(fan_out(len(branches), "concatenate"), tuple(branches), in_shape)
    paths = Block(
        "Paths", "Two strided paths, the second one of the image shifted by a pixel, side by side.", graph, out
    )
    first = (relu,) if term.relu == "both" else ()
    docstring = "A shortcut to another width or a smaller image."
    return (Block("Shortcut", docstring, (*first, paths, _make_batch_norm(out)), out),)


def _make_path(in_shape: Shape, out: Shape, stride: int) -> ModuleCall:
    return _make_layer("conv", "nn.Conv2d", in_shape[0], out, kernel_size=1, stride=stride, bias=False)


@translate.register(basic.Identity)
@translate.register(basic.Settings)
@translate.register(Ask)
def _(_: Term, __: Shape) -> Operations:
    return ()


@translate.register
def _(term: basic.Select, in_shape: Shape) -> Operations:
    return (FunctionCall(f"{{x}}[{term.index}]", term.out_shape(in_shape), takes_tuple=True),)


@translate.register
def _(_: basic.Zero, in_shape: Shape) -> Operations:
    return (evolve(ZERO, out=in_shape),)


@translate.register
def _(term: basic.ReluConvBn, in_shape: Shape) -> Operations:
    return (_make_relu_conv_bn(in_shape, term.out_shape(in_shape), term.size, term.stride),)


def _make_relu_conv_bn(in_shape: Shape, out: Shape, size: int, stride: int) -> Block:
    # Default arguments are written, too, so that blocks of all sizes and strides have one structure and share a class.
    options = {"kernel_size": size, "stride": stride, "padding": size // 2, "bias": False}
    channels = (Argument("in_channels", in_shape[0]), Argument("out_channels", out[0]))
    body = (
        _make_activation("relu", (in_shape[0], *out[1:])),
        ModuleCall("conv", "nn.Conv2d", (*channels, *_to_arguments(options)), out),
        _make_batch_norm(out),
    )
    return Block("ReluConvBn", "ReLU, a convolution, and batch normalisation.", body, out)


@translate.register(composite.Sequential)
@translate.register(composite.RepeatTied)
def _(term: composite.Sequential | composite.RepeatTied, in_shape: Shape) -> Operations:
    return _translate_chain(term, in_shape)


def _translate_chain(term: Composite, in_shape: Shape) -> Operations:
    return _fold_repetitions([_translate_child(child, shape) for _, child, shape, _ in term.iterate_calls(in_shape)])


def _translate_child(term: Term, in_shape: Shape) -> Operations:
    return _name_part(term, translate(term, in_shape))


def _name_part(term: Term, operations: Operations) -> Operations:
    """The operations of a module, as one under its name if it has one; functions alone have no attribute for it."""
    if not term.given_name or all(isinstance(operation, FunctionCall) for operation in operations):
        return operations
    name = to_attribute_name(term.given_name)
    if len(operations) > 1 and isinstance(term, Composite):
        docstring = f"The part of the model that is called {term.given_name}."
        return (Block(_to_class_name(term.given_name), docstring, operations, operations[-1].out, name),)
    return tuple(each if isinstance(each, FunctionCall) else evolve(each, given_name=name) for each in operations)


def _to_class_name(name: str) -> str:
    title = "".join(word[:1].upper() + word[1:] for word in name.split("_"))
    return title if title.isidentifier() and not keyword.iskeyword(title) else f"Part{title}"


@translate.register
def _(term: composite.Residual, in_shape: Shape) -> Operations:
    return _translate_wired(term, in_shape, "Residual", "What the layers make of the input, added to it.", ["y"])


@translate.register
def _(term: composite.Branches, in_shape: Shape) -> Operations:
    count = len(term.children)
    if count < 2:
        return _translate_child(term.children[0], in_shape) if count else ()
    docstring = f"{count} branches side by side, {MERGED[term.merging]}."
    return _translate_wired(term, in_shape, "Branches", docstring, _name_branches(count))


def _name_branches(count: int) -> list[str]:
    return [BRANCH_LETTERS[i] if i < len(BRANCH_LETTERS) else f"way_{i}" for i in range(count)]


@translate.register
def _(term: Topology, in_shape: Shape) -> Operations:
    docstring = f"A cell: each node is {NODES[term.merging]}; edge_2_0 is the one from node 0 to node 2."
    names = [f"edge_{target}_{source}" for source, target in term.edges]
    nodes = [f"node{target}" for _, target in term.edges]
    return _translate_wired(term, in_shape, "Cell", docstring, names, names, nodes)


@translate.register
def _(term: composite.Wired, in_shape: Shape) -> Operations:
    if term.joints.is_chain:
        return _translate_chain(term, in_shape)
    return _translate_wired(
        term, in_shape, "Wired", "Modules that are connected by a wiring.", _name_branches(len(term.children))
    )


@translate.register
def _(term: Composite, in_shape: Shape) -> Operations:
    wiring = None if hasattr(term, "source") or hasattr(term, "compile") else find_wiring(term)
    if wiring is None:
        runs = tuple(translate(child, shape) for _, child, shape, _ in term.iterate_calls(in_shape))
        return translate_source(term, in_shape, runs)
    if wiring.is_chain:
        return _translate_chain(term, in_shape)
    kind = to_attribute_name(term.kind)
    name = _to_class_name(kind if kind == term.kind else f"{kind}_module")
    attributes = [to_attribute_name(path.replace(".", "_")) for path in name_paths(term)]
    docstring = f"The modules of a {term.kind}, connected as its wiring says."
    return _translate_wired(term, in_shape, name, docstring, _name_branches(len(term.subterms)), attributes)


def _translate_wired(
    term: Composite,
    in_shape: Shape,
    name: str,
    docstring: str,
    names: Sequence[str],
    attributes: Sequence[str] = (),
    nodes: Sequence[str] = (),
) -> Operations:
    """A class with the operations of each child; names are those of Branch."""
    wiring = find_wiring(term)
    assert wiring is not None
    runs: list[list[Operations]] = [[] for _ in names]
    outs: list[Shape] = [()] * len(names)
    for i, child, shape, out in term.iterate_calls(in_shape):
        runs[i].append(translate(child, shape))
        outs[i] = out
    inside = (sequences[0] if len(sequences) == 1 else _fold_repetitions(sequences) for sequences in runs)
    operations = map(_name_part, term.subterms, inside)
    branches = map(Branch, names, operations, outs, attributes or [""] * len(names), nodes or [""] * len(names))
    return (Block(name, docstring, BranchGraph(wiring, tuple(branches), in_shape), term.out_shape(in_shape)),)


def _fold_repetitions(sequences: Iterable[Operations]) -> Operations:
    """Sequences one after the other; consecutive ones of the same structure become blocks and repetitions."""
    folded: list[Operation] = []
    for structure, group in groupby(sequences, get_structure):
        folded += _fold_group(list(group)) if structure else ()
    return tuple(folded)


def _fold_group(sequences: Sequence[Operations]) -> list[Operation]:
    """Sequences of the same structure, folded where that makes the code shorter."""
    length = len(sequences[0])
    operations = [operation for sequence in sequences for operation in sequence]
    if length == 1 and isinstance(sequences[0][0], FunctionCall | Repetition):
        return operations
    if length > 1:
        if length * (len(sequences) - 1) < MIN_LINES_SAVED:
            return operations
        docstring = f"{length} steps, {len(sequences)} times in a row."
        operations = [Block("Block", docstring, sequence, sequence[-1].out) for sequence in sequences]
    folded: list[Operation] = []
    for operation, group in groupby(operations):
        copies = list(group)
        assert not isinstance(operation, FunctionCall | Repetition)
        folded += copies if len(copies) == 1 else [Repetition(operation, len(copies), copies[-1].out)]
    return folded
