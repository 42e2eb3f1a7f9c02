"""What is known of a trained model beside its scores: its work, its speed, and the memory that its trial took."""

import ctypes
import re
import time
from contextlib import suppress
from pathlib import Path
from statistics import median

import torch
from torch import Tensor, nn

from archwright.evaluate.data.tensors import DeviceData
from archwright.evaluate.training.flops import flops
from archwright.evaluate.training.learner import forward
from archwright.evaluate.verdict import Metrics

BATCH = 32  # images; the same for every trial, whatever its recipe, so that latencies can be compared
FEWEST, MOST = 3, 9  # times that a batch is run to measure its latency ...
ENOUGH = 0.01  # ... until so many seconds are spent on it


def a_batch(data: DeviceData) -> Tensor:
    """32 training images, normalised; some of them more than once where there are fewer."""
    return data.normalised(data.train.images[torch.arange(BATCH, device=data.device) % len(data.train)])


@torch.no_grad()
def facts(model: nn.Module, images: Tensor) -> Metrics:
    """`flops` of one image's forward pass and `latency_seconds` of the batch, in eval mode where the images are.

    FLOPs are two for a multiplication with its addition in products of matrices, convolutions, attention and recurrent
    layers, and none for anything else; there are none of a model that has weights in an operation whose cost is not
    known. The latency is the median of 3 to 9 runs after one that warms up, each until the device is done.
    """
    model.eval()
    work = flops(model, lambda: forward(model, images))
    known = {} if work is None else {"flops": work / len(images)}
    return {**known, "latency_seconds": _latency(model, images)}


def _latency(model: nn.Module, images: Tensor) -> float:
    spent: list[float] = []
    while len(spent) < FEWEST or (len(spent) < MOST and sum(spent) < ENOUGH):
        _wait(images.device)
        began = time.perf_counter()
        forward(model, images)
        _wait(images.device)
        spent.append(time.perf_counter() - began)
    return median(spent)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


class Memory:
    """The memory that a trial takes: what a worker held before does not count, such as torch and the data.

    Of a GPU, it is what the trial's tensors take. On a CPU, it is how far the resident memory of the process grew,
    which Linux can tell of a stretch of time; memory that an earlier trial left to the process counts as held before,
    so that it is less than the truth now and then.
    """

    def __init__(self, device: torch.device) -> None:
        """Begins to measure; raises nothing, as memory may be unknown."""
        self._device = device
        self._before: int | None = None
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)
            self._before = torch.cuda.memory_allocated(device)
        elif device.type == "cpu":
            _give_back()
            with suppress(OSError):
                Path("/proc/self/clear_refs").write_text("5")  # the peak is that since now (proc(5))
                self._before = _resident("VmRSS")

    def peak(self) -> Metrics:
        """`peak_memory_bytes` since the beginning; nothing where the system does not tell."""
        if self._before is None:
            return {}
        cuda = self._device.type == "cuda"
        highest = torch.cuda.max_memory_allocated(self._device) if cuda else _resident("VmHWM")
        return {"peak_memory_bytes": max(0, highest - self._before)}


def _resident(name: str) -> int:
    """Bytes of this process in RAM, now (VmRSS) or at most (VmHWM)."""
    found = re.search(rf"{name}:\s*(\d+) kB", Path("/proc/self/status").read_text())
    if found is None:
        raise OSError(f"/proc/self/status does not tell {name}")
    return int(found[1]) * 1024


def _give_back() -> None:
    """Hands the system what an earlier trial has freed and the C library keeps, where that is glibc."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
