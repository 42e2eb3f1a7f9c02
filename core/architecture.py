"""Architectures, which are specified terms: their layers and their training settings."""

from collections.abc import Iterator, Mapping

from attrs import frozen

from archwright.core.errors import ArchwrightError
from archwright.core.kind import require_term
from archwright.core.modules.basic import Settings
from archwright.core.modules.choices import Either
from archwright.core.modules.places import BoundPlace, Let
from archwright.core.names import name_segment, root_prefix
from archwright.core.shape import Shape
from archwright.core.term import Basic, Composite, Term, iterate_terms
from archwright.core.value import Value


class NotSpecified(ArchwrightError, ValueError):
    """A term with choices left where an architecture is needed."""


@frozen
class Layer:
    """One basic module of an architecture and its shapes; a tied module has a layer for each of its copies."""

    place: str  # as in the names of hyperparameters
    module: Basic
    in_shape: Shape
    out_shape: Shape
    parameters: int


def require_specified(architecture: Term) -> None:
    """NotSpecified if choices are left, and NotATerm of what is no module."""
    require_term(architecture, "the architecture")
    if not architecture.plan.is_specified:
        raise NotSpecified(f"{architecture.kind} has choices left; take the architecture of a leaf")


def layers(architecture: Term, in_shape: Shape, place: str = "") -> Iterator[Layer]:
    """The basic modules in the order in which they run; what joints learn is in none of them.

    NotSpecified if choices are left, and Misfit where the shape does not fit.
    """
    require_specified(architecture)
    yield from _iterate_layers(architecture, in_shape, place + root_prefix(architecture))


def _iterate_layers(architecture: Term, in_shape: Shape, place: str) -> Iterator[Layer]:
    """The layers of a part of an architecture, at `place`."""
    if isinstance(architecture, Composite):
        children = architecture.subterms
        for i, child, shape, _ in architecture.iterate_calls(in_shape):
            yield from _iterate_layers(child, shape, f"{place}{name_segment(architecture, children, i)}.")
    else:
        assert isinstance(architecture, Basic)
        out = architecture.out_shape(in_shape)
        parameters = architecture.parameters(in_shape)
        yield Layer(place + architecture.kind, architecture, in_shape, out, parameters)


def settings_of(architecture: Term) -> Mapping[str, Value]:
    """The training hyperparameters of an architecture; of one that is set twice, the later value.

    NotSpecified if choices are left.
    """
    require_specified(architecture)
    settings: dict[str, Value] = {}
    for term in iterate_terms(architecture):
        for name, value in term.entries if isinstance(term, Settings) else ():
            assert isinstance(value, bool | int | float | str)
            settings[name] = value
    return settings


def find_fixed_settings(space: Term) -> frozenset[str]:
    """The names of the settings that every model of a space sets, as far as the term shows without sampling."""
    match space:
        case Settings():
            return frozenset(name for name, _ in space.entries)
        case Either():
            return frozenset[str].intersection(*map(find_fixed_settings, space.terms))
        case Let() | BoundPlace():
            return find_fixed_settings(space.expand())
        case Composite():
            return frozenset[str]().union(*map(find_fixed_settings, space.subterms))
        case _:
            return frozenset()
