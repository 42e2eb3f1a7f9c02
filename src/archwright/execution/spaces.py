"""The search space that a person gives: a built-in one by name, one in a file or module of their own, or a value."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

from attrs import evolve, frozen

from archwright.core.errors import ArchwrightError, show
from archwright.core.input import Input, as_input, image
from archwright.core.json import JSON, UNNAMED_TERM, collect_user_kinds
from archwright.core.shape import Shape
from archwright.core.spaces.named import SPACES, NamedSpace, UnknownSpace
from archwright.core.taken_input import NotASpace, SpaceWithInput, read_taken_input
from archwright.core.term import Term
from archwright.core.tracebacks import guard_user_code
from archwright.display.warning import warn
from archwright.store.extensions import ExtensionKind
from archwright.store.origins import describe_code, is_class_findable, is_importable, name_class
from archwright.store.permission import ListUnwritable, trust_source
from archwright.store.user_code import end_forked_children, is_source

DEFAULT_INPUT = image(3, 32, 32)  # where nothing says the input
UNNAMED_STEM = "search"  # the stem of the names of its runs
INPUT_PARAMETER = "input"  # the name of a first parameter that gets the input itself, and not its shape


SPACE_KIND: ExtensionKind[NamedSpace] = ExtensionKind("space", SPACES, UnknownSpace)


class SpaceFailed(ArchwrightError, RuntimeError):
    """A user's function that raised while it built the space; the message ends with its traceback."""


@frozen
class SpaceSource:
    """A search space as a person gave it."""

    source: str  # its name; in angle brackets, what it is, where it was given as a value that has none
    build: Callable[[Input, int], Term]  # from an input and the number of classes
    input: Input | None  # that it was made for, if it says so
    origin: str  # the paper or the file that it is from

    @property
    def stem(self) -> str:
        """The stem of the names of its runs: its name, or that of the file or the attribute."""
        if self.source == UNNAMED_TERM:
            return UNNAMED_STEM
        place, _, attribute = self.source.rpartition(":")
        return Path(place).stem if place.endswith(".py") else attribute


def trust_named_source(source: str) -> str:
    """`source`, which the logs of this person may name from now on; a warning where that cannot be kept."""
    try:
        trust_source(source)
    except ListUnwritable as error:
        warn([str(error)])
    return source


def read_space(space: Term | Callable[..., Term] | str) -> SpaceSource:
    """The space; raises what `find_space` does."""
    return find_space(trust_named_source(space) if isinstance(space, str) else space)


def find_space(space: Term | Callable[..., Term] | str) -> SpaceSource:
    """The space that a person gives: by its built-in name, as file.py:attribute or module:attribute, or as a value.

    A value is a module, alone or with the input that it takes, or a function of (input_shape, classes) that returns
    one. Raises UnknownSpace, BadSourceName, NotASpace, and errors of loading a file.
    """
    if isinstance(space, SpaceWithInput):
        return evolve(find_space(space.term), input=space.takes)
    if not isinstance(space, str):
        source = _name_value(space)
        return SpaceSource(source, _make_builder(source, space), read_taken_input(space), source)
    loaded = SPACE_KIND.load(space)
    if isinstance(loaded, NamedSpace):
        return SpaceSource(space, lambda _, classes: loaded.build(classes), as_input(loaded.input_shape), loaded.source)
    return SpaceSource(space, _make_builder(space, loaded), read_taken_input(loaded), space)


def name_kinds(space: Term, source: str) -> tuple[str, ...]:
    """The names of a person's own kinds of module in a space that other processes find; none if `source` names code."""
    kinds = () if is_source(source) else collect_user_kinds(space)
    return tuple(name_class(kind) for kind in kinds if is_class_findable(kind))


def describe_kind_code(space: Term, source: str) -> JSON:
    """What a log has of a person's own kinds of module that no other process finds, by their names; None of none."""
    kinds = () if is_source(source) else collect_user_kinds(space)
    return {kind.kind: describe_code(kind) for kind in kinds if not is_class_findable(kind)} or None


def _name_value(space: object) -> str:
    """`module:name` of a function that any process can import, which then builds the space again; else what it is."""
    if isinstance(space, Term):
        return UNNAMED_TERM
    name = getattr(space, "__qualname__", None)
    if name is None:
        return show(space)
    source = f"{getattr(space, '__module__', None)}:{name}"
    return source if is_importable(source, space) else f"<{name}>"


def _make_builder(source: str, value: Any) -> Callable[[Input, int], Term]:
    if isinstance(value, Term):
        return lambda _, __: value
    if isinstance(value, type) or not callable(value):
        place = "the space" if source == _name_value(value) else source
        raise NotASpace(
            f"{place} is {show(value)}; a space is a module such as aw.sequential(...), "
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
    with guard_user_code(SpaceFailed, f"{source} failed", passing=()), end_forked_children():
        space = function(given, classes)
    if not isinstance(space, Term):
        raise NotASpace(f"{source} returned {show(space)}; it must return a module such as aw.sequential(...)")
    return space
