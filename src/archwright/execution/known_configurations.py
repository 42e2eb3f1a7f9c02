"""Configurations that people know and want tried: as values, or in files of JSON, one of them or a list."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from archwright.core.completion import ChoicesExcluded, NoSuchChoice
from archwright.core.errors import ArchwrightError
from archwright.core.protocols import Problem
from archwright.core.value import IllegalValue, Value
from archwright.execution.checks import BadArgument
from archwright.search.running.enqueuing import BadChoices, read_choices, require_fitting

CHOICES_KEY = "choices"  # of a trial as `archwright best --json` and `archwright show --json` print it
Configurations = Iterable[object] | Mapping[str, object] | str | Path  # several, a single one, or a file of them


class BadEnqueueFile(ArchwrightError, ValueError):
    """A file to enqueue from that is no JSON, or with a configuration that the space does not have."""


def read_configurations(enqueue: Configurations, problem: Problem) -> Sequence[object]:
    """Each configuration of `enqueue`: one, a list of them, a file of them, or a list that names such files, too.

    Files are checked: see `read_enqueue_file`. Raises BadEnqueueFile, and BadArgument for anything else.
    """
    given: object = enqueue
    if isinstance(given, str | Path):
        return read_enqueue_file(Path(given), problem)
    if isinstance(given, Mapping):
        return [cast(Mapping[str, object], given)]
    if not isinstance(given, Iterable):
        raise BadArgument(f"enqueue is {given!r:.80}; it must be a list of configurations, or name a file of them")
    items = list(cast(Iterable[object], given))
    if _is_path(items):
        return [items]
    read = [read_enqueue_file(Path(item), problem) if isinstance(item, str | Path) else [item] for item in items]
    return [configuration for configurations in read for configuration in configurations]


def read_enqueue_file(file: Path, problem: Problem) -> Sequence[tuple[tuple[str, Value], ...]]:
    """The configurations of a file, each of which a leaf of the problem's space has.

    The file holds a JSON object, choices by name, or a list of them; or trials as `archwright best --json` prints them.
    Raises BadEnqueueFile with the file, the place in it, and what is wrong there.
    """
    try:
        content: Any = json.loads(file.read_text(encoding="utf-8-sig"), object_pairs_hook=_make_object)
    except OSError as error:
        raise BadEnqueueFile(f"{file} cannot be read: {error.strerror}; name a file of JSON") from error
    except BadChoices as error:
        raise BadEnqueueFile(f"{file}: {error}") from error
    except (ValueError, RecursionError) as error:
        raise BadEnqueueFile(
            f'{file} is no JSON: {error}; write choices by name, as in {{"0.conv2d.filters": 32}}, or a list of such'
        ) from error
    items = cast(list[Any], content) if isinstance(content, list) and not _is_path(content) else [content]
    return [_read_item(file, index, item, problem) for index, item in enumerate(items)]


def _make_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object, which has each name once; else BadChoices."""
    made = dict[str, Any]()
    for name, value in pairs:
        if name in made:
            raise BadChoices(f"{name} is given twice, as {made[name]!r:.80} and {value!r:.80}; give it once")
        made[name] = value
    return made


def _is_path(items: Sequence[Any]) -> bool:
    """Whether it is one path, pairs of a name and a value, and not several configurations."""
    return any(isinstance(item, list | tuple) and item and isinstance(item[0], str) for item in items)


def _read_item(file: Path, index: int, item: Any, problem: Problem) -> tuple[tuple[str, Value], ...]:
    given = cast(Any, item)[CHOICES_KEY] if isinstance(item, dict) and isinstance(item.get(CHOICES_KEY), dict) else item
    try:
        return require_fitting(problem, read_choices(given))
    except (BadChoices, NoSuchChoice, IllegalValue, ChoicesExcluded) as error:
        raise BadEnqueueFile(f"{file}, configuration {index + 1}: {error}") from error
