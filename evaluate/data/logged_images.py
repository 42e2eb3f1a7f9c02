"""What a run's log has of its images, and whether they are still the same."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from archwright.core.errors import ArchwrightError
from archwright.core.json import JSON
from archwright.store.events import RunStarted
from archwright.store.logged_images import SPLIT_NAMES, read_logged_images

if TYPE_CHECKING:  # it imports numpy
    from archwright.evaluate.data.dataset import DataInfo


class DataChanged(ArchwrightError, RuntimeError):
    """A run whose images are of other classes than those that it was begun with."""


def images_to_json(images: "DataInfo | None") -> JSON:
    """What is logged of a run's images: the class names, in the order of a model's outputs, and the sizes of splits."""
    if images is None:
        return None
    return {"classes": list(images.class_names), **{split: getattr(images, split) for split in SPLIT_NAMES}}


def require_same_images(name: str, started: RunStarted, images: "DataInfo | None") -> Sequence[str]:
    """Nothing, if the images are those that a run was begun with, as far as its log tells; warnings if there are more.

    Raises DataChanged where they are of other classes or another shape.
    """
    if images is None:
        return []
    begun_input = started.model_input
    if images.input_shape != begun_input.shape:
        raise DataChanged(
            f"the images of {images.name} are of shape {images.input_shape} now, and {name} was begun with "
            f"{begun_input.shape}; put back what was there, or begin a new run"
        )
    if images.input != begun_input:
        raise DataChanged(
            f"the inputs of {images.name} are {images.input} now, and {name} was begun with {begun_input}; put back "
            "what was there, or begin a new run"
        )
    logged = read_logged_images(name, started)
    if logged is None:
        return []
    if list(images.class_names) != logged["classes"]:
        raise DataChanged(
            f"the classes of {images.name} are {', '.join(images.class_names)} now, and {name} was begun with "
            f"{', '.join(logged['classes'])}; put back what was there, or begin a new run"
        )
    current = images_to_json(images)
    changes = [
        f"{logged[split]} {split} images, now {current[split]}"
        for split in SPLIT_NAMES
        if split in logged and logged[split] != current[split]
    ]
    if not changes:
        return []
    return [
        f"warning: {images.name} has changed since {name} was begun ({', '.join(changes)}); scores from here on are "
        "not of the same images"
    ]
