"""The normalisation of the images that a run has read, where it was not kept with a model."""

import torch
from attrs import evolve

from archwright.core.term import Term
from archwright.evaluate.config import Config, Function, Training
from archwright.evaluate.data.loading import load_configured_dataset, require_local_dataset
from archwright.evaluate.data.tensors import Normalisation, to_device
from archwright.evaluate.training.task import load_training_data, resolve_recipe
from archwright.evaluate.training.train import select_normalised_data


def find_normalisation(config: Config, architecture: Term, data_dir: str | None = None) -> Normalisation | None:
    """The mean and deviation of the images that a run has evaluated an architecture on; None if it has read none.

    They follow from the recipe and from the data as it is now, which is read but not downloaded. Raises NoSuchData,
    BadData or UnknownData.
    """
    if not isinstance(config, Training | Function) or config.data is None:
        return None
    config = evolve(config, data_dir=data_dir or config.data_dir)
    require_local_dataset(config.data or "", config.data_dir)
    cpu = torch.device("cpu")
    if isinstance(config, Function):
        return to_device(load_configured_dataset(config), cpu).normalisation
    _, data = load_training_data(config, cpu)
    return select_normalised_data(data, resolve_recipe(config, architecture)).normalisation
