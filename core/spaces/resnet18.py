"""ResNet-18 for small images (He et al. 2016): one architecture, against which found ones are compared."""

from archwright.core.modules.basic import Affine, BatchNorm, Conv2d, GlobalAvgPool, Identity, relu
from archwright.core.modules.composite import branches, sequential
from archwright.core.term import Term

WIDTHS = (64, 128, 256, 512)  # of the stages
BLOCKS = 2  # of each stage


def resnet18(classes: int) -> Term:
    """The usual form for images of 32 pixels: a first convolution of 3 pixels without a stride, and no pooling."""
    stages = [_build_stage(width, before) for before, width in zip((WIDTHS[0], *WIDTHS), WIDTHS, strict=False)]
    head = sequential(GlobalAvgPool(), Affine(classes, initialization="torch"))
    return sequential(_convolve(WIDTHS[0]), BatchNorm(), relu(), *stages, head)


def _build_stage(width: int, before: int) -> Term:
    return sequential(_build_block(width, before), *[_build_block(width, width)] * (BLOCKS - 1))


def _build_block(width: int, before: int) -> Term:
    """Two convolutions, and a shortcut past them; the first block of a later stage halves the image."""
    stride = 1 if width == before else 2
    body = sequential(_convolve(width, stride), BatchNorm(), relu(), _convolve(width), BatchNorm())
    skip = Identity() if width == before else sequential(_convolve(width, stride, size=1), BatchNorm())
    return sequential(branches(body=body, skip=skip), relu())


def _convolve(filters: int, stride: int = 1, size: int = 3) -> Conv2d:
    return Conv2d(filters, size, stride, bias=False, initialization="he_fan_out")
