"""The merges of joints: tensors that flow together, zero-padded to a common shape as `pad_shapes` says."""

from collections.abc import Sequence
from functools import reduce
from typing import cast

import torch
from torch import Tensor
from torch.nn import functional

from archwright.core.wiring import SHAKES, TUPLE
from archwright.evaluate.network.shaking import shake

EPSILON = 1e-5  # added to the range of a sample, which may be 0; a choice, as in batch normalisation

Tensors = Tensor | tuple[Tensor, ...]  # of a module: one tensor, or several side by side


def join_outputs(
    merge: str, sources: Sequence[Tensors], weights: Tensor | None = None, *, training: bool = False
) -> Tensors:
    """What a joint makes of its sources; `weights` are what it has learned, if its merge learns.

    In training, a joint that shakes draws random shares from torch's global generator.
    """
    if len(sources) == 1:
        return sources[0]
    if merge == TUPLE:
        return tuple(cast(Sequence[Tensor], sources))
    if training and merge in SHAKES:
        return shake(align(cast(Sequence[Tensor], sources)), merge)
    return merge_tensors(merge, cast(Sequence[Tensor], sources), weights)


def merge_tensors(merge: str, sources: Sequence[Tensor], weights: Tensor | None = None) -> Tensor:
    """One tensor of all sources, each (n, ...); `weights` are what the joint has learned, if its merge learns."""
    match merge, weights:
        case "concatenate", None:
            return reduce(concatenate_padded, sources)
        case (("mean" | "shake" | "shake_softmax"), None):
            return reduce(add_padded, sources) / len(sources)
        case "weighted", Tensor():
            return reduce(add_padded, [scale * x for scale, x in zip(torch.sigmoid(weights), sources, strict=True)])
        case "attention", Tensor():
            return attend(sources, weights)
        case _:
            return reduce(add_padded, sources)


def add_padded(a: Tensor, b: Tensor) -> Tensor:
    """The sum, both zero-padded at the end of each axis to the longer one; both flattened first if ranks differ."""
    a, b = align([a, b])
    return a + b


def concatenate_padded(a: Tensor, b: Tensor) -> Tensor:
    """Both along axis 1 (the channels), the later axes zero-padded as in `add_padded`."""
    if a.dim() != b.dim():
        a, b = a.flatten(1), b.flatten(1)
    plane = tuple(map(max, a.shape[2:], b.shape[2:]))
    return torch.cat([_zero_pad(a, (a.shape[1], *plane)), _zero_pad(b, (b.shape[1], *plane))], 1)


def attend(sources: Sequence[Tensor], weights: Tensor) -> Tensor:
    """The sum of all sources but the first, and once more times the first as a mask: NAGO's attention.

    Each source is scaled by the sigmoid of its weight, and the sum by that of the first weight. The mask goes from 0 to
    1 over each sample; the released code normalises it over the whole batch, so that samples depend on each other.
    """
    sum_scale, mask_scale, *scales = torch.sigmoid(weights)
    first, *others = sources
    mask, *scaled = align(
        [_normalise_samples(mask_scale * first), *(s * x for s, x in zip(scales, others, strict=True))]
    )
    total = sum(scaled[1:], scaled[0])
    return sum_scale * total + total * mask


def _normalise_samples(x: Tensor) -> Tensor:
    axes = tuple(range(1, x.dim()))
    low, high = x.amin(axes, keepdim=True), x.amax(axes, keepdim=True)
    return (x - low) / (high - low + EPSILON)


def align(tensors: Sequence[Tensor]) -> list[Tensor]:
    """All in one shape: each in turn makes room for itself, by zeros at the end of an axis or by flattening all."""
    aligned = [tensors[0]]
    for x in tensors[1:]:
        if x.dim() != aligned[0].dim():
            aligned, x = [other.flatten(1) for other in aligned], x.flatten(1)
        shape = tuple(map(max, aligned[0].shape[1:], x.shape[1:]))
        aligned = [_zero_pad(other, shape) for other in (*aligned, x)]
    return aligned


def _zero_pad(x: Tensor, shape: tuple[int, ...]) -> Tensor:
    """`x`, (n, ...), padded at the end of each axis to (n, *shape)."""
    missing = [length - present for present, length in zip(x.shape[1:], shape, strict=True)]
    return functional.pad(x, [n for m in reversed(missing) for n in (0, m)]) if any(missing) else x
