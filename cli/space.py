"""Finding the search space that a user names: a built-in one, or one in a file or module of their own."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

from attrs import frozen

from archwright.core.errors import ArchwrightError
from archwright.core.input import Input, as_input, image, read_taken_input
from archwright.core.shape import Shape
from archwright.core.spaces.named import SPACES, NamedSpace, UnknownSpace
from archwright.core.term import Term
from archwright.core.tracebacks import format_traceback
from archwright.store.extensions import ExtensionKind
from archwright.store.user_code import end_forked_children

DEFAULT_CLASSES = 10  # where nothing says how many classes there are
DEFAULT_INPUT = image(3, 32, 32)  # where nothing says the input
INPUT_PARAMETER = "input"  # the name of a first parameter that gets the input itself, and not its shape


SPACE_KIND: ExtensionKind[NamedSpace] = ExtensionKind("space", SPACES, UnknownSpace)


class NotASpace(ArchwrightError, TypeError):
    """Something other than a search space under the name of one."""


class SpaceFailed(ArchwrightError, RuntimeError):
    """A user's function that raised while it built the space; the message ends with its traceback."""


@frozen
class SpaceSource:
    """A search space as a user named it."""

    source: str  # its name
    build: Callable[[Input, int], Term]  # from an input and the number of classes
    input: Input | None  # that it was made for, if it says so
    origin: str  # the paper or the file that it is from

    @property
    def stem(self) -> str:
        """The stem of the names of its runs: its name, or that of the file or the attribute."""
        place, _, attribute = self.source.rpartition(":")
        return Path(place).stem if place.endswith(".py") else attribute


def find_space(source: str) -> SpaceSource:
    """The space that `source` names: a built-in one, file.py:attribute or module:attribute.

    Raises UnknownSpace, BadSourceName, NotASpace, and errors of loading a file.
    """
    space = SPACE_KIND.load(source)
    if isinstance(space, NamedSpace):
        return SpaceSource(source, lambda _, classes: space.build(classes), as_input(space.input_shape), space.source)
    return SpaceSource(source, _make_builder(source, space), read_taken_input(space), source)


def _make_builder(source: str, value: Any) -> Callable[[Input, int], Term]:
    if isinstance(value, Term):
        return lambda _, __: value
    if isinstance(value, type) or not callable(value):
        raise NotASpace(
            f"{source} is {value!r:.80}; a space is a module such as aw.sequential(...), "
            "or a function of (input_shape, classes) that returns one"
        )
    try:
        signature = inspect.signature(value)
        signature.bind((3, 32, 32), 10)
    except TypeError as error:
        raise NotASpace(f"{source} cannot be called with (input_shape, classes): {error}") from error
    takes_input = next(iter(signature.parameters), None) == INPUT_PARAMETER
    return lambda given, classes: _build_space(source, value, given if takes_input else given.shape, classes)


def _build_space(source: str, function: Callable[[Any, int], Any], given: Input | Shape, classes: int) -> Term:
    try:
        with end_forked_children():
            space = function(given, classes)
    except Exception as error:  # a user's code may raise anything
        raise SpaceFailed(f"{source} failed:\n{format_traceback(error, lines=None)}") from error
    if not isinstance(space, Term):
        raise NotASpace(f"{source} returned {space!r:.80}; it must return a module such as aw.sequential(...)")
    return space
