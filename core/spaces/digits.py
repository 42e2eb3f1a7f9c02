"""The space of archwright's own examples: small convolutional networks for small images."""

from archwright.core.modules.basic import (
    Affine,
    BatchNorm,
    Conv2d,
    Dropout,
    GlobalAvgPool,
    MaxPool2d,
    activation,
    relu,
    settings,
)
from archwright.core.modules.choices import Repeat, either, maybe_swap, optional
from archwright.core.modules.composite import sequential
from archwright.core.ranges import reals
from archwright.core.term import Term


def digits(classes: int) -> Term:
    """Small convolutional networks and their training, for images of a few pixels such as those of the digits."""
    layer = sequential(
        Conv2d(filters=[8, 16, 32], size=[3, 5]),
        maybe_swap(BatchNorm(), activation(["relu", "gelu", "silu"])),
    )
    return sequential(
        settings(optimizer=["adam", "sgd"], learning_rate=reals(1e-3, 3e-2, log=True), batch_size=[32, 64, 128]),
        Repeat(layer, count=[1, 2, 3]),
        optional(MaxPool2d(size=2, stride=2, padding="same")),
        either(flat=sequential(Affine(units=[32, 64, 128]), relu()), pooled=GlobalAvgPool()),
        optional(Dropout(rate=[0.1, 0.3, 0.5])),
        Affine(units=classes),
    )
