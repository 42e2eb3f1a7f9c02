"""Finding the search space that a person names: built-in, or in a file or module of their own."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

from attrs import frozen

from archwright.core.errors import ArchwrightError, suggest_names
from archwright.core.shape import Shape
from archwright.core.spaces.named import SPACES, UnknownSpace
from archwright.core.term import Term
from archwright.evaluate.user_code import BadSourceName, end_forked_children, is_source, load_object
from archwright.evaluate.user_errors import format_traceback

DEFAULT_CLASSES = 10  # where nothing says how many there are
DEFAULT_INPUT_SHAPE: Shape = (3, 32, 32)  # where nothing says what the inputs are


class NotASpace(ArchwrightError, TypeError):
    """Something other than a search space under the name of one."""


class SpaceFailed(ArchwrightError, RuntimeError):
    """A person's function that raised while it made the space; the message ends with their traceback."""


@frozen
class SpaceSource:
    """A search space as a person named it."""

    source: str
    make: Callable[[Shape, int], Term]  # from the shape of an input and the number of classes
    input_shape: Shape | None  # that it was made for, if it says so
    origin: str  # where it is from, for people

    @property
    def stem(self) -> str:
        """What its runs are named after: the name, or that of the file or the attribute."""
        place, _, attribute = self.source.rpartition(":")
        return Path(place).stem if place.endswith(".py") else attribute


def find_space(source: str) -> SpaceSource:
    """The space that `source` names: a built-in one, file.py:attribute or module:attribute.

    Raises UnknownSpace, BadSourceName, NotASpace, and what loading a file raises.
    """
    if source in SPACES:
        named = SPACES[source]
        return SpaceSource(source, lambda _, classes: named.build(classes), named.input_shape, named.source)
    if is_source(source):
        return SpaceSource(source, _make_builder(source, load_object(source)), None, source)
    if source.endswith(".py"):
        raise BadSourceName(f"{source} is a file; name the space in it too, as in {source}:space")
    raise UnknownSpace(
        f"there is no built-in space {source!r}; {suggest_names(source, SPACES)} "
        "(one of your own is file.py:attribute or module:attribute)"
    )


def _make_builder(source: str, held: Any) -> Callable[[Shape, int], Term]:
    if isinstance(held, Term):
        return lambda _, __: held
    if isinstance(held, type) or not callable(held):
        raise NotASpace(
            f"{source} is {held!r:.80}; a space is a module such as aw.sequential(...), "
            "or a function of (input_shape, classes) that returns one"
        )
    try:
        inspect.signature(held).bind((3, 32, 32), 10)
    except TypeError as error:
        raise NotASpace(f"{source} cannot be called with (input_shape, classes): {error}") from error
    return lambda shape, classes: _build_space(source, held, shape, classes)


def _build_space(source: str, function: Callable[[Shape, int], Any], shape: Shape, classes: int) -> Term:
    try:
        with end_forked_children():
            made = function(shape, classes)
    except Exception as error:  # a person's own code may raise anything
        raise SpaceFailed(f"{source} failed:\n{format_traceback(error, lines=None)}") from error
    if not isinstance(made, Term):
        raise NotASpace(f"{source} returned {made!r:.80}; it must return a module such as aw.sequential(...)")
    return made
