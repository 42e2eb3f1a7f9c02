"""Augmentations of a batch of images, on the device that it is on; each draws from torch's global generator there."""

import torch
from torch import Tensor
from torch.nn import functional

from archwright.evaluate.training.recipe import Recipe


def augment(images: Tensor, recipe: Recipe) -> Tensor:
    """`images`, float (n, c, h, w), cropped, flipped and cut out as the recipe says."""
    if recipe.crop:
        images = crop(images, recipe.crop)
    if recipe.flip:
        images = flip(images)
    if recipe.cutout:
        images = cutout(images, recipe.cutout)
    return images


def crop(images: Tensor, padding: int) -> Tensor:
    """A random window of each image zero-padded by `padding` pixels; the window has the image's size."""
    count, _, height, width = images.shape
    top, left = torch.randint(2 * padding + 1, (2, count), device=images.device)
    windows = functional.pad(images, [padding] * 4).unfold(2, height, 1).unfold(3, width, 1)  # views, not copies
    return windows[torch.arange(count, device=images.device), :, top, left]


def flip(images: Tensor) -> Tensor:
    """Each image flipped left to right with probability 1/2."""
    is_flipped = torch.rand(len(images), 1, 1, 1, device=images.device) < 0.5
    return torch.where(is_flipped, images.flip(3), images)


def cutout(images: Tensor, size: int) -> Tensor:
    """Each image with a square of `size` pixels around a random pixel set to 0 (DeVries and Taylor 2017).

    The mean of normalised images is 0.
    """
    count, _, height, width = images.shape
    rows = _draw_intervals(count, height, size, images.device)[:, None, :, None]
    columns = _draw_intervals(count, width, size, images.device)[:, None, None, :]
    return images * ~(rows & columns)  # keeps the memory layout of the images, which masked_fill does not


def _draw_intervals(count: int, length: int, size: int, device: torch.device) -> Tensor:
    """Bool (count, length): in each row, `size` neighbours around a random one are True, clipped at the ends."""
    start = torch.randint(length, (count, 1), device=device) - size // 2
    position = torch.arange(length, device=device)
    return (position >= start) & (position < start + size)


def mixup(images: Tensor, alpha: float) -> tuple[Tensor, Tensor, Tensor]:
    """(mixed images, permutation, weight): weight * image + (1 - weight) * partner (Zhang et al. 2018).

    The partner of image i is image permutation[i]. The weight is drawn from Beta(alpha, alpha) on the images'
    device and not read: each read would make the CPU wait for a GPU.
    """
    concentration = torch.full((2,), alpha, device=images.device)
    weight = torch.distributions.Beta(concentration[0], concentration[1], validate_args=False).sample()
    permutation = torch.randperm(len(images), device=images.device)
    return images.lerp(images[permutation], 1 - weight), permutation, weight
