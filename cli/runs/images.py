"""The images of a run: what is read of them before it begins or is resumed, printed and logged."""

from rich.console import Console

from archwright.cli.values import BadOption
from archwright.core.errors import ArchwrightError, to_one_line
from archwright.core.json import JSON
from archwright.display.console import say
from archwright.evaluate.config import LATEST_READER, Config, Function, Training
from archwright.evaluate.data.dataset import DataInfo, summarize_dataset, warn_of_absent_classes
from archwright.evaluate.data.loading import describe_configured_dataset
from archwright.store.events import RunStarted
from archwright.store.logged_images import SPLIT_NAMES, read_logged_images


class DataChanged(ArchwrightError, RuntimeError):
    """A run whose images are of other classes than those that it was begun with."""


def describe_images(config: Config) -> DataInfo | None:
    """The shape, classes and sizes of an evaluator's data, if any. Raises BadOption, and errors of the data."""
    if not isinstance(config, Training | Function):
        return None
    if config.data is not None:
        return describe_configured_dataset(config)
    if config.image_size is not None:
        raise BadOption("--image-size is for the images of a folder; name it, as in --data folder:PATH")
    return None


def images_to_json(images: DataInfo | None) -> JSON:
    """What is logged of a run's images: the class names, in the order of a model's outputs, and the sizes of splits."""
    if images is None:
        return None
    return {"classes": list(images.class_names), **{split: getattr(images, split) for split in SPLIT_NAMES}}


def say_images(images: DataInfo | None, config: Config, console: Console) -> None:
    """Print the images in a line, and warnings about them on stderr."""
    if images is None:
        return
    is_old_reader = isinstance(config, Training | Function) and config.reader < LATEST_READER
    reader_note = "; read and split as reader 1 does" if is_old_reader else ""
    console.print(to_one_line(summarize_dataset(images) + reader_note), soft_wrap=True)
    for line in warn_of_absent_classes(images):
        say(to_one_line(line), err=True)


def require_same_images(name: str, started: RunStarted, images: DataInfo | None) -> None:
    """Nothing, if the images are those that a run was begun with, as far as its log tells; a warning if there are more.

    Raises DataChanged where they are of other classes or another shape.
    """
    if images is None:
        return
    if images.input_shape != tuple(started.input_shape):
        raise DataChanged(
            f"the images of {images.name} are of shape {images.input_shape} now, and {name} was begun with "
            f"{tuple(started.input_shape)}; put back what was there, or begin a new run"
        )
    logged = read_logged_images(name, started)
    if logged is None:
        return
    if list(images.class_names) != logged["classes"]:
        raise DataChanged(
            f"the classes of {images.name} are {', '.join(images.class_names)} now, and {name} was begun with "
            f"{', '.join(logged['classes'])}; put back what was there, or begin a new run"
        )
    current = images_to_json(images)
    if changes := [
        f"{logged[split]} {split} images, now {current[split]}"
        for split in SPLIT_NAMES
        if split in logged and logged[split] != current[split]
    ]:
        say(
            f"warning: {images.name} has changed since {name} was begun ({', '.join(changes)}); scores from here on "
            "are not of the same images",
            err=True,
        )
