"""Questions about a fully specified term."""

from collections.abc import Iterator, Mapping

from attrs import frozen

from archwright.core.errors import ArchwrightError
from archwright.core.modules.basic import Settings
from archwright.core.shape import Shape
from archwright.core.term import Basic, Composite, Term
from archwright.core.value import Value


class NotSpecified(ArchwrightError, ValueError):
    """A term with choices left where an architecture is needed."""


@frozen
class Layer:
    """One basic module of an architecture at work; a tied module comes once for each of its copies."""

    place: str  # as in the names of hyperparameters
    module: Basic
    in_shape: Shape
    out_shape: Shape
    parameters: int


def require_specified(architecture: Term) -> None:
    """NotSpecified if something is left to choose."""
    if not architecture.plan.specified:
        raise NotSpecified(f"{architecture.kind} has choices left; take the architecture of a leaf")


def layers(architecture: Term, in_shape: Shape, place: str = "") -> Iterator[Layer]:
    """The basic modules in the order in which they run. NotSpecified if something is left to choose."""
    require_specified(architecture)
    if isinstance(architecture, Composite):
        for i, inside, shape, _ in architecture.runs(in_shape):
            yield from layers(inside, shape, f"{place}{architecture.segment(i)}.")
    else:
        assert isinstance(architecture, Basic)
        out = architecture.out_shape(in_shape)
        parameters = architecture.parameters(in_shape)
        yield Layer(place + architecture.kind, architecture, in_shape, out, parameters)


def settings_of(architecture: Term) -> Mapping[str, Value]:
    """The training hyperparameters of an architecture; of a name that comes twice, the later value.

    NotSpecified if something is left to choose.
    """
    require_specified(architecture)
    found: dict[str, Value] = {}
    if isinstance(architecture, Settings):
        for name, value in architecture.entries:
            assert isinstance(value, bool | int | float | str)
            found[name] = value
    for inside in architecture.subterms:
        found |= settings_of(inside)
    return found
