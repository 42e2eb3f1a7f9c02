"""The device that a worker trains on, with torch made ready for it."""

import gc
from contextlib import suppress

import torch

from archwright.core.errors import ArchwrightError


class NoSuchDevice(ArchwrightError, ValueError):
    """A device that this machine does not have."""


def chosen_device(name: str, index: int) -> torch.device:
    """The device of that name, or for auto the share of the worker number `index`; raises NoSuchDevice."""
    count = torch.cuda.device_count()
    if name == "auto":
        return torch.device("cuda", index % count) if count else torch.device("cpu")
    device = torch.device(name)
    if device.type == "cuda" and (device.index or 0) >= count:
        raise NoSuchDevice(f"the device is {name}, and this machine has {count} CUDA devices; give auto or cpu")
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise NoSuchDevice("the device is mps, which this machine does not have; give auto or cpu")
    return device


def ready_device(name: str, index: int, threads: int) -> torch.device:
    """The chosen device, in a process whose torch uses so many CPU threads."""
    torch.set_num_threads(threads)
    with suppress(RuntimeError):  # it was set before in this process
        torch.set_num_interop_threads(1)  # there is one model, one operation after the other
    torch.backends.cudnn.benchmark = True  # all batches of a training have one shape, and a worker stays warm
    return chosen_device(name, index)


def settled() -> None:
    """Takes what is there by now, imports and data, out of the collector's way: it lasts as long as the worker."""
    gc.collect()
    gc.freeze()
