"""A data set in the memory of a device, normalised batch by batch as it is used."""

from collections.abc import Iterable, Sequence
from functools import cached_property

import torch
from attrs import evolve, field, frozen
from torch import Tensor

from archwright.core.json import JSON
from archwright.core.shape import Shape
from archwright.evaluate.data.dataset import Dataset, Images

SUMMED_AT_ONCE = 4096  # images, which take eight times their memory meanwhile


@frozen(eq=False)
class DeviceSplit:
    """Images, uint8 (n, channels, h, w), with their classes, int64 (n,)."""

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)


@frozen(eq=False)
class DeviceData:
    """The three splits on a device, with the mean and deviation of the training images, both (1, channels, 1, 1).

    Of each pixel, (1, channels, h, w), in `by_pixel`.
    """

    train: DeviceSplit
    validation: DeviceSplit
    test: DeviceSplit
    mean: Tensor  # in steps of 1/255, as the images are
    deviation: Tensor
    class_names: tuple[str, ...] = ()  # in the order of the labels

    @property
    def device(self) -> torch.device:
        """Where everything is."""
        return self.mean.device

    @property
    def layout(self) -> torch.memory_format:
        """The memory layout of images that is fastest on the device."""
        return torch.channels_last if self.device.type == "cuda" else torch.contiguous_format

    def normalised(self, images: Tensor) -> Tensor:
        """`images` as float of mean 0 and deviation 1 over the training images, in each channel or each pixel."""
        return ((images.float() - self.mean) / self.deviation).contiguous(memory_format=self.layout)

    @cached_property
    def by_pixel(self) -> "DeviceData":
        """The same images, to be normalised in each pixel of each channel by itself."""
        count, sums, squares = len(self.train), 0, 0
        for images in self.train.images.split(SUMMED_AT_ONCE):
            values = images.double()
            sums, squares = sums + values.sum(0, keepdim=True), squares + values.square().sum(0, keepdim=True)
        mean = torch.as_tensor(sums / count)
        deviation = torch.as_tensor(squares / count - mean.square()).clamp(min=0).sqrt()
        return evolve(self, mean=mean.float(), deviation=deviation.float().clamp(min=1.0))


def to_device(data: Dataset, device: torch.device) -> DeviceData:
    """`data` in the memory of `device`."""

    def moved(images: Images) -> DeviceSplit:
        return DeviceSplit(torch.from_numpy(images.images).to(device), torch.from_numpy(images.labels).to(device))

    train = moved(data.train)
    channels = [channel.float() for channel in train.images.unbind(1)] if len(train) else []
    mean = torch.stack([c.mean() for c in channels]).reshape(1, -1, 1, 1)
    deviation = torch.stack([c.std(correction=0) for c in channels]).reshape(1, -1, 1, 1)
    return DeviceData(
        train, moved(data.validation), moved(data.test), mean, deviation.clamp(min=1.0), data.info.class_names
    )


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
