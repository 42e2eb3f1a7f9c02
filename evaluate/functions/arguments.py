"""What a person's own function gets that is made with torch: the model, the device, and the data on it.

Of the model it is found out what it costs, as of one that archwright trains.
"""

import time
from contextlib import suppress
from typing import Any

import torch
from attrs import evolve
from torch import nn, optim

from archwright.core.protocols import Job
from archwright.core.shape import Shape
from archwright.core.term import Term
from archwright.evaluate.config import FunctionConfig
from archwright.evaluate.data.loading import load_configured_dataset
from archwright.evaluate.data.tensors import to_device
from archwright.evaluate.functions.signature import JobArguments, MakeArguments, Signature
from archwright.evaluate.network.compile import compile_architecture, count_trainable_parameters
from archwright.evaluate.training.checkpointing import save_model
from archwright.evaluate.training.cost import MEASURED_BATCH_SIZE, PeakMemory, measure_cost
from archwright.evaluate.training.device import freeze_garbage_collector, prepare_device
from archwright.evaluate.verdict import Metrics, Verdict


def make_torch_arguments(config: FunctionConfig, asks: Signature, index: int, threads: int) -> MakeArguments:
    """What makes it for each job, from the architecture and the seed, for the worker number `index`.

    The device and the data are the same in every job. Raises what is wrong with them.
    """
    device = prepare_device(config.device, index, threads)
    optim.Adam(nn.Linear(1, 1).parameters())  # torch imports half of itself at the first one: not in a trial's time
    lasting: dict[str, Any] = {"device": device}
    if "data" in asks:
        lasting["data"] = to_device(load_configured_dataset(config), device)
    freeze_garbage_collector()

    def make(architecture: Term, seed: int) -> JobArguments:
        if "model" not in asks:
            return JobArguments(lasting)
        assert config.input_shape is not None
        memory, began = PeakMemory(device), time.monotonic()
        model = compile_architecture(architecture, config.input_shape, seed).to(device)
        size = count_trainable_parameters(model)  # before the function may freeze some of them
        shape = config.input_shape

        def finished(verdict: Verdict, job: Job) -> Verdict:
            known = {"seconds": time.monotonic() - began, **memory.measure(), "parameters": size}
            error = save_model(job, model, lasting.get("data"))  # before anything else is done with the model
            known |= _facts(model, shape, device)
            return evolve(verdict, metrics={**known, **verdict.metrics}, error=error)

        return JobArguments(lasting | {"model": model}, finished)

    return make


def _facts(model: nn.Module, shape: Shape, device: torch.device) -> Metrics:
    """What `measure_cost` tells of the model as the function has left it, if it can still be run; raises nothing."""
    with suppress(Exception):
        model.to(device)  # which it may have left
        kind = next((p.dtype for p in model.parameters()), torch.float32)
        noise = torch.randn(MEASURED_BATCH_SIZE, *shape, generator=torch.Generator().manual_seed(0))
        return measure_cost(model, noise.to(device, kind))
    return {}
