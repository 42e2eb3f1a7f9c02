"""A data set in the memory of a device, and how its images are normalised, batch by batch as they are used."""

from collections.abc import Iterable, Sequence
from functools import cached_property

import torch
from attrs import evolve, field, frozen
from torch import Tensor

from archwright.core.errors import show
from archwright.core.json import JSON
from archwright.core.shape import Shape
from archwright.evaluate.data.dataset import IMAGES_PER_CHUNK, Dataset, Images

MAX_INLINE_NUMBERS = 16  # numbers of a mean that are written into the text of a model; more are kept with the weights
FLOAT32_DIGITS = 9  # decimal digits that tell every float of 32 bits from all others


@frozen(eq=False)
class DeviceSplit:
    """Images, uint8 (n, channels, h, w), or other inputs, int64 or float32; with their classes, int64 (n,)."""

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)


@frozen(eq=False)
class DeviceData:
    """The three splits on a device, with the mean and standard deviation of the training images.

    Both are (1, channels, 1, 1), one number for each channel; (1, channels, h, w) in `with_pixel_normalisation`. For
    other inputs there is one number for each index of the first axis; integers are not normalised.
    """

    train: DeviceSplit
    validation: DeviceSplit
    test: DeviceSplit
    mean: Tensor  # as the inputs are: of images, in steps of 1/255
    deviation: Tensor
    class_names: tuple[str, ...] = ()  # in the order of the labels

    @property
    def device(self) -> torch.device:
        """Where all tensors are."""
        return self.mean.device

    @property
    def memory_format(self) -> torch.memory_format:
        """The memory format of images that is fastest on the device."""
        is_image = self.train.images.dim() == 4
        return torch.channels_last if is_image and self.device.type == "cuda" else torch.contiguous_format

    @property
    def is_normalised(self) -> bool:
        """Whether `normalised` changes anything: integers stay as they are."""
        return self.train.images.dtype != torch.int64

    @property
    def normalisation(self) -> "Normalisation | None":
        """What `normalised` does, without the images; None where it does nothing."""
        if not self.is_normalised:
            return None
        mean, deviation = self.mean[0], self.deviation[0]
        return Normalisation(tuple(mean.shape), mean.flatten().tolist(), deviation.flatten().tolist())

    def normalised(self, images: Tensor) -> Tensor:
        """`images` as float, in each channel or pixel of mean 0 and deviation 1 over the training images.

        Integers, as tokens are, stay as they are.
        """
        if not self.is_normalised:
            return images
        return ((images.float() - self.mean) / self.deviation).contiguous(memory_format=self.memory_format)

    @cached_property
    def with_pixel_normalisation(self) -> "DeviceData":
        """The same images, to be normalised with a mean and deviation for each pixel of each channel."""
        if not self.is_normalised:
            return self
        count, sums, squares = len(self.train), 0, 0
        for images in self.train.images.split(IMAGES_PER_CHUNK):
            values = images.double()
            sums, squares = sums + values.sum(0, keepdim=True), squares + values.square().sum(0, keepdim=True)
        mean = torch.as_tensor(sums / count)
        deviation = torch.as_tensor(squares / count - mean.square()).clamp(min=0).sqrt()
        return evolve(self, mean=mean.float(), deviation=_replace_small(deviation.float(), self.train.images.dtype))


def to_device(data: Dataset, device: torch.device) -> DeviceData:
    """`data` in the memory of `device`."""
    train, validation, test = (_split_to_device(images, device) for images in (data.train, data.validation, data.test))
    class_names, dtype = data.info.class_names, train.images.dtype
    if dtype == torch.int64:
        nothing = torch.empty(0, device=device)
        return DeviceData(train, validation, test, nothing, nothing, class_names)
    channels = [channel.float() for channel in train.images.unbind(1)] if len(train) else []
    shape = (1, -1, *(1 for _ in train.images.shape[2:]))
    mean = torch.stack([c.mean() for c in channels]).reshape(shape)
    deviation = torch.stack([c.std(correction=0) for c in channels]).reshape(shape)
    return DeviceData(train, validation, test, mean, _replace_small(deviation, dtype), class_names)


def _replace_small(deviation: Tensor, dtype: torch.dtype) -> Tensor:
    """Deviations to divide by: of images of 8 bits, 1 at least; of floats, 1 where all are alike."""
    return deviation.clamp(min=1.0) if dtype == torch.uint8 else deviation.masked_fill(deviation == 0, 1.0)


def _split_to_device(images: Images, device: torch.device) -> DeviceSplit:
    return DeviceSplit(torch.from_numpy(images.images).to(device), torch.from_numpy(images.labels).to(device))


def _round_to_float32(values: Sequence[float]) -> tuple[float, ...]:
    return tuple(float(f"{value:.{FLOAT32_DIGITS}g}") for value in values)


def _require_axes(shape: Iterable[int]) -> Shape:
    """The shape, if it is of positive integers: it is written into code, and a file may hold anything."""
    axes = tuple(shape)
    if any(type(axis) is not int or axis < 1 for axis in axes):
        raise ValueError(f"the shape of a normalisation is {show(axes)}; it is of positive integers")
    return axes


@frozen
class Normalisation:
    """The mean that is subtracted from inputs, and the deviation that they are then divided by.

    Both are as the inputs are: of images, in steps of 1/255.
    """

    shape: Shape = field(converter=_require_axes)  # (channels, 1, 1), or (channels, height, width); or of other inputs
    mean: Sequence[float] = field(converter=_round_to_float32)
    deviation: Sequence[float] = field(converter=_round_to_float32)

    @property
    def granularity(self) -> str:
        """What has a mean and a deviation of its own: channel, pixel or feature."""
        if len(self.shape) == 1:
            return "feature"
        return "channel" if all(axis == 1 for axis in self.shape[1:]) else "pixel"

    @property
    def is_inline(self) -> bool:
        """Whether its numbers are written into the text of a model; else they are kept with the weights."""
        return len(self.mean) <= MAX_INLINE_NUMBERS

    def to_json(self) -> JSON:
        """Its JSON."""
        return {"shape": list(self.shape), "mean": list(self.mean), "deviation": list(self.deviation)}
