"""The inputs of models: what one is, its shape without the batch, and the type of its elements."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, overload

from attrs import field, frozen

from archwright.core.builders import name_wrong_arguments
from archwright.core.errors import ArchwrightError, suggest_names
from archwright.core.late_fields import Lasting
from archwright.core.shape import Shape, as_shape, format_shape

ElementType = Literal["float32", "int64"]


class BadInput(ArchwrightError, ValueError):
    """An input of a kind that does not exist, or with other numbers than its kind has."""


@frozen
class InputKind(Lasting):
    """What all inputs of a kind have in common."""

    tensor_name: str  # of such an input where a model has been exported
    numbers: tuple[str, ...] | None = None  # what the numbers of its text are; None: the axes of any shape
    element_type: ElementType = "float32"
    example: str = ""  # how one is written


INPUT_KINDS: Mapping[str, InputKind] = {
    "image": InputKind("images", ("channels", "height", "width"), example="image:3,32,32"),
    "features": InputKind("features", ("features",), example="features:12"),
    "tokens": InputKind("tokens", ("vocabulary", "length"), "int64", example="tokens:50,20"),
    "signal": InputKind("signal", ("channels", "length"), example="signal:2,128"),
    "tensor": InputKind("inputs", example="tensor:4,8,8,8"),
}


def _as_vocabulary(vocabulary: int | None) -> int | None:
    return None if vocabulary is None else as_shape((vocabulary,))[0]


@frozen
class Input(Lasting):
    """One input of a model, without the batch. It goes wherever a shape goes: it is a sequence of its axes.

    Images, features, signals and tensors of other shapes are floats; tokens are integers in [0, vocabulary).
    """

    kind: str  # image, features, tokens, signal or tensor
    shape: Shape = field(converter=as_shape)
    vocabulary: int | None = field(default=None, converter=_as_vocabulary)  # of tokens: how many different ones

    def __attrs_post_init__(self) -> None:
        if self.kind not in INPUT_KINDS:
            raise BadInput(f"there is no input of kind {self.kind!r}; {suggest_names(self.kind, INPUT_KINDS)}")
        known, numbers = INPUT_KINDS[self.kind], self.numbers
        if self.vocabulary is not None and "vocabulary" not in (known.numbers or ()):
            raise BadInput(f"the vocabulary of {self.kind} is {self.vocabulary}; tokens alone have one")
        if known.numbers is not None and len(numbers) != len(known.numbers):
            raise BadInput(
                f"{self.kind} has the numbers {', '.join(map(str, numbers))}; it must have {len(known.numbers)}: "
                f"{', '.join(known.numbers)}, as in {known.example}"
            )

    def __iter__(self) -> Iterator[int]:
        return iter(self.shape)

    def __len__(self) -> int:
        return len(self.shape)

    @overload
    def __getitem__(self, axis: int) -> int: ...

    @overload
    def __getitem__(self, axis: slice) -> Shape: ...

    def __getitem__(self, axis: int | slice) -> int | Shape:
        return self.shape[axis]

    def __str__(self) -> str:
        return format_input(self)

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of its text: its axes, after the vocabulary of tokens."""
        return self.shape if self.vocabulary is None else (self.vocabulary, *self.shape)

    @property
    def tensor_name(self) -> str:
        """The name of such an input where a model has been exported: images, features, tokens, signal or inputs."""
        return INPUT_KINDS[self.kind].tensor_name

    @property
    def element_type(self) -> ElementType:
        """The type of its elements, by the name that numpy and torch have for it."""
        return INPUT_KINDS[self.kind].element_type


@name_wrong_arguments
def image(channels: int, height: int, width: int) -> Input:
    """An image; sizes in pixels."""
    return Input("image", (channels, height, width))


@name_wrong_arguments
def features(count: int) -> Input:
    """A row of numbers, as of a table."""
    return Input("features", (count,))


@name_wrong_arguments
def tokens(vocabulary: int, length: int) -> Input:
    """A sequence of `length` integers in [0, vocabulary)."""
    return Input("tokens", (length,), vocabulary)


@name_wrong_arguments
def signal(channels: int, length: int) -> Input:
    """A sequence of numbers, as a sound or a time series, in one or more channels."""
    return Input("signal", (channels, length))


def as_input(value: Input | Iterable[int]) -> Input:
    """An input as it is; of a shape, what the shape alone says.

    Three axes are an image, one is features, two are a signal, and more are a tensor. Raises Misfit.
    """
    if isinstance(value, Input):
        return value
    shape = as_shape(value)
    return Input({1: "features", 2: "signal", 3: "image"}.get(len(shape), "tensor"), shape)


def name_examples(model_input: Input) -> str:
    """What a person calls the labelled inputs of a data set: images, or examples of any other kind."""
    return "images" if model_input.kind == "image" else "examples"


def format_input(value: Input) -> str:
    """The text of an input, as in tokens:50,20; see `parse_input`."""
    return f"{value.kind}:{','.join(map(str, value.numbers))}"


def describe_input(value: Input) -> str:
    """An input for people: the shape as in 3x32x32, and before it the kind where the shape alone does not say it."""
    numbers = format_shape(value.numbers)
    return numbers if value == as_input(value.shape) else f"{value.kind} {numbers}"


def parse_input(text: str) -> Input:
    """The input that a text names, as image:3,32,32, features:12, tokens:50,20 (vocabulary, length) or signal:2,128.

    A shape alone, as in 3,32,32 or 3x32x32, names an input of that shape. Raises BadInput.
    """
    kind, colon, axes = text.strip().rpartition(":")
    numbers = _parse_numbers(axes)
    if numbers is None or (colon and not kind):
        known = INPUT_KINDS.get(kind)
        example = known.example if known else "3,32,32 or tokens:50,20"
        raise BadInput(f"the input is {text!r}; write positive integers without a batch, as in {example}")
    if not colon:
        return as_input(numbers)
    if kind in INPUT_KINDS and "vocabulary" in (INPUT_KINDS[kind].numbers or ()) and len(numbers) > 1:
        return Input(kind, numbers[1:], numbers[0])
    return Input(kind, numbers)


def _parse_numbers(text: str) -> Sequence[int] | None:
    """The positive integers of a text such as 3,32,32, (3, 32, 32) or 3x32x32; None if it has anything else."""
    parts = [part.strip() for part in text.replace("x", ",").strip("() ").split(",")]
    if not all(part.isascii() and part.isdecimal() for part in parts):
        return None
    numbers = [int(part) for part in parts]
    return numbers if min(numbers) > 0 else None


def input_to_text(value: Input) -> str | None:
    """What a log has of an input beside its shape: its text; None where the shape alone says as much."""
    return None if value == as_input(value.shape) else format_input(value)


def input_from_text(text: str | None, shape: Iterable[int]) -> Input:
    """The input of a log that has that text, as `input_to_text` gives it, and the shape. Raises BadInput or Misfit."""
    by_shape = as_input(shape)
    value = by_shape if text is None else parse_input(text)
    if value.shape != by_shape.shape:
        raise BadInput(f"the input is {text!r}, and its shape {by_shape.shape}; they must say the same")
    return value


def read_input(value: Input | Shape | str | None) -> Input | None:
    """The input of the models; None: the data or the space says it. Raises BadInput and Misfit."""
    if value is None or isinstance(value, Input):
        return value
    return parse_input(value) if isinstance(value, str) else as_input(value)
