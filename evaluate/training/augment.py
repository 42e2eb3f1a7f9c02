"""Random changes to a batch of images, on the device that it is on; they draw from torch's global generator there."""

import torch
from torch import Tensor
from torch.nn import functional

from archwright.evaluate.training.recipe import Recipe


def augmented(images: Tensor, how: Recipe) -> Tensor:
    """`images`, float (n, c, h, w), cropped, flipped and cut as the recipe says."""
    if how.crop:
        images = cropped(images, how.crop)
    if how.flip:
        images = flipped(images)
    if how.cutout:
        images = cut(images, how.cutout)
    return images


def cropped(images: Tensor, margin: int) -> Tensor:
    """A window of each image's own size, anywhere in the image with `margin` zeros around it."""
    count, _, height, width = images.shape
    down, across = torch.randint(2 * margin + 1, (2, count), device=images.device)
    windows = functional.pad(images, [margin] * 4).unfold(2, height, 1).unfold(3, width, 1)  # views, not copies
    return windows[torch.arange(count, device=images.device), :, down, across]


def flipped(images: Tensor) -> Tensor:
    """Each image, left to right with a chance of one half."""
    coin = torch.rand(len(images), 1, 1, 1, device=images.device) < 0.5
    return torch.where(coin, images.flip(3), images)


def cut(images: Tensor, side: int) -> Tensor:
    """Each image with a square of `side` pixels, around any place, set to 0, the mean (DeVries and Taylor 2017)."""
    count, _, height, width = images.shape
    rows = _covered(count, height, side, images.device)[:, None, :, None]
    columns = _covered(count, width, side, images.device)[:, None, None, :]
    return images * ~(rows & columns)  # in the images' own layout, which masked_fill gives up


def _covered(count: int, length: int, side: int, device: torch.device) -> Tensor:
    """Bool (count, length): a run of `side` places, cut off at the ends."""
    start = torch.randint(length, (count, 1), device=device) - side // 2
    place = torch.arange(length, device=device)
    return (place >= start) & (place < start + side)


def mixed(images: Tensor, alpha: float) -> tuple[Tensor, Tensor, Tensor]:
    """Each image with a share of another, which other, and the share of the first (mixup, Zhang et al. 2018).

    The share is drawn where the images are, and not looked at: a GPU has to finish its work for each look.
    """
    both = torch.full((2,), alpha, device=images.device)
    share = torch.distributions.Beta(both[0], both[1], validate_args=False).sample()
    other = torch.randperm(len(images), device=images.device)
    return images.lerp(images[other], 1 - share), other, share
