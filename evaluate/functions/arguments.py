"""The arguments of a user's function that are made with torch: the model, the device, and the data on it.

The costs of the model are measured as those of one that archwright trains.
"""

import time
from contextlib import suppress
from typing import Any

import torch
from attrs import evolve
from torch import nn, optim

from archwright.core.input import Input
from archwright.core.protocols import Job
from archwright.core.term import Term
from archwright.evaluate.data.loading import load_configured_dataset
from archwright.evaluate.data.tensors import to_device
from archwright.evaluate.functions.evaluation import Function
from archwright.evaluate.functions.signature import JobArguments, MakeArguments, Signature
from archwright.evaluate.network.compile import compile_architecture, count_trainable_parameters
from archwright.evaluate.network.example import make_example
from archwright.evaluate.training.checkpointing import write_job_model
from archwright.evaluate.training.cost import MEASURED_BATCH_SIZE, PeakMemory, measure_cost
from archwright.evaluate.training.device import prepare_device
from archwright.evaluate.verdict import Metrics, Verdict


def prepare_arguments(config: Function, signature: Signature, index: int, threads: int) -> MakeArguments:
    """A function that makes the arguments of each job in the worker number `index`, with so many threads.

    The device and the data are the same in every job, and made here: raises what is wrong with them.
    """
    device = prepare_device(config.device, index, threads)
    optim.Adam(nn.Linear(1, 1).parameters())  # torch imports half of itself at the first one: not in a trial's time
    shared: dict[str, Any] = {"device": device}
    if "data" in signature:
        assert config.data_settings is not None
        shared["data"] = to_device(load_configured_dataset(config.data_settings), device)

    def make_arguments(architecture: Term, seed: int) -> JobArguments:
        if "model" not in signature:
            return JobArguments(shared)
        model_input = config.model_input
        assert model_input is not None
        memory, start = PeakMemory(device), time.monotonic()
        model = compile_architecture(architecture, model_input, seed).to(device)
        parameters = count_trainable_parameters(model)  # before the function may freeze some of them

        def finish(verdict: Verdict, job: Job) -> Verdict:
            costs = {"seconds": time.monotonic() - start, **memory.measure(), "parameters": parameters}
            error = write_job_model(job, model, shared.get("data"))  # before anything else is done with the model
            costs |= _measure_cost_afterwards(model, model_input, device)
            return evolve(verdict, metrics={**costs, **verdict.metrics}, error=error)

        return JobArguments(shared | {"model": model}, finish)

    return make_arguments


def _measure_cost_afterwards(model: nn.Module, model_input: Input, device: torch.device) -> Metrics:
    """The cost of the model as the function has left it, if it can still be run; raises nothing."""
    with suppress(Exception):
        model.to(device)  # the function may have moved it
        example = make_example(model_input, MEASURED_BATCH_SIZE, seed=0)
        dtype = next((p.dtype for p in model.parameters()), torch.float32) if example.is_floating_point() else None
        return measure_cost(model, example.to(device, dtype))
    return {}
