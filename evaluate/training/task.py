"""Jobs that train the architecture as a classifier of images."""

import json
from collections.abc import Callable

from attrs import asdict, evolve
from torch import nn

from archwright.core.architecture import require_specified, settings_of
from archwright.core.errors import ArchwrightError
from archwright.core.json import JSON, to_json
from archwright.core.protocols import Job
from archwright.core.term import Term
from archwright.evaluate.config import TrainingConfig
from archwright.evaluate.data.dataset import DataInfo
from archwright.evaluate.data.loading import load_configured_dataset
from archwright.evaluate.data.tensors import to_device
from archwright.evaluate.network.compile import compile_architecture, count_trainable_parameters
from archwright.evaluate.training.checkpointing import AnotherTraining, State, kept
from archwright.evaluate.training.cost import Memory, a_batch, facts
from archwright.evaluate.training.device import forget, ready_device, require_compiler, settled
from archwright.evaluate.training.recipe import Recipe, recipe
from archwright.evaluate.training.train import as_trained_on, train
from archwright.evaluate.training.trainer import BatchTooSmall
from archwright.evaluate.user_errors import format_traceback, is_out_of_memory
from archwright.evaluate.verdict import Evaluate, ReportEpoch, Verdict


class NotAClassifier(ArchwrightError, ValueError):
    """An architecture that cannot be trained to tell the classes of the data apart."""


def prepare(config: TrainingConfig, index: int, threads: int) -> Evaluate:
    """How jobs are trained: with the data in the memory of the device that the worker number `index` gets."""
    device = ready_device(config.device, index, threads)
    dataset = load_configured_dataset(config)
    dataset = dataset.merge_validation() if config.train_on == "train+validation" else dataset
    info, data = dataset.info, to_device(dataset, device)
    settled()

    def evaluate(job: Job, tell: ReportEpoch) -> Verdict:
        memory = Memory(device)
        try:
            architecture = job.architecture
            require_specified(architecture)
            how = recipe_of(config, architecture)
            if how.compile:
                require_compiler(device)
            model = classifier(architecture, info, job.seed, how.initialization)
            model.to(device).to(memory_format=data.layout)  # pyright: ignore[reportCallIssue]  (a form of its that torch's types lack)
        except Exception as error:  # a person's kind of module may raise anything
            if is_out_of_memory(error):
                raise
            return Verdict("invalid", error=format_traceback(error))

        def run(past: State | None, save: Callable[[State], None] | None) -> Verdict:
            verdict = train(model, data, how, job.budget, job.seed, tell, config.keep, past=past, save=save)
            known = {"parameters": count_trainable_parameters(model), **memory.peak(), **facts(model, a_batch(data))}
            return evolve(verdict, metrics={**verdict.metrics, **known})

        try:
            return kept(job, model, as_trained_on(data, how), about(job, how, config), run)
        except (AnotherTraining, BatchTooSmall) as error:
            return Verdict("invalid", error=str(error))
        finally:
            if how.compile:
                forget()

    return evaluate


def recipe_of(config: TrainingConfig, architecture: Term) -> Recipe:
    """How an architecture is trained; raises UnknownSetting or BadSetting."""
    return recipe(config.settings, settings_of(architecture), config.overrides)


def about(job: Job, how: Recipe, config: TrainingConfig) -> dict[str, JSON]:
    """All that makes a training what it is, but for how long it goes on."""
    names = ("data", "validation", "split_seed", "image_size", "reader", "train_on", "keep")
    decides = {name: getattr(config, name) for name in names}
    return {"architecture": json.dumps(to_json(job.architecture)), "recipe": asdict(how), "seed": job.seed, **decides}


def classifier(architecture: Term, info: DataInfo, seed: int, initialization: str = "own") -> nn.Module:
    """The torch module of an architecture that gives a logit for each class of the data; raises NotAClassifier."""
    out_shape = architecture.out_shape(info.input_shape)
    if out_shape != (info.classes,):
        raise NotAClassifier(
            f"the architecture's output has the shape {out_shape}, and {info.name} has {info.classes} classes; "
            f"end the space with affine(units={info.classes})"
        )
    model = compile_architecture(architecture, info.input_shape, seed, initialization)
    if not count_trainable_parameters(model):
        raise NotAClassifier(
            "the architecture has no parameters, so there is nothing to train; add an affine or a conv2d"
        )
    return model
