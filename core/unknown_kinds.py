"""Modules of kinds of which only the JSON is there: what it says of them, and no more."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Self, cast, final

from attrs import evolve, frozen

from archwright.core.domain import Domain, Value
from archwright.core.errors import ArchwrightError
from archwright.core.expression import Expression
from archwright.core.hyperparameter import Slot
from archwright.core.node import Path
from archwright.core.shape import Shape
from archwright.core.term import Composite, Rewriting, Term


class CodeNeeded(ArchwrightError, LookupError):
    """What only the code of a person's kind of module can tell, where there is only its JSON."""


@final
@frozen
class Opaque(Term):
    """A module of a kind that is not known here, with its fields as its JSON has them."""

    _fields: ClassVar[tuple[tuple[str, str | None], ...]] = ()  # what it holds is no attribute of its own
    name: str
    held: tuple[tuple[str, Any], ...]

    @property
    def kind(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]  (the class itself is of no kind)
        """The kind as the JSON names it."""
        return self.name

    @property
    def hyperparameters(self) -> tuple[tuple[str, Slot], ...]:
        """Every field that holds no module: which of them the kind calls so is not known."""
        return tuple((name, _entry(held)) for name, held in self.held if not any(_terms(held)))

    @property
    def subterms(self) -> tuple[Term, ...]:
        """The modules in its fields, in their order."""
        return tuple(term for _, held in self.held for term in _terms(held))

    def specify(self, values: tuple[Value, ...]) -> Self:
        """This module with values for its open hyperparameters, in order."""
        chosen = dict(zip(self.plan.names, values, strict=True))
        return evolve(self, held=tuple((name, chosen.get(name, held)) for name, held in self.held))

    def with_children(self, children: tuple[Term, ...]) -> Self:
        """This module with others in the places of those in its fields."""
        others = iter(children)
        return evolve(self, held=tuple((name, _with_terms(held, others)) for name, held in self.held))

    def out_shape(self, in_shape: Shape) -> Shape:
        """Raises CodeNeeded."""
        raise self._unknown(f"the shape that it makes of {in_shape}")

    def parameters(self, in_shape: Shape) -> int:
        """Raises CodeNeeded."""
        raise self._unknown(f"how many parameters it has for {in_shape}")

    def _unknown(self, what: str) -> CodeNeeded:
        return CodeNeeded(f"the kind {self.name!r} is not known here, and {what} is known to its code alone")


def _entry(held: Any) -> Slot:
    if isinstance(held, Domain | Expression | bool | int | float | str):
        return held
    return json.dumps(held, default=str)


def _terms(held: Any) -> Iterator[Term]:
    if isinstance(held, Term):
        yield held
    elif isinstance(held, tuple):
        for each in cast(tuple[Any, ...], held):
            yield from _terms(each)


def _with_terms(held: Any, others: Iterator[Term]) -> Any:
    if isinstance(held, Term):
        return next(others)
    return tuple(_with_terms(each, others) for each in cast(tuple[Any, ...], held)) if isinstance(held, tuple) else held


def outline(space: Term, path: Path) -> Term:
    """`space` with what a path has chosen in it, as far as names alone tell.

    Where an input shape has left one value of several, it is not known which: the domain stays. So does what is inside
    of modules whose kind is not known, if they call it otherwise than most kinds do.
    """
    return _chosen(space, dict(path), "")


def _chosen(term: Term, chosen: Mapping[str, Value], place: str) -> Term:
    plan = term.plan
    if plan.names:
        named = zip(plan.names, plan.slots, strict=True)
        values = tuple(_value(f"{place}{term.kind}.{name}", held, chosen) for name, held in named)
        term = term.specify(values)  # pyright: ignore[reportArgumentType]  (what is not known stays open)
    if isinstance(term, Rewriting) and not term.plan.names:
        return _chosen(term.expand(), chosen, f"{place}{term.segment(0)}.")
    if isinstance(term, Composite | Opaque):
        inside = enumerate(term.subterms)
        return term.with_children(tuple(_chosen(each, chosen, f"{place}{term.segment(i)}.") for i, each in inside))
    return term


def _value(name: str, held: Domain | Expression, chosen: Mapping[str, Value]) -> Value | Domain | Expression:
    """What was chosen for an open hyperparameter, or its only value, or what follows from others; else as it was."""
    if isinstance(held, Domain):
        if name in chosen and chosen[name] in held:
            return held.canonicalize(chosen[name])
        return held.from_unit(0.0) if held.size == 1 else held
    shared = {each.name: each.domain.from_unit(0.0) for each in held.shared() if each.domain.size == 1}
    shared |= {each.name: chosen[each.name] for each in held.shared() if each.name in chosen}
    try:
        return held.evaluate(shared)
    except (LookupError, ArithmeticError, TypeError):
        return held
