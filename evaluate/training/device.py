"""Torch in a worker process: the device that it trains on, its random number generators, and its compiler."""

import os
import random
import shutil
import warnings
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from archwright.core.errors import ArchwrightError


class NoSuchDevice(ArchwrightError, ValueError):
    """A device that this machine does not have."""


class NoCompiler(ArchwrightError, RuntimeError):
    """A machine without the compiler that torch.compile needs."""


def prepare_device(name: str, worker_index: int, threads: int) -> torch.device:
    """The chosen device, see `choose_device`; sets the number of CPU threads that torch uses in this process."""
    torch.set_num_threads(threads)
    with suppress(RuntimeError):  # it was set before in this process
        torch.set_num_interop_threads(1)  # there is one model, one operation after the other
    torch.backends.cudnn.benchmark = True  # all batches of a training have one shape, and a worker stays warm
    return choose_device(name, worker_index)


def choose_device(name: str, worker_index: int) -> torch.device:
    """The device of that name; for "auto", the GPU that the worker of this index shares, or the CPU if there is none.

    Raises NoSuchDevice.
    """
    gpu_count = torch.cuda.device_count()
    if name == "auto":
        return torch.device("cuda", worker_index % gpu_count) if gpu_count else torch.device("cpu")
    device = torch.device(name)
    if device.type == "cuda" and (device.index or 0) >= gpu_count:
        raise NoSuchDevice(f"the device is {name}, and this machine has {gpu_count} CUDA devices; give auto or cpu")
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise NoSuchDevice("the device is mps, which this machine does not have; give auto or cpu")
    return device


def get_rng_state(device: torch.device) -> dict[str, Any]:
    """The state of every global generator that a training on `device` can draw from, as plain values and tensors."""
    name, keys, *rest = np.random.get_state(legacy=True)
    state = {
        "python": random.getstate(),
        "numpy": (name, np.asarray(keys).tolist(), *rest),
        "torch": torch.get_rng_state(),
    }
    if device.type == "cuda":
        state["cuda"] = torch.cuda.get_rng_state(device)
    elif device.type == "mps":
        state["mps"] = torch.mps.get_rng_state()
    return state


def set_rng_state(state: dict[str, Any], device: torch.device) -> None:
    """Restores what `get_rng_state` returned, except for a GPU's generator if that was on another type of device."""
    random.setstate(state["python"])
    np.random.set_state(state["numpy"])
    torch.set_rng_state(state["torch"])
    if device.type == "cuda" and "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"], device)
    elif device.type == "mps" and "mps" in state:
        torch.mps.set_rng_state(state["mps"])


def require_compiler(device: torch.device) -> None:
    """Raises NoCompiler if torch.compile cannot generate code for `device` on this machine."""
    if device.type == "cuda":
        if find_spec("triton") is None:
            raise NoCompiler("compile=true needs triton on a GPU; install it, or leave compile at false")
    elif not any(map(shutil.which, filter(None, (os.environ.get("CXX"), "g++", "clang++", "c++", "cl")))):
        raise NoCompiler(
            "compile=true needs a C++ compiler on a CPU: install g++ or set CXX, or leave compile at false"
        )


def compile_for_training(model: nn.Module) -> Callable[[Tensor], Tensor]:
    """The forward pass of training steps as compiled code that shares the model's weights; the first step compiles.

    The model itself stays as it is, with the names of its parameters: it is evaluated with batches of other shapes,
    each of which would be compiled anew.
    """
    # Python 3.13.0 alone gives this warning, about milliseconds; where warnings are errors, the compiler would fail.
    warnings.filterwarnings("ignore", "Guards may run slower on Python 3.13.0", RuntimeWarning)
    return torch.compile(model)


def reset_compiler() -> None:
    """Frees all compiled code, so that the memory of a worker does not grow with its trials."""
    torch.compiler.reset()
