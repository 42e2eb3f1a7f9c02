"""Configurations that people know and want tried: as values, or in files of JSON, one of them or a list."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from archwright.core.architecture import NotSpecified
from archwright.core.completion import ChoicesExcluded, NoSuchChoice
from archwright.core.errors import ArchwrightError, TooDeep, show
from archwright.core.json import UnreadableTerm
from archwright.core.membership.matching import MembershipUnknown
from archwright.core.membership.path_of import NotInSpace, path_of
from archwright.core.node import Node
from archwright.core.protocols import Problem
from archwright.core.term import Term
from archwright.core.value import IllegalValue
from archwright.core.value import Path as ChosenPath
from archwright.execution.architecture_files import load_json, read_architecture
from archwright.execution.checks import BadArgument
from archwright.search.running.enqueuing import BadChoices, read_choices, require_fitting

# Several, a single one, by its choices, as a node or as an architecture, or a file of them.
Configurations = Iterable[object] | Mapping[str, object] | Term | Node | str | Path


class BadEnqueueFile(ArchwrightError, ValueError):
    """A file to enqueue from that is no JSON, or with a configuration that the space does not have."""


def read_configurations(enqueue: Configurations, problem: Problem) -> Sequence[object]:
    """Each configuration of `enqueue`: one, a list of them, a file of them, or a list that names such files, too.

    A node stands for its choices, an architecture, or its JSON, for the path that leads to it. Files are checked: see
    `read_enqueue_file`. Raises BadEnqueueFile, what `path_of` does, UnreadableTerm, and BadArgument for anything else.
    """
    given: object = enqueue
    if isinstance(given, str | Path):
        return read_enqueue_file(Path(given), problem)
    if isinstance(given, Term | Node | Mapping):
        return [_find_choices(given, problem)]
    if not isinstance(given, Iterable):
        raise BadArgument(f"enqueue is {show(given)}; it must be a list of configurations, or name a file of them")
    items = list(cast(Iterable[object], given))
    if _is_path(items):
        return [items]
    return [configuration for item in items for configuration in _read_one(item, problem)]


def _read_one(item: object, problem: Problem) -> Sequence[object]:
    """The configurations of a list's item: several where it names a file."""
    if isinstance(item, str | Path):
        return read_enqueue_file(Path(item), problem)
    return [_find_choices(item, problem)]


def _find_choices(item: object, problem: Problem) -> object:
    """The choices of a node, those that lead to an architecture or one as JSON, and what gives choices as it is."""
    if isinstance(item, Node):
        return item.path
    if isinstance(item, Term):
        return path_of(problem.space, problem.input_shape, item)
    return _read_written(item, problem) if isinstance(item, Mapping) else item


def _read_written(item: Any, problem: Problem) -> Any:
    """The choices of JSON: those that lead to the architecture that it is or has, or those that it is or has itself."""
    given = read_architecture(item, {shared.name for shared in problem.space.plan.shared})
    return given.choices if given.term is None else given.find_path(problem.space, problem.input_shape)


def read_enqueue_file(file: Path, problem: Problem) -> Sequence[ChosenPath]:
    """The configurations of a file, each of which a leaf of the problem's space has.

    The file holds a JSON object, choices by name, or a list of them; or trials as `archwright best --json` prints them;
    or the JSON of architectures, or what exports write. Raises BadEnqueueFile with the file, the place in it, and what
    is wrong there.
    """
    remedy = 'write choices by name, as in {"0.conv2d.filters": 32}, or a list of such'
    content = load_json(file, BadEnqueueFile, remedy)
    items = cast(list[Any], content) if isinstance(content, list) and not _is_path(content) else [content]
    return [_read_item(file, index, item, problem) for index, item in enumerate(items)]


def _is_path(items: Sequence[Any]) -> bool:
    """Whether it is one path, pairs of a name and a value, and not several configurations."""
    return any(isinstance(item, list | tuple) and item and isinstance(item[0], str) for item in items)


def _read_item(file: Path, index: int, item: Any, problem: Problem) -> ChosenPath:
    try:
        return require_fitting(problem, read_choices(_read_written(item, problem)))
    except (
        BadChoices,
        ChoicesExcluded,
        IllegalValue,
        MembershipUnknown,
        NoSuchChoice,
        NotInSpace,
        NotSpecified,
        TooDeep,
        UnreadableTerm,
    ) as error:
        raise BadEnqueueFile(f"{file}, configuration {index + 1}: {error}") from error
