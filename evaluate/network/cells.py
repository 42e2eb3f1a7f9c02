"""Cells and the network of NAS-Bench-201 as torch modules."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from archwright.core.cell import Edge
from archwright.evaluate.network.layers import added


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
