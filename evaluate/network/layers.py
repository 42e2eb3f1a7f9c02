"""The torch modules that torch lacks, such as those with TensorFlow's "same" padding."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from archwright.core.shape import Shape

Padding2d = tuple[int, int, int, int]  # pixels at the left, right, top, bottom: the order of torch's pad


def compute_padding(in_shape: Shape, size: int, stride: int, mode: str) -> tuple[tuple[int, int], Padding2d]:
    """The (height, width) padding that a torch layer does itself, and the padding that has to come before it.

    For windows that slide over images (c, h, w): none if `mode` is "valid". If it is "same", ceil(length / stride)
    windows fit along each axis, and an odd number of pixels is split with the larger part at the end, as in TensorFlow.
    Torch's layers pad both sides of an axis alike: so the padding is all in the first, or all in the second.
    """
    if mode == "valid":
        return (0, 0), (0, 0, 0, 0)
    _, *plane = in_shape
    height, width = (max((math.ceil(length / stride) - 1) * stride + size - length, 0) for length in plane)
    top, left = height // 2, width // 2
    bottom, right = height - top, width - left
    return ((top, left), (0, 0, 0, 0)) if (left, top) == (right, bottom) else ((0, 0), (left, right, top, bottom))


def prepend_padding(padding: Padding2d, layer: nn.Module, value: float = 0.0) -> nn.Module:
    """`layer` after a constant padding with `value`; `layer` itself if the padding is 0 everywhere."""
    return nn.Sequential(nn.ConstantPad2d(padding, value), layer) if any(padding) else layer


class UnevenAvgPool2d(nn.Module):
    """Average pooling with a padding that differs between sides and is not averaged over; for images of one size."""

    weight: Tensor

    def __init__(self, in_shape: Shape, size: int, stride: int, padding: Padding2d) -> None:
        super().__init__()
        self.size, self.stride, self.padding = size, stride, padding
        covered = functional.avg_pool2d(functional.pad(torch.ones(1, *in_shape[1:]), padding), size, stride)
        self.register_buffer("weight", 1 / covered, persistent=False)  # it follows from the shape

    def forward(self, images: Tensor) -> Tensor:
        """(n, c, h, w) to (n, c, windows down, windows across)."""
        return functional.avg_pool2d(functional.pad(images, self.padding), self.size, self.stride) * self.weight


class GlobalAvgPool2d(nn.Module):
    """The mean over height and width."""

    def forward(self, images: Tensor) -> Tensor:
        """(n, c, h, w) to (n, c)."""
        return images.mean((2, 3))


class SelectOutput(nn.Module):
    """One of several outputs side by side."""

    def __init__(self, index: int) -> None:
        super().__init__()
        self.index = index

    def forward(self, outputs: tuple[Tensor, ...]) -> Tensor:
        """The output, as it is."""
        return outputs[self.index]


class ZeroModule(nn.Module):
    """Zeros in place of the input; no gradient flows back."""

    def forward(self, x: Tensor) -> Tensor:
        """The output, which has the input's shape."""
        return torch.zeros_like(x)


def make_relu_conv_bn(channels: int, filters: int, size: int, stride: int = 1) -> nn.Sequential:
    """ReLU, convolution, batch normalisation: (n, channels, h, w) to (n, filters, h/stride, w/stride), rounded up."""
    convolution = nn.Conv2d(channels, filters, size, stride, size // 2, bias=False)
    return nn.Sequential(nn.ReLU(), convolution, nn.BatchNorm2d(filters))
