"""What a model costs, measured: FLOPs, latency and peak memory."""

import ctypes
import re
import time
from contextlib import suppress
from pathlib import Path
from statistics import median

import torch
from torch import Tensor, nn

from archwright.evaluate.data.tensors import DeviceData
from archwright.evaluate.training.flop_counter import count_flops
from archwright.evaluate.training.trainer import compute_logits
from archwright.evaluate.verdict import Metrics

MEASURED_BATCH_SIZE = 32  # images; the same for every trial, whatever its recipe, so that latencies can be compared
MIN_LATENCY_RUNS, MAX_LATENCY_RUNS = 3, 9
LATENCY_MEASUREMENT_SECONDS = 0.01  # for all runs together: once it is over, there are no more than the minimum


@torch.no_grad()
def measure_cost(model: nn.Module, images: Tensor) -> Metrics:
    """`flops` of the forward pass of one image and `latency_seconds` of that of the batch, in eval mode.

    FLOPs are missing where they are not known, see `count_flops`. The latency is the median of 3 to 9 runs after one
    that warms up, each until the device is done.
    """
    model.eval()
    flops = count_flops(model, lambda: compute_logits(model, images))  # which warms up, too
    flops_metric = {} if flops is None else {"flops": flops / len(images)}
    return {**flops_metric, "latency_seconds": _measure_latency(model, images)}


def take_measured_batch(data: DeviceData) -> Tensor:
    """32 training images, normalised; some of them repeated if there are fewer."""
    indices = torch.arange(MEASURED_BATCH_SIZE, device=data.device) % len(data.train)
    return data.normalised(data.train.images[indices])


def _measure_latency(model: nn.Module, images: Tensor) -> float:
    """The median of the seconds of several forward passes."""
    seconds: list[float] = []  # of each run
    while len(seconds) < MIN_LATENCY_RUNS or (
        len(seconds) < MAX_LATENCY_RUNS and sum(seconds) < LATENCY_MEASUREMENT_SECONDS
    ):
        _synchronize(images.device)
        start = time.perf_counter()
        compute_logits(model, images)
        _synchronize(images.device)
        seconds.append(time.perf_counter() - start)
    return median(seconds)


def _synchronize(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


class PeakMemory:
    """The most memory that a trial takes beyond what its worker had before, such as that of torch and the data.

    On a GPU it is the memory of the trial's tensors. On a CPU it is the growth of the process's resident memory, whose
    peak only Linux can reset; memory that an earlier trial left allocated to the process is not counted when it is used
    again, so that the result may be too low.
    """

    def __init__(self, device: torch.device) -> None:
        """Starts to measure; on a system that cannot, `measure` returns nothing later."""
        self._device = device
        self._bytes_before: int | None = None
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)
            self._bytes_before = torch.cuda.memory_allocated(device)
        elif device.type == "cpu":
            _trim_heap()
            with suppress(OSError):
                Path("/proc/self/clear_refs").write_text("5")  # resets the peak (proc(5))
                self._bytes_before = _read_resident_bytes("VmRSS")

    def measure(self) -> Metrics:
        """`peak_memory_bytes` since the start; empty where the system cannot measure it."""
        if self._bytes_before is None:
            return {}
        on_gpu = self._device.type == "cuda"
        peak = torch.cuda.max_memory_allocated(self._device) if on_gpu else _read_resident_bytes("VmHWM")
        return {"peak_memory_bytes": max(0, peak - self._bytes_before)}


def _read_resident_bytes(field: str) -> int:
    """Bytes of this process in RAM: now (VmRSS) or at the peak (VmHWM); raises OSError."""
    match = re.search(rf"{field}:\s*(\d+) kB", Path("/proc/self/status").read_text())
    if match is None:
        raise OSError(f"/proc/self/status does not tell {field}")
    return int(match[1]) * 1024


def _trim_heap() -> None:
    """Returns to the system what an earlier trial has freed and the C library keeps, where that is glibc."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
