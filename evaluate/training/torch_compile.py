"""torch.compile for the steps of a training, where the budget pays for it: `compile=true` among its settings."""

import os
import shutil
import warnings
from collections.abc import Callable
from importlib.util import find_spec

import torch
from torch import Tensor, nn

from archwright.core.errors import ArchwrightError


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
