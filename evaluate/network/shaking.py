"""What draws random numbers between the modules of a multi-branch network, in training alone."""

from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional


class _Gate(torch.autograd.Function):
    """The sum of inputs, each scaled by a number for each sample; gradients are scaled by other numbers."""

    @staticmethod
    def forward(ctx: Any, forward_scales: Tensor, backward_scales: Tensor, *inputs: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        """`inputs` are (n, ...) of one shape, the scales (inputs, n)."""
        ctx.save_for_backward(backward_scales)
        scales = _spread(forward_scales, inputs[0])
        total = scales[0] * inputs[0]
        for scale, x in zip(scales[1:], inputs[1:], strict=True):
            total = total.addcmul(scale, x)
        return total

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """The gradient, scaled for each input."""
        (scales,) = ctx.saved_tensors
        return None, None, *(scale * gradient for scale in _spread(scales, gradient))


def _spread(scales: Tensor, like: Tensor) -> Tensor:
    """Scales (inputs, n) as (inputs, n, 1, ...), of the type and for samples of the shape of `like`, (n, ...)."""
    return scales.to(like.dtype).reshape(*scales.shape, *[1] * (like.dim() - 1))


def scale_by_gates(inputs: Sequence[Tensor], forward_scales: Tensor, backward_scales: Tensor) -> Tensor:
    """The sum of inputs of one shape, (n, ...), each scaled by (inputs, n) numbers on the way on, and others back."""
    return cast(Tensor, _Gate.apply(forward_scales, backward_scales, *inputs))


def shake(sources: Sequence[Tensor], merge: str) -> Tensor:
    """The sum of sources of one shape, (n, ...), with random shares for each sample, and other ones on the way back.

    "shake" draws each share of the simplex alike: of two, one is uniform on [0, 1], and the other the rest (Gastaldi
    2017). "shake_softmax" is the softmax of uniform numbers. Drawn from torch's global generator on the device.
    """
    draw = _draw_simplex if merge == "shake" else _draw_softmax
    count, first = len(sources), sources[0]
    return scale_by_gates(sources, draw(count, first), draw(count, first))


def _draw_simplex(count: int, like: Tensor) -> Tensor:
    """(count, n) shares of 1: the distances between uniform numbers in order, and from them to 0 and 1."""
    cuts = torch.rand(count - 1, len(like), device=like.device).sort(0).values
    ends = torch.zeros(1, len(like), device=like.device)
    return torch.cat([ends, cuts, ends + 1]).diff(dim=0)


def _draw_softmax(count: int, like: Tensor) -> Tensor:
    return torch.rand(count, len(like), device=like.device).softmax(0)


class ShakeDropModule(nn.Module):
    """Scales its input by a random gate in training, and by its expected value otherwise."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        """(n, ...) to (n, ...); draws 1 + 2n numbers from torch's global generator on the device, in training."""
        if not self.training:
            return (1 - self.rate) * x
        is_shaken = torch.rand(1, device=x.device) < self.rate
        drawn = torch.rand(2, len(x), device=x.device)
        ones = torch.ones_like(drawn[0])
        forward_scale, backward_scale = (torch.where(is_shaken, scale, ones) for scale in (2 * drawn[0] - 1, drawn[1]))
        return scale_by_gates([x], forward_scale[None], backward_scale[None])


class ShiftedShortcut(nn.Module):
    """Paths of one pixel with a stride, the second one of the image shifted by a pixel; concatenated and normalised."""

    def __init__(self, paths: Sequence[nn.Conv2d], *, relu_on_all: bool) -> None:
        super().__init__()
        self.relu_on_all = relu_on_all
        self.paths = nn.ModuleList(paths)
        self.norm = nn.BatchNorm2d(sum(path.out_channels for path in paths))

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, h, w) to (n, filters, h/stride, w/stride), rounded up."""
        first = functional.relu(x)
        x = first if self.relu_on_all else x
        shifted = functional.pad(x[:, :, 1:, 1:], (0, 1, 0, 1))
        outputs = [path(image) for path, image in zip(self.paths, (first, shifted), strict=False)]
        return self.norm(torch.cat(outputs, 1))
