"""What a log has of the images of a run: the names of their classes, and how many there are."""

from collections.abc import Mapping
from typing import Any, cast

from archwright.core.errors import show, to_one_line
from archwright.store.errors import UnreadableEvent
from archwright.store.events import RunStarted

SPLIT_NAMES = ("train", "validation", "test")  # whose sizes are logged beside the names of the classes


def read_logged_images(name: str, started: RunStarted) -> Mapping[str, Any] | None:
    """What the log has of the images of the run `name`, as `images_to_json` gives it; raises UnreadableEvent."""
    data: Any = started.data
    if data is None or _is_image_data(data):
        return data
    raise UnreadableEvent(
        f"what {name} has for its images is {to_one_line(show(data, 200))}, and not the names of their classes and "
        "how many there are: its log was not written by archwright; ask whoever made it for one that was"
    )


def _is_image_data(data: Any) -> bool:
    if not isinstance(data, dict):
        return False
    record = cast(dict[str, Any], data)
    classes: Any = record.get("classes")
    if not isinstance(classes, list) or not all(isinstance(name, str) for name in cast(list[Any], classes)):
        return False
    return all(isinstance(record.get(split, 0), int) for split in SPLIT_NAMES)
