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


def as_text(term: Term, in_shape: Shape | None = None) -> str:
    """A tree, one module a line. An architecture drawn with its input shape also shows shapes and parameters."""
    shape = in_shape if term.plan.specified else None
    return "\n".join(_lines(term, "", "", "", shape))


def _lines(term: Term, label: str, first: str, rest: str, shape: Shape | None) -> Iterator[str]:
    yield to_one_line(first + label + _described(term) + _shaped(term, shape))
    inside = term.subterms
    labels = [f"{option}: " for option in term.labels] if isinstance(term, Either) else [""] * len(inside)
    shapes: list[Shape | None] = [None] * len(inside)
    if shape is not None and isinstance(term, Composite):
        for i, _, before, _ in term.runs(shape):
            shapes[i] = shapes[i] or before
    for i, (each, name) in enumerate(zip(inside, labels, strict=True)):
        last = i == len(inside) - 1
        branch, below = ("└─ ", "   ") if last else ("├─ ", "│  ")
        yield from _lines(each, name, rest + branch, rest + below, shapes[i])


def _described(term: Term) -> str:
    """The kind and its hyperparameters, less those that are as usual and the labels that the lines below show.

    What was left open is shown, whatever was chosen.
    """
    usual: dict[str, object] = {a.name: a.default for a in fields(type(term))}
    shown = [
        f"{name}={_entry(held)}"
        for name, held in term.hyperparameters
        if (name in term.opened or held != usual.get(name))
        and not (isinstance(term, Either) and held == Values(term.labels))
    ]
    return f"{term.kind}({', '.join(shown)})" if shown else term.kind


def _entry(held: Slot) -> str:
    if isinstance(held, Shared):
        return f"{held.name} {_entry(held.domain)}"
    if isinstance(held, Domain) and held.size == 1:  # never asked
        held = held.from_unit(0.0)
    if isinstance(held, Domain | Expression):
        return str(held)
    return f"{held:g}" if isinstance(held, float) else str(held)


def _shaped(term: Term, shape: Shape | None) -> str:
    if shape is None:
        return ""
    parameters = term.parameters(shape)
    size = f", {parameters:,} parameters" if parameters else ""
    return f"   {shape} -> {term.out_shape(shape)}{size}"
