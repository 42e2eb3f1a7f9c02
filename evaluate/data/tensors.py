"""A data set in the memory of a device, and how its images are normalised, batch by batch as they are used."""

from collections.abc import Iterable, Sequence
from functools import cached_property

import torch
from attrs import evolve, field, frozen
from torch import Tensor

from archwright.core.json import JSON
from archwright.core.shape import Shape
from archwright.evaluate.data.dataset import IMAGES_PER_CHUNK, Dataset, Images

MAX_INLINE_NUMBERS = 16  # numbers of a mean that are written into the text of a model; more are kept with the weights
FLOAT32_DIGITS = 9  # decimal digits that tell every float of 32 bits from all others


@frozen(eq=False)
class DeviceSplit:
    """Images, uint8 (n, channels, h, w), with their classes, int64 (n,)."""

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)


@frozen(eq=False)
class DeviceData:
    """The three splits on a device, with the mean and standard deviation of the training images.

    Both are (1, channels, 1, 1), one number for each channel; (1, channels, h, w) in `with_pixel_normalisation`.
    """

    train: DeviceSplit
    validation: DeviceSplit
    test: DeviceSplit
    mean: Tensor  # in steps of 1/255, as the images are
    deviation: Tensor
    class_names: tuple[str, ...] = ()  # in the order of the labels

    @property
    def device(self) -> torch.device:
        """Where all tensors are."""
        return self.mean.device

    @property
    def memory_format(self) -> torch.memory_format:
        """The memory format of images that is fastest on the device."""
        return torch.channels_last if self.device.type == "cuda" else torch.contiguous_format

    @property
    def normalisation(self) -> "Normalisation":
        """What `normalised` does, without the images."""
        mean, deviation = self.mean[0], self.deviation[0]
        return Normalisation(tuple(mean.shape), mean.flatten().tolist(), deviation.flatten().tolist())

    def normalised(self, images: Tensor) -> Tensor:
        """`images` as float, in each channel or pixel of mean 0 and deviation 1 over the training images."""
        return ((images.float() - self.mean) / self.deviation).contiguous(memory_format=self.memory_format)

    @cached_property
    def with_pixel_normalisation(self) -> "DeviceData":
        """The same images, to be normalised with a mean and deviation for each pixel of each channel."""
        count, sums, squares = len(self.train), 0, 0
        for images in self.train.images.split(IMAGES_PER_CHUNK):
            values = images.double()
            sums, squares = sums + values.sum(0, keepdim=True), squares + values.square().sum(0, keepdim=True)
        mean = torch.as_tensor(sums / count)
        deviation = torch.as_tensor(squares / count - mean.square()).clamp(min=0).sqrt()
        return evolve(self, mean=mean.float(), deviation=deviation.float().clamp(min=1.0))


def to_device(data: Dataset, device: torch.device) -> DeviceData:
    """`data` in the memory of `device`."""
    train, validation, test = (_split_to_device(images, device) for images in (data.train, data.validation, data.test))
    channels = [channel.float() for channel in train.images.unbind(1)] if len(train) else []
    mean = torch.stack([c.mean() for c in channels]).reshape(1, -1, 1, 1)
    deviation = torch.stack([c.std(correction=0) for c in channels]).reshape(1, -1, 1, 1)
    return DeviceData(train, validation, test, mean, deviation.clamp(min=1.0), data.info.class_names)


def _split_to_device(images: Images, device: torch.device) -> DeviceSplit:
    return DeviceSplit(torch.from_numpy(images.images).to(device), torch.from_numpy(images.labels).to(device))


def _round_to_float32(values: Sequence[float]) -> tuple[float, ...]:
    return tuple(float(f"{value:.{FLOAT32_DIGITS}g}") for value in values)


def _require_axes(shape: Iterable[int]) -> Shape:
    """The shape, if it is of positive integers: it is written into code, and a file may hold anything."""
    axes = tuple(shape)
    if any(type(axis) is not int or axis < 1 for axis in axes):
        raise ValueError(f"the shape of a normalisation is {axes!r:.80}; it is of positive integers")
    return axes


@frozen
class Normalisation:
    """The mean that is subtracted from images in steps of 1/255, and the deviation that they are then divided by."""

    shape: Shape = field(converter=_require_axes)  # (channels, 1, 1), or (channels, height, width)
    mean: Sequence[float] = field(converter=_round_to_float32)
    deviation: Sequence[float] = field(converter=_round_to_float32)

    @property
    def granularity(self) -> str:
        """What has a mean and a deviation of its own: channel or pixel."""
        return "channel" if self.shape[1:] == (1, 1) else "pixel"

    @property
    def is_inline(self) -> bool:
        """Whether its numbers are written into the text of a model; else they are kept with the weights."""
        return len(self.mean) <= MAX_INLINE_NUMBERS

    def to_json(self) -> JSON:
        """Its JSON."""
        return {"shape": list(self.shape), "mean": list(self.mean), "deviation": list(self.deviation)}
