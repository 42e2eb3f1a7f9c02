"""Spaces and architectures as text."""

from collections.abc import Iterator

from attrs import fields

from archwright.core.domain import Domain, Values
from archwright.core.errors import to_one_line
from archwright.core.expression import Expression, Shared
from archwright.core.hyperparameter import Slot
from archwright.core.modules.choices import Either
from archwright.core.shape import Shape
from archwright.core.term import Composite, Term
from archwright.core.value import Value


def as_text(term: Term, in_shape: Shape | None = None) -> str:
    """A tree with a module in each line; with its input shape, that of an architecture has shapes and parameters.

    The name of a module stands before it, and before that its label, if it is an option.
    """
    shape = in_shape if term.plan.is_specified else None
    return "\n".join(_draw_lines(term, "", "", "", shape))


def _draw_lines(term: Term, label: str, first: str, rest: str, shape: Shape | None) -> Iterator[str]:
    name = f"{term.given_name}: " if term.given_name else ""
    yield to_one_line(first + label + name + _describe(term) + _describe_shapes(term, shape))
    children = term.subterms
    labels = [f"{option}: " for option in term.labels] if isinstance(term, Either) else [""] * len(children)
    shapes: list[Shape | None] = [None] * len(children)
    if shape is not None and isinstance(term, Composite):
        for i, _, before, _ in term.iterate_calls(shape):
            shapes[i] = shapes[i] or before
    for i, (child, name) in enumerate(zip(children, labels, strict=True)):
        last = i == len(children) - 1
        branch, below = ("└─ ", "   ") if last else ("├─ ", "│  ")
        yield from _draw_lines(child, name, rest + branch, rest + below, shapes[i])


def _describe(term: Term) -> str:
    """The kind and its hyperparameters, without defaults that were not chosen and labels that the lines below show."""
    defaults: dict[str, object] = {a.name: a.default for a in fields(type(term))}
    details = [
        f"{name}={_format_slot(slot)}"
        for name, slot in term.hyperparameters
        if (name in term.open_names or slot != defaults.get(name))
        and not (isinstance(term, Either) and slot == Values(term.labels))
    ]
    return f"{term.kind}({', '.join(details)})" if details else term.kind


def _format_slot(slot: Slot) -> str:
    if isinstance(slot, Shared):
        return f"{slot.name} {_format_slot(slot.domain)}"
    if isinstance(slot, Domain) and slot.size == 1:  # no choice
        slot = slot.from_unit(0.0)
    if isinstance(slot, Domain | Expression):
        return str(slot)
    return format_drawn_value(slot)


def format_drawn_value(value: Value) -> str:
    """A value as drawings in text show it: a float in six digits."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def _describe_shapes(term: Term, shape: Shape | None) -> str:
    if shape is None:
        return ""
    parameters = term.parameters(shape)
    size = f", {parameters:,} parameters" if parameters else ""
    return f"   {shape} -> {term.out_shape(shape)}{size}"
