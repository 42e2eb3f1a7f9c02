"""Files of configurations to enqueue: JSON, one configuration or a list of them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from archwright.core.completion import ChoicesExcluded, NoSuchChoice
from archwright.core.errors import ArchwrightError
from archwright.core.protocols import Problem
from archwright.core.value import IllegalValue, Value
from archwright.search.running.enqueuing import BadChoices, read_choices, require_fitting

CHOICES_KEY = "choices"  # of a trial as `archwright best --json` and `archwright show --json` print it


class BadEnqueueFile(ArchwrightError, ValueError):
    """A file to enqueue from that is no JSON, or with a configuration that the space does not have."""


def read_enqueue_file(path: Path, problem: Problem) -> Sequence[tuple[tuple[str, Value], ...]]:
    """The configurations of a file, each of which a leaf of the problem's space has.

    The file holds a JSON object, choices by name, or a list of them; or trials as `archwright best --json` prints them.
    Raises BadEnqueueFile with the file, the place in it, and what is wrong there.
    """
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadEnqueueFile(f"{path} cannot be read: {error.strerror}; name a file of JSON") from error
    except ValueError as error:
        raise BadEnqueueFile(
            f'{path} is no JSON: {error}; write choices by name, as in {{"0.conv2d.filters": 32}}, or a list of such'
        ) from error
    items = cast(list[Any], content) if _is_list_of_configurations(content) else [content]
    return [_read_item(path, index, item, problem) for index, item in enumerate(items)]


def _is_list_of_configurations(content: Any) -> bool:
    """Whether it is a list of several, and not one path, a list of pairs of a name and a value."""
    return isinstance(content, list) and not any(
        isinstance(item, list) and item and isinstance(item[0], str) for item in cast(list[Any], content)
    )


def _read_item(path: Path, index: int, item: Any, problem: Problem) -> tuple[tuple[str, Value], ...]:
    given = cast(Any, item)[CHOICES_KEY] if isinstance(item, dict) and isinstance(item.get(CHOICES_KEY), dict) else item
    try:
        return require_fitting(problem, read_choices(given))
    except (BadChoices, NoSuchChoice, IllegalValue, ChoicesExcluded) as error:
        raise BadEnqueueFile(f"{path}, configuration {index + 1}: {error}") from error
