"""The basic modules (DeepArchitect, appendix B.1, and the usual ones since)."""

from typing import Any, ClassVar, cast, final

from archwright.core.builders import name_wrong_arguments
from archwright.core.domain import Domain
from archwright.core.expression import Expression
from archwright.core.hyperparameter import (
    Hyperparameter,
    InvalidHyperparameter,
    Slot,
    hyperparameter,
    integer,
    named_hyperparameters,
    number,
    one_of,
)
from archwright.core.kind import module
from archwright.core.shape import NEEDS_IMAGE, Misfit, Shape, TupleShape
from archwright.core.term import Basic
from archwright.core.value import Value

FUNCTIONS = (
    "relu", "relu6", "leaky_relu", "elu", "selu", "gelu", "silu", "mish", "hardswish", "softplus", "sigmoid", "tanh",
)  # fmt: skip
_PADDINGS = one_of("same", "valid")
INITIALIZATIONS = one_of("he", "he_fan_out", "released", "torch")


def as_image_shape(kind: str, in_shape: Shape) -> tuple[int, int, int]:
    """`in_shape` as (channels, height, width); Misfit if it is not that of an image."""
    if len(in_shape) != 3:
        raise Misfit(f"{kind} {NEEDS_IMAGE}; it got {in_shape}")
    return in_shape


