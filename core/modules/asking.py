"""Shared hyperparameters that are asked for before the modules that use them."""

from typing import Any, ClassVar, final

from archwright.core.builders import name_wrong_arguments
from archwright.core.errors import show
from archwright.core.expression import Shared
from archwright.core.hyperparameter import InvalidHyperparameter, Slot, named_hyperparameters
from archwright.core.kind import module
from archwright.core.shape import Shape
from archwright.core.term import Basic
from archwright.core.value import Value


@final
@module
class Ask(Basic):
    """Asks for shared hyperparameters, in order; it has no effect on the data.

    So they are asked for together, before the modules that use them, and an architecture shows their values.
    """

    shape_hyperparameters: ClassVar[tuple[str, ...] | None] = ()
    entries: tuple[tuple[str, Slot], ...] = named_hyperparameters()

    def check(self, name: str, value: Value) -> str | None:
        """None: what it may be is the concern of the modules that use it."""
        return None

    def out_shape(self, in_shape: Shape) -> Shape:
        """That of the input."""
        return in_shape


@name_wrong_arguments
def ask(*hyperparameters: Shared, name: str = "") -> Ask:
    """A module that asks for shared hyperparameters here: `ask(width, depth)`; a text under `name` is its name.

    InvalidHyperparameter of anything else, and of one that comes twice.
    """
    for given in hyperparameters:
        if not isinstance(given, Shared):  # pyright: ignore[reportUnnecessaryIsInstance]  (what people give)
            raise InvalidHyperparameter(
                f"ask is given {show(given)}; it asks for shared hyperparameters, as in ask(width), with "
                "width = shared('width', [8, 16])"
            )
    names = [shared.name for shared in hyperparameters]
    if len(set(names)) < len(names):
        raise InvalidHyperparameter(f"ask is given the shared hyperparameters {names}; name each once")
    entries: Any = zip(names, hyperparameters, strict=True)
    return Ask(tuple(entries), name=name)
