"""Configurations in JSON, and those that are architectures: by which choices of a space they come about."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from archwright.core.architecture import NotSpecified
from archwright.core.completion import ChoicesExcluded, NoSuchChoice
from archwright.core.errors import ArchwrightError, TooDeep
from archwright.core.json import UnreadableTerm
from archwright.core.membership.matching import MembershipUnknown
from archwright.core.membership.path_of import NotInSpace, path_of
from archwright.core.node import Node
from archwright.core.protocols import Problem
from archwright.core.spaces.named import SPACES, named_space
from archwright.core.term import Term
from archwright.core.value import IllegalValue
from archwright.core.value import Path as ChosenPath
from archwright.execution.architecture_files import load_json, read_architecture
from archwright.search.running.enqueuing import BadChoices, read_choices, require_fitting


class BadEnqueueFile(ArchwrightError, ValueError):
    """A file to enqueue from that is no JSON, or with a configuration that the space does not have."""


def find_choices(item: object, problem: Problem) -> object:
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


def read_text(text: str | Path, problem: Problem) -> Sequence[ChosenPath]:
    """The configurations of a file, or the one that is the built-in architecture of that name.

    Raises BadEnqueueFile, and NotInSpace with the name, where the architecture is not in the problem's space.
    """
    if str(text) not in SPACES:
        return read_enqueue_file(Path(text), problem)
    name, classes = str(text), _find_classes(problem)
    space = named_space(name, classes)
    if not space.plan.is_specified:
        known = ", ".join(each for each in SPACES if named_space(each, classes).plan.is_specified)
        raise BadEnqueueFile(f"{name} is a space, of many architectures; those that go by a name are {known}")
    try:
        return [path_of(problem.space, problem.input_shape, space)]
    except NotInSpace as error:
        raise NotInSpace(f"{name} cannot be enqueued: {error}", error.place) from error


def _find_classes(problem: Problem) -> int:
    """How many outputs the architectures of the problem's space have."""
    node = problem.root
    while (domain := node.domain) is not None:
        node = node.choose(domain.from_unit(0.5))
    return node.out_shape[0]


def read_enqueue_file(file: Path, problem: Problem) -> Sequence[ChosenPath]:
    """The configurations of a file, each of which a leaf of the problem's space has.

    The file holds a JSON object, choices by name, or a list of them; or trials as `archwright best --json` prints them;
    or the JSON of architectures, or what exports write. Raises BadEnqueueFile with the file, the place in it, and what
    is wrong there.
    """
    remedy = 'write choices by name, as in {"0.conv2d.filters": 32}, or a list of such'
    content = load_json(file, BadEnqueueFile, remedy)
    items = cast(list[Any], content) if isinstance(content, list) and not is_path(content) else [content]
    return [_read_item(file, index, item, problem) for index, item in enumerate(items)]


def is_path(items: Sequence[Any]) -> bool:
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
