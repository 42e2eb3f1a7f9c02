"""What a run has normalised images with."""

import torch

from archwright.core.term import Term
from archwright.evaluate.classifier import recipe_of
from archwright.evaluate.config import Config, FunctionConfig, TrainingConfig
from archwright.evaluate.data import read
from archwright.evaluate.export.model_file import Normalisation
from archwright.evaluate.tensors import on_device


def normalisation(config: Config, architecture: Term, data_dir: str | None = None) -> Normalisation | None:
    """The mean and deviation of the images that a run has trained an architecture on; None if it has read none.

    They follow from the data, which is read, and the recipe: of each channel or of each pixel. Raises NoSuchData or
    BadData.
    """
    if not isinstance(config, TrainingConfig | FunctionConfig) or config.data is None:
        return None
    dataset = read(config.data, data_dir or config.data_dir, config.validation, config.split_seed)
    joined = isinstance(config, TrainingConfig) and config.train_on == "train+validation"
    data = on_device(dataset.joined() if joined else dataset, torch.device("cpu"))
    if isinstance(config, TrainingConfig) and recipe_of(config, architecture).normalisation == "pixel":
        data = data.by_pixel
    mean, deviation = data.mean[0], data.deviation[0]
    return Normalisation(tuple(mean.shape), mean.flatten().tolist(), deviation.flatten().tolist())
