"""Modules of kinds whose code is not known here: what their JSON alone tells."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Self, cast, final

from attrs import evolve, frozen

from archwright.core.domain import Domain, Value
from archwright.core.errors import ArchwrightError
from archwright.core.expression import Expression
from archwright.core.hyperparameter import Slot
from archwright.core.modules.places import BoundPlace, Let
from archwright.core.names import name_segment, root_prefix
from archwright.core.shape import Shape
from archwright.core.term import Composite, Rewriting, Term
from archwright.core.value import Path


class CodeNeeded(ArchwrightError, LookupError):
    """A question about a module that only the code of its kind can answer, where only its JSON is known."""


@final
@frozen
class UnknownModule(Term):
    """A module of a kind that is not known here, with the fields of its JSON."""

    is_kind = False
    field_roles: ClassVar[tuple[tuple[str, str | None], ...]] = ()  # its fields are in `contents`, not in attributes
    unknown_kind: str
    contents: tuple[tuple[str, Any], ...]

    @property
    def kind(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]  (the class itself is of no kind)
        """The kind as the JSON names it."""
        return self.unknown_kind

    @property
    def hyperparameters(self) -> tuple[tuple[str, Slot], ...]:
        """Every field that holds no module, since it is not known which of them are hyperparameters."""
        return tuple((name, _as_slot(value)) for name, value in self.contents if not any(_find_terms(value)))

    @property
    def subterms(self) -> tuple[Term, ...]:
        """The modules in its fields, in order."""
        return tuple(term for _, value in self.contents for term in _find_terms(value))

    def specify(self, values: tuple[Value, ...]) -> Self:
        """This module with values for its open hyperparameters, in order."""
        chosen = dict(zip(self.plan.names, values, strict=True))
        return evolve(self, contents=tuple((name, chosen.get(name, value)) for name, value in self.contents))

    def with_name(self, name: str) -> Self:
        """This module with another name."""
        return evolve(self, name=name)

    def with_subterms(self, subterms: tuple[Term, ...]) -> Self:
        """This module with other modules in place of those in its fields."""
        others = iter(subterms)
        return evolve(self, contents=tuple((name, _replace_terms(value, others)) for name, value in self.contents))

    def out_shape(self, in_shape: Shape) -> Shape:
        """Raises CodeNeeded."""
        raise self._refuse(f"the shape that it makes of {in_shape}")

    def parameters(self, in_shape: Shape) -> int:
        """Raises CodeNeeded."""
        raise self._refuse(f"how many parameters it has for {in_shape}")

    def _refuse(self, question: str) -> CodeNeeded:
        return CodeNeeded(f"the kind {self.kind!r} is not known here, and {question} is known to its code alone")


def _as_slot(value: Any) -> Slot:
    if isinstance(value, Domain | Expression | bool | int | float | str):
        return value
    return json.dumps(value, default=str)


def _find_terms(value: Any) -> Iterator[Term]:
    if isinstance(value, Term):
        yield value
    elif isinstance(value, tuple):
        for item in cast(tuple[Any, ...], value):
            yield from _find_terms(item)


def _replace_terms(value: Any, others: Iterator[Term]) -> Any:
    if isinstance(value, Term):
        return next(others)
    if isinstance(value, tuple):
        return tuple(_replace_terms(item, others) for item in cast(tuple[Any, ...], value))
    return value


def specify_by_name(space: Term, path: Path) -> Term:
    """`space` with the choices of a path, which are found by their names alone, since shapes may not be known.

    A domain stays open where the input shape left one of several values. So do the choices
    within modules of an unknown kind that names them otherwise than most kinds do.
    """
    return _specify(space, dict(path), root_prefix(space))


def _specify(term: Term, choices: Mapping[str, Value], prefix: str) -> Term:
    plan = term.plan
    if plan.names:
        slots = zip(plan.names, plan.slots, strict=True)
        values = tuple(_fill_slot(slot, f"{prefix}{term.word}.{name}", choices) for name, slot in slots)
        term = term.specify(values)  # pyright: ignore[reportArgumentType]  (slots without a choice stay open)
    if isinstance(term, Let):  # what is chosen for its names stands in each place
        chosen = (_specify(binding.term, choices, f"{prefix}{binding.prefix}") for binding in term.bindings)
        term = term.with_subterms((*chosen, term.inside))
    if isinstance(term, BoundPlace):
        return term.with_children((term.binding.term,))
    if isinstance(term, Rewriting) and not term.plan.names:
        expansion = term.expand()
        return term.with_children((_specify(expansion, choices, f"{prefix}{name_segment(term, (expansion,), 0)}."),))
    if isinstance(term, Composite | UnknownModule):
        prefixes = (f"{prefix}{name_segment(term, term.subterms, i)}." for i in range(len(term.subterms)))
        children = tuple(_specify(c, choices, p) for c, p in zip(term.subterms, prefixes, strict=True))
        return term.with_children(children) if isinstance(term, Composite) else term.with_subterms(children)
    return term


def _fill_slot(slot: Domain | Expression, name: str, choices: Mapping[str, Value]) -> Value | Domain | Expression:
    """The chosen value of a slot, its only value, or the value of its expression; else the slot itself."""
    if isinstance(slot, Domain):
        if name in choices and choices[name] in slot:
            return slot.canonicalize(choices[name])
        return slot.from_unit(0.0) if slot.size == 1 else slot
    values = {shared.name: shared.domain.from_unit(0.0) for shared in slot.find_shared() if shared.domain.size == 1}
    values |= {shared.name: choices[shared.name] for shared in slot.find_shared() if shared.name in choices}
    try:
        return slot.evaluate(values)
    except (LookupError, ArithmeticError, TypeError):
        return slot
