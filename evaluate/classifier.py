"""Jobs that train the architecture as a classifier of images."""

import gc

import torch
from torch import nn

from archwright.core.architecture import require_specified, settings_of
from archwright.core.errors import ArchwrightError
from archwright.core.serial import from_json
from archwright.core.term import Term
from archwright.core.trial import Job
from archwright.evaluate.attempt import Evaluate, Tell, Verdict, is_out_of_memory
from archwright.evaluate.compile import compiled
from archwright.evaluate.config import TrainingConfig
from archwright.evaluate.data import DataInfo, read
from archwright.evaluate.failure import account
from archwright.evaluate.recipe import Recipe, recipe
from archwright.evaluate.tensors import on_device
from archwright.evaluate.training import optimizer, parameters, train


class NotAClassifier(ArchwrightError, ValueError):
    """An architecture that cannot be trained to tell the classes of the data apart."""


class NoSuchDevice(ArchwrightError, ValueError):
    """A device that this machine does not have."""


def prepare(config: TrainingConfig, index: int, threads: int) -> Evaluate:
    """How jobs are trained: with the data in the memory of the device that the worker number `index` gets."""
    torch.set_num_threads(threads)
    device = _device(config.device, index)
    dataset = read(config.data, config.data_dir, config.validation, config.split_seed)
    info, data = dataset.info, on_device(dataset, device)
    optimizer(nn.Linear(1, 1), Recipe())  # torch imports half of itself at the first optimizer: not in a trial's time
    gc.collect()
    gc.freeze()

    def evaluate(job: Job, tell: Tell) -> Verdict:
        try:
            architecture = from_json(job.architecture)
            require_specified(architecture)
            how = recipe(config.settings, settings_of(architecture))
            model = classifier(architecture, info, job.seed)
            model.to(device).to(memory_format=data.layout)  # pyright: ignore[reportCallIssue]  (a form of its that torch's types lack)
        except Exception as error:  # a person's kind of module may raise anything
            if is_out_of_memory(error):
                raise
            return Verdict("invalid", error=account(error))
        try:
            return train(model, data, how, job.budget, job.seed, tell, config.keep)
        finally:
            gc.collect()

    return evaluate


def classifier(architecture: Term, info: DataInfo, seed: int) -> nn.Module:
    """The torch module of an architecture that gives a logit for each class of the data; raises NotAClassifier."""
    out_shape = architecture.out_shape(info.input_shape)
    if out_shape != (info.classes,):
        raise NotAClassifier(
            f"the architecture's output has the shape {out_shape}, and {info.name} has {info.classes} classes; "
            f"end the space with affine(units={info.classes})"
        )
    model = compiled(architecture, info.input_shape, seed)
    if not parameters(model):
        raise NotAClassifier(
            "the architecture has no parameters, so there is nothing to train; add an affine or a conv2d"
        )
    return model


def _device(name: str, index: int) -> torch.device:
    count = torch.cuda.device_count()
    if name == "auto":
        return torch.device("cuda", index % count) if count else torch.device("cpu")
    device = torch.device(name)
    if device.type == "cuda" and (device.index or 0) >= count:
        raise NoSuchDevice(f"the device is {name}, and this machine has {count} CUDA devices; give auto or cpu")
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise NoSuchDevice("the device is mps, which this machine does not have; give auto or cpu")
    return device
