"""The torch modules that torch has not: windows padded as in TensorFlow, and operands padded to a common shape."""

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from archwright.core.modules.graphs import Edge
from archwright.core.shape import Shape

Margins = tuple[int, int, int, int]  # left, right, top, bottom, as torch's pad takes them


def margins(in_shape: Shape, size: int, stride: int, padding: str) -> Margins:
    """What windows need around images (c, h, w): enough for ceil(length/stride) of them, or nothing if "valid".

    An odd number of places is split with the greater part at the end.
    """
    if padding == "valid":
        return (0, 0, 0, 0)
    _, *plane = in_shape
    down, across = (max((math.ceil(length / stride) - 1) * stride + size - length, 0) for length in plane)
    return (across // 2, across - across // 2, down // 2, down - down // 2)


def shared_out(around: Margins) -> tuple[tuple[int, int], Margins]:
    """What a torch layer pads itself, both sides alike, down and across; and what is left to put around."""
    left, right, top, bottom = around
    return ((top, left), (0, 0, 0, 0)) if (left, top) == (right, bottom) else ((0, 0), around)


def surrounded(around: Margins, layer: nn.Module, value: float = 0.0) -> nn.Module:
    """`layer` on images with margins of `value`."""
    return nn.Sequential(nn.ConstantPad2d(around, value), layer) if any(around) else layer


class UnevenAvgPool(nn.Module):
    """The mean of each window, in which margins, unlike on either side, do not count; for images of one size."""

    weight: Tensor

    def __init__(self, in_shape: Shape, size: int, stride: int, around: Margins) -> None:
        super().__init__()
        self.size, self.stride, self.around = size, stride, around
        filled = functional.avg_pool2d(functional.pad(torch.ones(1, *in_shape[1:]), around), size, stride)
        self.register_buffer("weight", 1 / filled, persistent=False)  # it follows from the shape

    def forward(self, images: Tensor) -> Tensor:
        """(n, c, h, w) to (n, c, windows down, windows across)."""
        return functional.avg_pool2d(functional.pad(images, self.around), self.size, self.stride) * self.weight


class GlobalAvgPool(nn.Module):
    """The mean over height and width."""

    def forward(self, images: Tensor) -> Tensor:
        """(n, c, h, w) to (n, c)."""
        return images.mean((2, 3))


class Residual(nn.Module):
    """The input added to the body's output."""

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body

    def forward(self, x: Tensor) -> Tensor:
        """Of a common shape, see `added`."""
        return added(x, self.body(x))


class Branches(nn.Module):
    """Several modules on one input, merged from left to right."""

    def __init__(self, branches: Iterable[nn.Module], merging: str) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)
        self.merge = {"add": added, "concatenate": concatenated}[merging]

    def forward(self, x: Tensor) -> Tensor:
        """Of a common shape, see `added` and `concatenated`; with no branches, the input."""
        merged = None
        for branch in self.branches:
            merged = branch(x) if merged is None else self.merge(merged, branch(x))
        return x if merged is None else merged


def added(a: Tensor, b: Tensor) -> Tensor:
    """Their sum, each axis of both padded with zeros at the end to the longer; flattened first where ranks differ."""
    a, b = _alike(a, b)
    shape = tuple(map(max, a.shape[1:], b.shape[1:]))
    return _grown(a, shape) + _grown(b, shape)


def concatenated(a: Tensor, b: Tensor) -> Tensor:
    """One after the other along the first axis but the batch's, the other axes padded as in `added`."""
    a, b = _alike(a, b)
    rest = tuple(map(max, a.shape[2:], b.shape[2:]))
    return torch.cat([_grown(a, (a.shape[1], *rest)), _grown(b, (b.shape[1], *rest))], 1)


def _alike(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    return (a, b) if a.dim() == b.dim() else (a.flatten(1), b.flatten(1))


def _grown(x: Tensor, shape: tuple[int, ...]) -> Tensor:
    missing = [after - before for before, after in zip(x.shape[1:], shape, strict=True)]
    return functional.pad(x, [n for m in reversed(missing) for n in (0, m)]) if any(missing) else x


class Zero(nn.Module):
    """Zeros in the place of its input; no gradient flows back."""

    def forward(self, x: Tensor) -> Tensor:
        """Of the input's shape."""
        return torch.zeros_like(x)


class Topology(nn.Module):
    """A module on each edge; a node is the sum of what comes in."""

    def __init__(self, edges: Sequence[Edge], inside: Iterable[nn.Module]) -> None:
        super().__init__()
        self.edges = tuple(edges)
        self.inside = nn.ModuleList(inside)

    def forward(self, x: Tensor) -> Tensor:
        """The sum at the last node."""
        nodes = {0: x}
        for (source, target), module in zip(self.edges, self.inside, strict=True):
            out = module(nodes[source])
            nodes[target] = added(nodes[target], out) if target in nodes else out
        return nodes[self.edges[-1][1]]


def relu_conv_bn(channels: int, filters: int, size: int, stride: int = 1) -> nn.Sequential:
    """ReLU, convolution, batch normalisation: (n, channels, h, w) to (n, filters, h/stride, w/stride), rounded up."""
    convolution = nn.Conv2d(channels, filters, size, stride, size // 2, bias=False)
    return nn.Sequential(nn.ReLU(), convolution, nn.BatchNorm2d(filters))


class Reduction(nn.Module):
    """A residual block that halves height and width and changes the channels, with pooling on the short way."""

    def __init__(self, channels: int, filters: int) -> None:
        super().__init__()
        self.body = nn.Sequential(relu_conv_bn(channels, filters, 3, 2), relu_conv_bn(filters, filters, 3))
        pool = nn.AvgPool2d(2, 2, ceil_mode=True)  # as many places as the other way, also of an odd length
        self.short = nn.Sequential(pool, nn.Conv2d(channels, filters, 1, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        """(n, channels, h, w) to (n, filters, h/2, w/2), lengths rounded up."""
        return self.body(x) + self.short(x)


def network(image_channels: int, widths: Sequence[int], stages: Iterable[nn.Module], classes: int) -> nn.Sequential:
    """The benchmark's network around the cells of its `stages`, of the given numbers of channels."""
    stem = nn.Sequential(nn.Conv2d(image_channels, widths[0], 3, padding=1, bias=False), nn.BatchNorm2d(widths[0]))
    first, *later = stages
    parts: list[nn.Module] = [stem, first]
    for (before, after), stage in zip(pairwise(widths), later, strict=True):
        parts += [Reduction(before, after), stage]
    head = [nn.BatchNorm2d(widths[-1]), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return nn.Sequential(*parts, *head, nn.Linear(widths[-1], classes))
