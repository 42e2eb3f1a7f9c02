"""User-defined modules, one of each sort, as a space file would define them."""

from typing import Any, ClassVar, final

import attrs

import archwright as aw


@final
@aw.module
class Shrink(aw.Basic):
    """Keeps every `step`-th row and column, and a bias for each channel; needs at least as many as it steps over."""

    shape_hyperparameters: ClassVar[tuple[str, ...] | None] = ("step",)
    step: aw.Hyperparameter[int] = aw.hyperparameter(aw.integer(1))
    note: str = "as it was"

    def out_shape(self, in_shape: aw.Shape) -> aw.Shape:
        if len(in_shape) != 3 or min(in_shape[1:]) < self.step:
            raise aw.Misfit(f"shrink by {self.step} does not fit {in_shape}")
        return (in_shape[0], in_shape[1] // self.step, in_shape[2] // self.step)

    def parameters(self, in_shape: aw.Shape) -> int:
        return in_shape[0]

    def compile(self, in_shape: aw.Shape) -> Any:
        from torch import nn, zeros

        step, (_, height, width) = self.step, self.out_shape(in_shape)

        class Shrinking(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.bias = nn.Parameter(zeros(in_shape[0], 1, 1))

            def forward(self, x: Any) -> Any:
                return x[:, :, ::step, ::step][:, :, :height, :width] + self.bias

        return Shrinking()

    def source(self, in_shape: aw.Shape) -> str:
        channels, height, width = self.out_shape(in_shape)
        return f"{SHRINKING}\nShrinking({channels}, {height}, {width}, {self.step})"


SHRINKING = '''
class Shrinking(nn.Module):
    """Keeps some rows and columns, and adds a bias to each channel."""

    def __init__(self, channels, height, width, step):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(channels, 1, 1))
        self.height, self.width, self.step = height, width, step

    def forward(self, x):
        kept = x[:, :, : self.height * self.step : self.step, : self.width * self.step : self.step]
        return kept + self.bias
'''


@final
@aw.module
class Glued(aw.Composite):
    """Two modules on the input and one on both their outputs, which must have one shape."""

    pair: tuple[aw.Term, ...] = aw.children()
    head: aw.Term = aw.child()

    def child_in_shape(self, i: int, in_shape: aw.Shape, outs: tuple[aw.Shape, ...]) -> aw.Shape:
        if i < 2:
            return in_shape
        if outs[0] != outs[1]:
            raise aw.Misfit(f"glued modules give {outs[0]} and {outs[1]}")
        return (2 * outs[0][0], *outs[0][1:])

    def merge(self, in_shape: aw.Shape, outs: tuple[aw.Shape, ...]) -> aw.Shape:
        return outs[2]

    def compile(self, in_shape: aw.Shape) -> Any:
        from torch import cat, nn

        from archwright.evaluate.network.compile import build

        class Glueing(nn.ModuleList):
            def forward(self, x: Any) -> Any:
                a, b, head = self
                return head(cat([a(x), b(x)], 1))

        return Glueing(build(child, shape) for _, child, shape, _ in self.iterate_calls(in_shape))

    def source(self, in_shape: aw.Shape, inside: list[str]) -> str:
        return f"{GLUEING}\nGlueing({', '.join(inside)})"


GLUEING = '''
class Glueing(nn.Module):
    """Two modules on the input and one on both their outputs."""

    def __init__(self, a, b, head):
        super().__init__()
        self.a, self.b, self.head = a, b, head

    def forward(self, x):
        return self.head(torch.cat([self.a(x), self.b(x)], 1))
'''


@final
@aw.module
class Net(aw.Composite):
    """Any wiring, merged in one way: the sources of each module inside, then those of the output."""

    inside: tuple[aw.Term, ...] = aw.children()
    sources: tuple[tuple[int, ...], ...] = attrs.field(converter=lambda sources: tuple(map(tuple, sources)))
    merging: aw.Hyperparameter[str] = aw.hyperparameter(default="add")

    def wiring(self) -> aw.Wiring:
        *inputs, output = (aw.Joint(sources, self.merging) for sources in self.sources)
        return aw.Wiring(inputs, output)


@final
@aw.module
class Ladder(aw.Rewriting):
    """A stem of `width` filters, then `rungs` residual layers of the same width, each with choices of its own."""

    layer: aw.Term = aw.child()
    width: aw.Hyperparameter[int] = aw.hyperparameter(aw.integer(1))
    rungs: aw.Hyperparameter[int] = aw.hyperparameter(aw.integer(0))

    def expand(self) -> aw.Term:
        stem = aw.conv2d(filters=self.width, size=1)
        return aw.sequential(stem, *(aw.residual(self.layer) for _ in range(self.rungs)))


@final
@aw.module
class Recursion(aw.Rewriting):
    """A mistake: expands to itself without end, whether or not one may choose to stop."""

    body: aw.Term = aw.child()
    optional: bool = False

    def expand(self) -> aw.Term:
        expansion = Recursion(self.body, self.optional)
        return aw.sequential(self.body, aw.optional(expansion) if self.optional else expansion)


@final
@aw.module
class Nested(aw.Rewriting):
    """A module that expands to itself with one level less, and a choice at each."""

    levels: aw.Hyperparameter[int] = aw.hyperparameter(aw.integer(0))

    def expand(self) -> aw.Term:
        return aw.sequential(*([aw.dropout([0.1, 0.2]), Nested(self.levels - 1)] if self.levels else []))
