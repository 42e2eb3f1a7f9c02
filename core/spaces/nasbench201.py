"""The space of NAS-Bench-201 (Dong and Yang 2020): one cell of six edges in all places of a fixed network."""

from collections.abc import Mapping
from itertools import pairwise
from typing import ClassVar, final

from attrs import field
from attrs.validators import ge

from archwright.core.modules.basic import AvgPool2d, Identity, ReluConvBn, Zero, as_image_shape
from archwright.core.modules.graphs import Edge, cell
from archwright.core.shape import Shape
from archwright.core.term import Composite, Term, child, module

EDGES: tuple[Edge, ...] = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))  # the benchmark's order
OPERATIONS: Mapping[str, Term] = {
    "none": Zero(),
    "skip_connect": Identity(),
    "nor_conv_1x1": ReluConvBn(1),
    "nor_conv_3x3": ReluConvBn(3),
    "avg_pool_3x3": AvgPool2d(3, 1, "same"),
}
STAGES = 3


@final
@module
class Nasbench201Network(Composite):
    """A stem, three stages of equal cells, and a classifier.

    A residual block between two stages halves height and width and doubles the channels. The cell is chosen once; each
    of its places in the network has its own weights.
    """

    kind: ClassVar[str] = "nasbench201"
    cell: Term = child()
    classes: int = field(default=10, validator=ge(1))
    channels: int = field(
        default=16, validator=ge(1)
    )  # of the first stage; each later stage has twice those of the one before
    cells: int = field(default=5, validator=ge(0))  # of each stage

    def child_in_shape(self, i: int, in_shape: Shape, outs: tuple[Shape, ...]) -> Shape:
        """The output shape of the stem."""
        return (self.channels, *as_image_shape(self.kind, in_shape)[1:])

    def merge(self, in_shape: Shape, outs: tuple[Shape, ...]) -> Shape:
        """(classes,)."""
        return (self.classes,)

    def stages(self, in_shape: Shape) -> tuple[Shape, ...]:
        """The shape in each stage, [channels, height, width]."""
        _, height, width = in_shape
        return tuple((self.channels * 2**i, -(-height // 2**i), -(-width // 2**i)) for i in range(STAGES))

    def parameters(self, in_shape: Shape) -> int:
        """The number of parameters of the stem, every cell, the residual blocks, and the classifier."""
        stem = self.channels * (9 * in_shape[0] + 2)
        shapes = self.stages(in_shape)
        cells = sum(self.cells * self.cell.parameters(shape) for shape in shapes)
        blocks = sum(
            wide * (9 * narrow + 2) + wide * (9 * wide + 2) + wide * narrow
            for (narrow, *_), (wide, *_) in pairwise(shapes)
        )
        last = shapes[-1][0]
        return stem + cells + blocks + 2 * last + (last + 1) * self.classes


def nasbench201(classes: int = 10, connected: bool = False) -> Term:
    """The benchmark's space: 15,625 cells, of which 15,284 are connected."""
    return Nasbench201Network(cell(EDGES, connected, **OPERATIONS), classes)
