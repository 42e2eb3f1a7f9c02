"""The training of a job's architecture as a classifier of images, in a worker."""

import json
from collections.abc import Callable
from functools import partial

import torch
from attrs import asdict, evolve
from torch import nn

from archwright.core.architecture import require_specified
from archwright.core.errors import ArchwrightError
from archwright.core.json import JSON, to_json
from archwright.core.protocols import Job
from archwright.core.term import Term
from archwright.evaluate.data.dataset import DataInfo
from archwright.evaluate.data.loading import load_configured_dataset
from archwright.evaluate.data.tensors import DeviceData, Normalisation, to_device
from archwright.evaluate.network.compile import compile_architecture, count_trainable_parameters
from archwright.evaluate.training.checkpointing import Checkpoint, DifferentTraining, train_with_checkpoints
from archwright.evaluate.training.cost import PeakMemory, measure_cost, take_measured_batch
from archwright.evaluate.training.device import (
    prepare_device,
    require_compiler,
    reset_compiler,
)
from archwright.evaluate.training.evaluation import Training
from archwright.evaluate.training.recipe import Recipe
from archwright.evaluate.training.train import select_normalised_data, train
from archwright.evaluate.training.trainer import BatchTooSmall
from archwright.evaluate.verdict import Evaluate, ReportEpoch, Verdict, refuse_architecture

IMAGE_SETTINGS = ("crop", "flip", "cutout")  # of a recipe, that change images


class NotForInput(ArchwrightError, ValueError):
    """A setting of the training for inputs of another kind than the data has."""


class NotAClassifier(ArchwrightError, ValueError):
    """An architecture that cannot be trained to tell the classes of the data apart."""


def prepare_training(training: Training, worker_index: int, threads: int) -> Evaluate:
    """The function that trains a job's architecture, for the worker of this index; the data is on its device."""
    device = prepare_device(training.device, worker_index, threads)
    info, data = load_training_data(training, device)
    return partial(_train_job, training, info, data)


def load_training_data(training: Training, device: torch.device) -> tuple[DataInfo, DeviceData]:
    """The data set of a configuration in a device's memory, with the images to train on that `train_on` names.

    Raises what `load_configured_dataset` does.
    """
    settings = training.data_settings
    assert settings is not None  # a training always has data
    dataset = load_configured_dataset(settings)
    dataset = dataset.merge_validation() if training.train_on == "train+validation" else dataset
    return dataset.info, to_device(dataset, device)


def load_recipe_normalisation(training: Training, architecture: Term) -> Normalisation | None:
    """The mean and deviation that the training normalises the images of an architecture with, read from the data."""
    _, data = load_training_data(training, torch.device("cpu"))
    return select_normalised_data(data, training.resolve_recipe(architecture)).normalisation


def _train_job(training: Training, info: DataInfo, data: DeviceData, job: Job, report: ReportEpoch) -> Verdict:
    """The verdict on a job; it is "invalid" where its architecture cannot be trained."""
    peak_memory = PeakMemory(data.device)
    try:
        recipe, model = _build_model(training, info, data, job)
    except Exception as error:  # noqa: BLE001  (a user-defined module may raise anything)
        return refuse_architecture(error)

    def train_and_measure(checkpoint: Checkpoint | None, save: Callable[[Checkpoint], None] | None) -> Verdict:
        verdict = train(
            model,
            data,
            evolve(recipe, cycles=recipe.cycles or count_cycles(job)),
            job.budget,
            job.seed,
            report,
            training.keep,
            horizon=job.horizon,
            checkpoint=checkpoint,
            save_checkpoint=save,
        )
        # The peak is read first: the measured batch takes memory, too.
        cost = {"parameters": count_trainable_parameters(model), **peak_memory.measure()}
        cost |= measure_cost(model, take_measured_batch(data))
        return evolve(verdict, metrics={**verdict.metrics, **cost})

    try:
        description = describe_training(job, recipe, training)
        return train_with_checkpoints(job, model, select_normalised_data(data, recipe), description, train_and_measure)
    except (DifferentTraining, BatchTooSmall) as error:
        return Verdict("invalid", error=str(error))
    finally:
        if recipe.compile:
            reset_compiler()


def count_cycles(job: Job) -> int:
    """How many cycles of warm restarts end at the horizon of a job: one more with each rung of the search up to it.

    So the trainings of three rungs have 1, 2 and 3 cycles, which end at the budget of each (Zela et al. 2018). One that
    is continued has all 3 from the beginning, over the largest budget.
    """
    if job.horizon is not None and job.horizon != job.budget:
        return job.rungs or 1
    return 1 if job.rung is None else job.rung + 1


def _build_model(training: Training, info: DataInfo, data: DeviceData, job: Job) -> tuple[Recipe, nn.Module]:
    """The recipe of a job's architecture and its model, on the device of the data."""
    require_specified(job.architecture)
    recipe = training.resolve_recipe(job.architecture)
    _require_applicable(recipe, info)
    if recipe.compile:
        require_compiler(data.device)
    model = compile_classifier(job.architecture, info, job.seed, recipe.initialization)
    model.to(data.device).to(memory_format=data.memory_format)  # pyright: ignore[reportCallIssue]  (torch's types lack this form)
    return recipe, model


def _require_applicable(recipe: Recipe, info: DataInfo) -> None:
    """Nothing, if all that the recipe does can be done with such inputs; else NotForInput."""
    kind = info.input.kind
    no_images = () if kind == "image" else IMAGE_SETTINGS
    no_floats = ("mixup",) if info.input.element_type == "int64" else ()
    for name in (*no_images, *no_floats):
        if value := getattr(recipe, name):
            remedy = f"leave {name} out, or set it to {type(value)(0)}"
            raise NotForInput(f"{name} of the training is {value}, and the inputs of {info.name} are {kind}; {remedy}")


def describe_training(job: Job, recipe: Recipe, training: Training) -> dict[str, JSON]:
    """All that a training depends on except its length; a checkpoint holds it under these names."""
    names = ("validation", "split_seed", "image_size", "reader", "train_on", "keep")
    settings = {"data": str(training.data), **{name: getattr(training, name) for name in names}}
    architecture = json.dumps(to_json(job.architecture))
    return {"architecture": architecture, "recipe": asdict(recipe), "seed": job.seed, **settings}


def compile_classifier(architecture: Term, info: DataInfo, seed: int, initialization: str = "own") -> nn.Module:
    """The torch module of an architecture (no torch.compile) with a logit for each class; raises NotAClassifier."""
    out_shape = architecture.out_shape(info.input.shape)
    if out_shape != (info.classes,):
        raise NotAClassifier(
            f"the architecture's output has the shape {out_shape}, and {info.name} has {info.classes} classes; "
            f"end the space with affine(units={info.classes})"
        )
    model = compile_architecture(architecture, info.input, seed, initialization)
    if not count_trainable_parameters(model):
        raise NotAClassifier(
            "the architecture has no parameters, so there is nothing to train; add an affine or a conv2d"
        )
    return model
