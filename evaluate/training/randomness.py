"""Where the global random generators stand: Python's, numpy's, torch's, and that of a device."""

import random
from typing import Any

import numpy as np
import torch


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
