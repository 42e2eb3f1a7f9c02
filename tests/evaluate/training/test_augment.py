"""Augmentations change images as they say, each image in its own way, and keep the memory layout."""

import math

import pytest
import torch

from archwright.evaluate.training.augment import augment, crop, cutout, flip, mixup
from archwright.evaluate.training.recipe import Recipe, make_recipe


def test_cropping_moves_an_image_within_its_margin():
    torch.manual_seed(0)
    image = torch.zeros(200, 2, 5, 6)
    image[:, :, 2, 3] = 1
    moved = crop(image, 1)
    assert moved.shape == image.shape
    places = {(int(r), int(c)) for _, _, r, c in moved.nonzero()}
    assert places == {(r, c) for r in (1, 2, 3) for c in (2, 3, 4)}
    assert torch.equal(moved[:, 0], moved[:, 1])


def test_flipping_turns_half_of_the_images():
    torch.manual_seed(0)
    image = torch.tensor([1.0, 2.0, 3.0]).expand(400, 1, 1, 3)
    is_flipped = flip(image)[:, 0, 0, 0] == 3
    assert 150 < int(is_flipped.sum()) < 250
    assert torch.equal(flip(image).sort(dim=3).values, image)


def test_cutting_blanks_a_square_that_may_reach_over_the_edge():
    torch.manual_seed(0)
    blanked = (cutout(torch.ones(300, 3, 8, 8), 4) == 0).sum(dim=(2, 3))
    assert torch.equal(blanked[:, 0], blanked[:, 2])
    assert int(blanked.max()) == 16
    assert int(blanked.min()) >= 4


def test_mixing_gives_each_image_the_share_that_it_says():
    torch.manual_seed(0)
    images = torch.arange(4.0).reshape(4, 1, 1, 1)
    mixed, permutation, share = mixup(images, 0.5)
    assert 0 <= share <= 1
    assert torch.allclose(mixed, share * images + (1 - share) * images[permutation])


@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
def test_augmentation_leaves_images_in_the_layout_that_is_fast_on_their_device(layout):
    images = torch.rand(8, 3, 12, 12).contiguous(memory_format=layout)
    changed = augment(images, make_recipe({"crop": 2, "flip": True, "cutout": 4}))
    assert changed.is_contiguous(memory_format=layout)
    assert mixup(changed, 0.2)[0].is_contiguous(memory_format=layout)


def test_no_augmentation_is_none():
    images = torch.ones(2, 1, 3, 3)
    assert augment(images, Recipe()) is images
    assert math.isclose(Recipe().mixup, 0)
