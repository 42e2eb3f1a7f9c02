"""A part of MNIST, for a search that costs a quarter of one on all of it; the winner is then trained on all of it.

archwright search tfref --data examples/mnist_sample.py:load --searcher asha,sampler=smbo --budget 1epochs..9epochs \
    --configurations 24 --workers 2 --train schedule=cosine --name sample
archwright retrain sample best --data mnist --budget 3epochs --seeds 3 --workers 3 --train schedule=one_cycle

MNIST lies where `--data mnist` looks for it, too, and is downloaded to there if it does not: in the folder that
ARCHWRIGHT_DATA names, or else in ~/.cache/archwright/data.
"""

import os
from collections.abc import Mapping
from pathlib import Path

import torch
from torchvision.datasets import MNIST

LEARNED, VALIDATED = 10_000, 5_000  # how many of the 60,000 training images; their order is random already


def load() -> Mapping[str, torch.Tensor]:
    """The first training images, those to validate on after them, and all test images."""
    folder = Path(os.environ.get("ARCHWRIGHT_DATA", "~/.cache/archwright/data")).expanduser()
    learn, test = (MNIST(folder, train=train, download=True) for train in (True, False))
    validate = slice(LEARNED, LEARNED + VALIDATED)
    return {
        "images": learn.data[:LEARNED], "labels": learn.targets[:LEARNED],
        "val_images": learn.data[validate], "val_labels": learn.targets[validate],
        "test_images": test.data, "test_labels": test.targets,
    }  # fmt: skip
