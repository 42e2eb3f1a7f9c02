"""The modules of multi-branch residual networks (Gastaldi 2017, Yamada et al. 2018, Zela et al. 2018)."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, ClassVar, final

from archwright.core.hyperparameter import Hyperparameter, hyperparameter, integer, number, one_of
from archwright.core.kind import module
from archwright.core.modules.basic import INITIALIZATIONS, ReluConvBn, as_image_shape
from archwright.core.modules.composite import Branches, Residual, Sequential, branches, sequential
from archwright.core.shape import Shape
from archwright.core.term import Basic, Rewriting, Term
from archwright.core.value import Value
from archwright.core.wiring import SHAKES

_RELUS = one_of("both", "first")
MAX_CACHED_STAGES = 4096  # an analysis asks for equal ones again and again
FAN_OUT = "he_fan_out"  # the initialization of their convolutions


@final
@module
class ShakeDrop(Basic):
    """Scales its input: in training, with the probability `rate` for a whole batch, each sample by a random number.

    That number is from [-1, 1], and on the way back, where the gradient is scaled, another one from [0, 1]. Else
    nothing happens. In evaluation all is scaled by the expected value, 1 - rate (Yamada et al. 2018, equation 6).
    """

    shape_hyperparameters: ClassVar[tuple[str, ...] | None] = ()
    rate: Hyperparameter[float] = hyperparameter(number(0.0, 1.0))

    def out_shape(self, in_shape: Shape) -> Shape:
        """That of the input."""
        return in_shape


@final
@module
class Shortcut(Basic):
    """The way past a residual block: the input as it is, where the block changes neither its width nor its size.

    Else ReLU, two paths of a convolution of one pixel with a stride, the second of which sees the image shifted by a
    pixel, one behind the other along the channels, and batch normalisation (Gastaldi 2017). `relu` is "both", or
    "first" for one on the first path alone, as in the released code of Zela et al. (2018).
    """

    shape_hyperparameters: ClassVar[tuple[str, ...] | None] = ("filters", "stride")
    filters: Hyperparameter[int] = hyperparameter(integer(1))
    stride: Hyperparameter[int] = hyperparameter(integer(1), default=1)
    relu: Hyperparameter[str] = hyperparameter(_RELUS, default="both")
    initialization: Hyperparameter[str] = hyperparameter(INITIALIZATIONS, default=FAN_OUT)

    def out_shape(self, in_shape: Shape) -> Shape:
        """(filters, height/stride, width/stride), rounded up."""
        _, height, width = as_image_shape(self.kind, in_shape)
        return self.filters, -(-height // self.stride), -(-width // self.stride)

    def changes(self, in_shape: Shape) -> bool:
        """Whether the output has another shape than the input."""
        return self.out_shape(in_shape) != in_shape

    @property
    def path_filters(self) -> tuple[int, ...]:
        """Of each path: half of them, the first one more of an odd number; a single one has one path."""
        half = self.filters // 2
        return (self.filters - half, half) if half else (self.filters,)

    def parameters(self, in_shape: Shape) -> int:
        """A weight for each channel and filter, and the normalisation's scale and shift; none where nothing changes."""
        return self.filters * (in_shape[0] + 2) if self.changes(in_shape) else 0


@final
@module
class MultiBranchStage(Rewriting):
    """`blocks` residual blocks in a row, each of `branches` branches side by side; the first changes width and size.

    A branch is ReLU, convolution, batch normalisation, and all that once more. Several are merged by `shares`, which is
    "shake" or "shake_softmax"; a single one is followed by `shake_drop(death_rate)`, unless that is 0.
    """

    shape_hyperparameters: ClassVar[tuple[str, ...] | None] = ("filters", "stride")
    closed_depth: ClassVar[int | None] = 5  # rows of blocks of branches of units
    filters: Hyperparameter[int] = hyperparameter(integer(1))
    blocks: Hyperparameter[int] = hyperparameter(integer(1))
    branches: Hyperparameter[int] = hyperparameter(integer(1))
    stride: Hyperparameter[int] = hyperparameter(integer(1), default=1)
    death_rate: Hyperparameter[float] = hyperparameter(number(0.0, 1.0), default=0.0)
    size: Hyperparameter[int] = hyperparameter(one_of(1, 3, 5, 7), default=3)
    shares: Hyperparameter[str] = hyperparameter(one_of(*SHAKES), default="shake")
    relu: Hyperparameter[str] = hyperparameter(_RELUS, default="both")

    def expand(self) -> Term:
        """The blocks, of which all but the first are one object."""
        rest = self.branches, self.death_rate, self.size, self.shares
        return _build_stage(self.blocks, self.filters, self.stride, self.relu, *rest)

    def out_shape(self, in_shape: Shape) -> Shape:
        """(filters, height/stride, width/stride), rounded up."""
        _, height, width = as_image_shape(self.kind, in_shape)
        return self.filters, -(-height // self.stride), -(-width // self.stride)

    def candidates(self, name: str, target: Term, may_be: Callable[[Term, Term], bool]) -> Sequence[Value] | None:
        """What the stage that a target may be has; of a hyperparameter that it does not show, any value."""
        match target:
            case Sequential((Branches((body, Shortcut() as skip)), *_) as blocks):
                found: dict[str, Value] = {"filters": skip.filters, "stride": skip.stride, "relu": skip.relu}
                found["blocks"] = len(blocks)
                found["branches"] = len(body.children) if isinstance(body, Branches) else 1
                if isinstance(body, Branches):
                    found["shares"] = body.merging
                elif isinstance(body, Sequential) and isinstance(body.children[-1], ShakeDrop):
                    found["death_rate"] = body.children[-1].rate
                return [found[name]] if name in found else None
            case _:
                return []


@lru_cache(MAX_CACHED_STAGES)
def _build_stage(blocks: int, filters: int, stride: int, relu: str, *rest: Any) -> Term:
    first = branches(body=_build_body(filters, stride, *rest), skip=Shortcut(filters, stride, relu))
    return Sequential((first, *(Residual(_build_body(0, 1, *rest)),) * (blocks - 1)))


@lru_cache(MAX_CACHED_STAGES)
def _build_body(filters: int, stride: int, count: int, death_rate: float, size: int, shares: str) -> Term:
    units = [ReluConvBn(size, *sizes, initialization=FAN_OUT) for sizes in ((filters, stride), (0, 1))]
    if count > 1:
        return Branches((sequential(*units),) * count, shares)
    return sequential(*units, *([ShakeDrop(death_rate)] if death_rate else []))


# Builders that take what the classes take.
multi_branch_stage = MultiBranchStage
shake_drop = ShakeDrop
shortcut = Shortcut