def count_windows(kind: str, length: int, size: int, stride: int, padding: str) -> int:
    """How many windows of `size` fit on an axis of `length` (DeepArchitect's code; the same rule as TensorFlow's)."""
    if padding == "same":
        return -(-length // stride)
    if length < size:
        raise Misfit(f"{kind} with size {size} and padding 'valid' does not fit an axis of {length}")
    return -(-(length - size + 1) // stride)


@final
@module
class Affine(Basic):
    """A fully connected layer; inputs with several axes are flattened first.

    `initialization`: "he" is normal with variance 2/fan-in, "he_fan_out" with 2/fan-out; "released" is the uniform rule
    of DeepArchitect's released code; "torch" is that of torch itself, uniform with variance 1/(3 fan-in), of the bias
    too.
    """

    shape_hyperparameters: ClassVar[tuple[str, ...] | None] = ("units",)
    units: Hyperparameter[int] = hyperparameter(integer(1))
    bias: Hyperparameter[bool] = hyperparameter(one_of(True, False), default=True)
    initialization: Hyperparameter[str] = hyperparameter(INITIALIZATIONS, default="he")

    def out_shape(self, in_shape: Shape) -> Shape:
        """(units,)."""
        return (self.units,)

    def parameters(self, in_shape: Shape) -> int:
        """A weight for each pair of input and unit, and a bias for each unit."""
        size = 1
        for axis in in_shape:
            size *= axis
        return (size + self.bias) * self.units


@final
@module
class Conv2d(Basic):
    """A convolution with square windows. `padding`: "same" gives ceil(length/stride), "valid" pads nothing.

    `initialization`: "he" is normal with variance 2/fan-in, "he_fan_out" with 2/fan-out, of a window over all filters;
    "released" divides by all four axes of the filter, as DeepArchitect's released code does, which starts far smaller;
    "torch" is that of torch itself, uniform with variance 1/(3 fan-in), of the bias too.
    """

    shape_hyperparameters: ClassVar[tuple[str, ...] | None] = ("filters", "size", "stride", "padding", "groups")
    filters: Hyperparameter[int] = hyperparameter(integer(1))
    size: Hyperparameter[int] = hyperparameter(integer(1))
    stride: Hyperparameter[int] = hyperparameter(integer(1), default=1)
    padding: Hyperparameter[str] = hyperparameter(_PADDINGS, default="same")
    groups: Hyperparameter[int] = hyperparameter(integer(1), default=1)
    bias: Hyperparameter[bool] = hyperparameter(one_of(True, False), default=True)
    initialization: Hyperparameter[str] = hyperparameter(INITIALIZATIONS, default="he")

    def out_shape(self, in_shape: Shape) -> Shape:
        """(filters, windows down, windows across)."""
        channels, height, width = as_image_shape("conv2d", in_shape)
        groups = self.groups
        if groups != 1 and (channels % groups or self.filters % groups):
            raise Misfit(f"conv2d with {groups} groups cannot take {channels} channels and {self.filters} filters")
        size, stride, padding = self.size, self.stride, self.padding
        down = count_windows("conv2d", height, size, stride, padding)
        return (self.filters, down, down if width == height else count_windows("conv2d", width, size, stride, padding))

    def parameters(self, in_shape: Shape) -> int:
        """A window of weights over a group's channels for each filter, and a bias for each."""
        return self.filters * (self.size**2 * (in_shape[0] // self.groups) + self.bias)


def _pool_shape(pool: "MaxPool2d | AvgPool2d", in_shape: Shape) -> Shape:
    channels, height, width = as_image_shape(pool.kind, in_shape)
    size, stride, padding = pool.size, pool.stride, pool.padding
    down = count_windows(pool.kind, height, size, stride, padding)
    return (channels, down, down if width == height else count_windows(pool.kind, width, size, stride, padding))


@final
@module
class MaxPool2d(Basic):
    """The largest value of each window; padding never wins."""

    shape_hyperparameters: ClassVar[tuple[str, ...] | None] = ("size", "stride", "padding")
    size: Hyperparameter[int] = hyperparameter(integer(1), default=2)
    stride: Hyperparameter[int] = hyperparameter(integer(1), default=2)
    padding: Hyperparameter[str] = hyperparameter(_PADDINGS, default="valid")

    def out_shape(self, in_shape: Shape) -> Shape:
        """(channels, windows down, windows across)."""
        return _pool_shape(self, in_shape)


@final
@module
class AvgPool2d(Basic):
    """The mean of each window; padding is not counted."""

    shape_hyperparameters: ClassVar[tuple[str, ...] | None] = ("size", "stride", "padding")
    size: Hyperparameter[int] = hyperparameter(integer(1), default=2)
    stride: Hyperparameter[int] = hyperparameter(integer(1), default=2)
    padding: Hyperparameter[str] = hyperparameter(_PADDINGS, default="valid")

    def out_shape(self, in_shape: Shape) -> Shape:
        """(channels, windows down, windows across)."""
        return _pool_shape(self, in_shape)


@final
@module
class GlobalAvgPool(Basic):
    """The mean over height and width."""

    def out_shape(self, in_shape: Shape) -> Shape:
        """(channels,)."""
        return as_image_shape("global_avg_pool", in_shape)[:1]


class _SameShape(Basic):
    """A module whose output has the shape of its input, whatever its hyperparameters are."""

    __slots__ = ()
    shape_hyperparameters: ClassVar[tuple[str, ...] | None] = ()

    def out_shape(self, in_shape: Shape) -> Shape:
        """That of the input."""
        return in_shape


@final
@module
class BatchNorm(_SameShape):
    """Batch normalisation over the first axis: channels or features; running averages keep 0.9 of the old value."""

    def parameters(self, in_shape: Shape) -> int:
        """A scale and a shift for each channel or feature."""
        return 2 * in_shape[0]


@final
@module
class Dropout(_SameShape):
    """Zeroes a fraction `rate` of the values in training; DeepArchitect's released code names the fraction kept."""

    rate: Hyperparameter[float] = hyperparameter(number(0.0, 1.0))


@final
@module
class Activation(_SameShape):
    """A function of each value by itself."""

    function: Hyperparameter[str] = hyperparameter(one_of(*FUNCTIONS))

    @property
    def label(self) -> str:
        """The function's name, once it is known."""
        function: Slot = self.function
        return self.kind if isinstance(function, Domain | Expression) else str(function)


@final
@module
class Flatten(Basic):
    """Puts every axis into one."""

    def out_shape(self, in_shape: Shape) -> Shape:
        """(product of the axes,)."""
        size = 1
        for axis in in_shape:
            size *= axis
        return (size,)


@final
@module
class Identity(_SameShape):
    """Gives its input."""


@final
@module
class Zero(_SameShape):
    """Gives zeros: the absence of a connection."""


@final
@module
class Select(Basic):
    """One of several outputs that flow side by side, as a joint that merges by "tuple" gives them; 0 is the first."""

    takes_tuple: ClassVar[bool] = True
    shape_hyperparameters: ClassVar[tuple[str, ...] | None] = ("index",)
    index: Hyperparameter[int] = hyperparameter(integer(0))

    def out_shape(self, in_shape: Shape) -> Shape:
        """That of the output."""
        shapes = cast(TupleShape, in_shape).shapes
        if self.index >= len(shapes):
            raise Misfit(f"select({self.index}) of {len(shapes)} outputs side by side; 0 is the first of them")
        return shapes[self.index]


@final
@module
class ReluConvBn(Basic):
    """ReLU, a convolution without bias, batch normalisation: NAS-Bench-201's unit.

    Both sides of an axis are padded by size // 2, and `filters=0` is as many as there are channels. `initialization` is
    that of the convolution.
    """

    shape_hyperparameters: ClassVar[tuple[str, ...] | None] = ("filters", "stride")
    size: Hyperparameter[int] = hyperparameter(one_of(1, 3, 5, 7))
    filters: Hyperparameter[int] = hyperparameter(integer(0), default=0, is_optional=True)
    stride: Hyperparameter[int] = hyperparameter(integer(1), default=1, is_optional=True)
    initialization: Hyperparameter[str] = hyperparameter(INITIALIZATIONS, default="torch", is_optional=True)

    def out_shape(self, in_shape: Shape) -> Shape:
        """(filters, height/stride, width/stride), rounded up."""
        channels, height, width = as_image_shape(self.kind, in_shape)
        return self.filters or channels, -(-height // self.stride), -(-width // self.stride)

    def parameters(self, in_shape: Shape) -> int:
        """A window over the channels for each filter, and the normalisation's scale and shift."""
        return (self.filters or in_shape[0]) * (in_shape[0] * self.size**2 + 2)


@final
@module
class Settings(_SameShape):
    """Hyperparameters of the training rather than of the model, under names of one's own; no effect on the data."""

    entries: tuple[tuple[str, Slot], ...] = named_hyperparameters()

    def __attrs_post_init__(self) -> None:
        names = [name for name, _ in self.entries]
        if len(set(names)) < len(names) or not all(name.isidentifier() for name in names):
            raise InvalidHyperparameter(f"the names of settings are {names}; each must be an identifier, and unique")

    def check(self, name: str, value: Value) -> str | None:
        """None: what a setting may be is the trainer's concern."""
        return None


@name_wrong_arguments
def settings(**entries: Any) -> Settings:
    """Training hyperparameters: `settings(optimizer=["adam", "sgd"], learning_rate=reals(1e-4, 1e-1, log=True))`."""
    return Settings(tuple(entries.items()))


@name_wrong_arguments
def relu(*, name: str = "") -> Activation:
    """The rectified linear unit."""
    return Activation("relu", name=name)


@name_wrong_arguments
def activation(function: Any = FUNCTIONS, *, name: str = "") -> Activation:
    """A function of each value by itself: one by name, or a choice of several."""
    return Activation(function, name=name)
