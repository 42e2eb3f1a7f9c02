"""The device that a worker trains on, with torch made ready for it."""

import gc
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


def random_state(device: torch.device) -> dict[str, Any]:
    """The state of every global generator that a training on `device` can draw from, as plain values and tensors."""
    name, keys, *rest = np.random.get_state(legacy=True)
    theirs = (name, np.asarray(keys).tolist(), *rest)
    state = {"python": random.getstate(), "numpy": theirs, "torch": torch.get_rng_state()}
    if device.type == "cuda":
        state["cuda"] = torch.cuda.get_rng_state(device)
    elif device.type == "mps":
        state["mps"] = torch.mps.get_rng_state()
    return state


def restore_random_state(state: dict[str, Any], device: torch.device) -> None:
    """Puts every generator where `random_state` found it; that of a device stays if another kind was used there."""
    random.setstate(state["python"])
    np.random.set_state(state["numpy"])
    torch.set_rng_state(state["torch"])
    if device.type == "cuda" and "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"], device)
    elif device.type == "mps" and "mps" in state:
        torch.mps.set_rng_state(state["mps"])


class NoCompiler(ArchwrightError, RuntimeError):
    """A machine that lacks what torch.compile makes code with."""


def require_compiler(device: torch.device) -> None:
    """Nothing, where compiled code can be made for `device`; raises NoCompiler elsewhere."""
    if device.type == "cuda":
        if find_spec("triton") is None:
            raise NoCompiler("compile=true needs triton on a GPU; install it, or leave compile at false")
    elif not any(map(shutil.which, filter(None, (os.environ.get("CXX"), "g++", "clang++", "c++", "cl")))):
        raise NoCompiler(
            "compile=true needs a C++ compiler on a CPU: install g++ or set CXX, or leave compile at false"
        )


def for_steps(model: nn.Module, compile: bool) -> Callable[[Tensor], Tensor]:  # noqa: A002
    """What a step calls: the model, or compiled code that shares its weights, for which the first step waits.

    The model itself runs as it was written, with the names that it had: what scores it has batches of other shapes,
    each of which would be compiled anew.
    """
    if not compile:
        return model
    # Of Python 3.13.0 alone, about milliseconds; where warnings are errors, the compiler would fail.
    warnings.filterwarnings("ignore", "Guards may run slower on Python 3.13.0", RuntimeWarning)
    return torch.compile(model)


def forget() -> None:
    """Gives back what was compiled, so that a worker does not grow with its trials."""
    torch.compiler.reset()
