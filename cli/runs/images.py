"""The images that a run is about: what is found of them before it begins or goes on, is said and is logged."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console as Screen

from archwright.cli.output import say
from archwright.cli.values import BadOption
from archwright.core.errors import ArchwrightError, to_one_line
from archwright.core.json import JSON
from archwright.evaluate.config import LATEST_READER, Config, FunctionConfig, TrainingConfig
from archwright.evaluate.data.dataset import DataInfo, summarize_dataset, warn_of_absent_classes
from archwright.evaluate.data.loading import describe_configured_dataset
from archwright.store.errors import UnreadableEvent
from archwright.store.events import RunStarted

SIZES = ("train", "validation", "test")  # what is logged of a data set beside the names of its classes


class DataChanged(ArchwrightError, RuntimeError):
    """A run whose images are of other classes than those that it was begun with."""


def images_of(config: Config) -> DataInfo | None:
    """What the data of an evaluator is like, if it has any; raises BadOption, and what is wrong with the data."""
    if not isinstance(config, TrainingConfig | FunctionConfig):
        return None
    if config.data is not None:
        return describe_configured_dataset(config)
    if config.image_size is not None:
        raise BadOption("--image-size is for the images of a folder; name it, as in --data folder:PATH")
    return None


def logged(images: DataInfo | None) -> JSON:
    """What the log keeps of them: the names of the classes, in the order of a model's outputs, and the sizes."""
    if images is None:
        return None
    return {"classes": list(images.class_names), **{size: getattr(images, size) for size in SIZES}}


def data_in(name: str, started: RunStarted) -> Mapping[str, Any] | None:
    """What the log has of the images of the run `name`, as `logged` gives it; raises UnreadableEvent."""
    data: Any = started.data
    if data is None or _is_of_images(data):
        return data
    raise UnreadableEvent(
        f"what {name} has for its images is {to_one_line(repr(data))[:200]}, and not the names of their classes and "
        "how many there are: its log was not written by archwright; ask whoever made it for one that was"
    )


def _is_of_images(data: Any) -> bool:
    if not isinstance(data, dict) or not isinstance(data.get("classes"), list):
        return False
    texts = all(isinstance(name, str) for name in data["classes"])
    return texts and all(isinstance(data.get(size, 0), int) for size in SIZES)


def say_found(images: DataInfo | None, config: Config, out: Screen) -> None:
    """Say in a line what was found, and warn on stderr of what may be amiss."""
    if images is None:
        return
    old = isinstance(config, TrainingConfig | FunctionConfig) and config.reader < LATEST_READER
    out.print(to_one_line(summarize_dataset(images) + "; read and split as reader 1 does" * old), soft_wrap=True)
    for line in warn_of_absent_classes(images):
        say(to_one_line(line), err=True)


def require_unchanged(name: str, started: RunStarted, images: DataInfo | None) -> None:
    """Nothing, if the images are those that a run was begun with, as far as its log tells; a line if there are more.

    Raises DataChanged where they are of other classes or another shape.
    """
    if images is None:
        return
    if images.input_shape != tuple(started.input_shape):
        raise DataChanged(
            f"the images of {images.name} are of shape {images.input_shape} now, and {name} was begun with "
            f"{tuple(started.input_shape)}; put back what was there, or begin a new run"
        )
    was = data_in(name, started)
    if was is None:
        return
    if list(images.class_names) != was["classes"]:
        raise DataChanged(
            f"the classes of {images.name} are {', '.join(images.class_names)} now, and {name} was begun with "
            f"{', '.join(was['classes'])}; put back what was there, or begin a new run"
        )
    now = logged(images)
    if changes := [
        f"{was[size]} {size} images, now {now[size]}" for size in SIZES if size in was and was[size] != now[size]
    ]:
        say(
            f"warning: {images.name} has changed since {name} was begun ({', '.join(changes)}); scores from here on "
            "are not of the same images",
            err=True,
        )
