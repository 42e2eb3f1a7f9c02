"""Spaces that say which input they are for: functions that build one, and spaces that are values."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar, cast, overload

from attrs import evolve, frozen

from archwright.core.errors import ArchwrightError, show
from archwright.core.input import BadInput, Input, read_input
from archwright.core.shape import Shape
from archwright.core.term import Term

SpaceFunction = TypeVar("SpaceFunction", bound=Callable[..., Any])


class NotASpace(ArchwrightError, TypeError):
    """Something other than a search space under the name of one."""


@frozen
class SpaceWithInput:
    """A space that is a value, and the input that it is for.

    It goes wherever a search space is asked for, as a function of (input_shape, classes) that returns one does. The
    space itself is its `term`, which knows nothing of it.
    """

    term: Term
    takes: Input

    def __call__(self, input_shape: Shape, classes: int) -> Term:
        """The space, whatever the input and the number of classes are."""
        del input_shape, classes
        return self.term

    def __str__(self) -> str:
        return str(self.term)

    def _repr_html_(self) -> str:
        return self.term._repr_html_()  # pyright: ignore[reportPrivateUsage]  (what notebooks call)


def require_space(given: object) -> None:
    """NotASpace of what is no module itself."""
    if isinstance(given, Term):
        return
    remedy = "it must be a module such as aw.sequential(...)"
    if isinstance(given, SpaceWithInput):
        remedy = "give the module in it, which is its `term`"
    elif isinstance(given, str):
        remedy += f"; a built-in space is had by aw.named_space({show(given)})"
    raise NotASpace(f"the space is {show(given)}; {remedy}")


@frozen
class _InputDecorator:
    """Says of a space which input it is for."""

    model_input: Input

    @overload
    def __call__(self, space: Term | SpaceWithInput) -> SpaceWithInput: ...

    @overload
    def __call__(self, space: SpaceFunction) -> SpaceFunction: ...

    def __call__(self, space: Any) -> Any:
        if isinstance(space, Term):
            return SpaceWithInput(space, self.model_input)
        if isinstance(space, SpaceWithInput):
            return evolve(space, takes=self.model_input)
        try:
            if callable(space):
                cast(Any, space).takes = self.model_input  # the function itself, so that it keeps its name
                return space
        except AttributeError:  # of a method, or a function that is written in C
            pass
        raise NotASpace(
            f"{show(space)} cannot say that it takes {self.model_input}; give a module such as aw.sequential(...), or "
            "a function of (input_shape, classes) that returns one"
        )


def takes(value: Input | Iterable[int] | str) -> _InputDecorator:
    """What says which input a space is for: `@aw.takes(aw.tokens(50, 20))` above a function that builds one.

    A space that is a value is given to it: `space = aw.takes(aw.tokens(50, 20))(aw.sequential(...))`. It is the input
    of a search where neither the data nor the person says another one. Raises Misfit or BadInput.
    """
    given: Any = value
    if given is None or isinstance(given, Term) or callable(given):
        raise BadInput(f"takes is given {show(given)}; it needs the input first, as in aw.takes(aw.tokens(50, 20))")
    model_input = read_input(given)
    assert model_input is not None
    return _InputDecorator(model_input)


def read_taken_input(space: Any) -> Input | None:
    """The input that a space says it takes; None if it says none."""
    value = getattr(space, "takes", None)
    return value if isinstance(value, Input) else None
