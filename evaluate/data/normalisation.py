"""What images are normalised with: kept beside the weights of a model, which is of no use without it."""

from collections.abc import Iterable, Sequence

from attrs import field, frozen

from archwright.core.serial import JSON
from archwright.core.term import Shape
from archwright.evaluate.data.tensors import DeviceData

WRITTEN_OUT = 16  # numbers of a mean that a text may hold; more are kept with the weights
DIGITS = 9  # that tell every float of 32 bits from all others


def _rounded(values: Sequence[float]) -> tuple[float, ...]:
    return tuple(float(f"{value:.{DIGITS}g}") for value in values)


def _axes(shape: Iterable[int]) -> Shape:
    """A shape that stands in code as it is: what is read of a file may be anything."""
    axes = tuple(shape)
    if any(type(axis) is not int or axis < 1 for axis in axes):
        raise ValueError(f"the shape of a normalisation is {axes!r:.80}; it is of positive integers")
    return axes


@frozen
class Normalisation:
    """What is subtracted from images in steps of 1/255, and what the rest is divided by."""

    shape: Shape = field(converter=_axes)  # (channels, 1, 1), or (channels, height, width)
    mean: Sequence[float] = field(converter=_rounded)
    deviation: Sequence[float] = field(converter=_rounded)

    @property
    def of_each(self) -> str:
        """What has a mean and a deviation of its own."""
        return "channel" if self.shape[1:] == (1, 1) else "pixel"

    @property
    def is_written_out(self) -> bool:
        """Whether it stands in the text of a model; else it is kept with the weights."""
        return len(self.mean) <= WRITTEN_OUT

    def to_json(self) -> JSON:
        """Its JSON."""
        return {"shape": list(self.shape), "mean": list(self.mean), "deviation": list(self.deviation)}


def normalisation_of(data: DeviceData) -> Normalisation:
    """What a data set's images are normalised with."""
    mean, deviation = data.mean[0], data.deviation[0]
    return Normalisation(tuple(mean.shape), mean.flatten().tolist(), deviation.flatten().tolist())
