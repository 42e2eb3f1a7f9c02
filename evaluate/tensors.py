"""A data set in the memory of a device, normalised batch by batch as it is used."""

import torch
from attrs import frozen
from torch import Tensor

from archwright.evaluate.data import Dataset
from archwright.evaluate.images import Images


@frozen(eq=False)
class Split:
    """Images, uint8 (n, channels, h, w), with their classes, int64 (n,)."""

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)


@frozen(eq=False)
class DeviceData:
    """The three splits on a device, with the mean and deviation of the training images, both (1, channels, 1, 1)."""

    train: Split
    validation: Split
    test: Split
    mean: Tensor  # in steps of 1/255, as the images are
    deviation: Tensor

    @property
    def device(self) -> torch.device:
        """Where everything is."""
        return self.mean.device

    @property
    def layout(self) -> torch.memory_format:
        """The memory layout of images that is fastest on the device."""
        return torch.channels_last if self.device.type == "cuda" else torch.contiguous_format

    def normalised(self, images: Tensor) -> Tensor:
        """`images` as float of mean 0 and deviation 1 in each channel."""
        return ((images.float() - self.mean) / self.deviation).contiguous(memory_format=self.layout)


def on_device(data: Dataset, device: torch.device) -> DeviceData:
    """`data` in the memory of `device`."""

    def moved(images: Images) -> Split:
        return Split(torch.from_numpy(images.images).to(device), torch.from_numpy(images.labels).to(device))

    train = moved(data.train)
    channels = [channel.float() for channel in train.images.unbind(1)] if len(train) else []
    mean = torch.stack([c.mean() for c in channels]).reshape(1, -1, 1, 1)
    deviation = torch.stack([c.std(correction=0) for c in channels]).reshape(1, -1, 1, 1)
    return DeviceData(train, moved(data.validation), moved(data.test), mean, deviation.clamp(min=1.0))
