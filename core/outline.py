"""What a path has chosen in a space, where nothing can be worked out: the space holds kinds that are not known here."""

from collections.abc import Mapping

from archwright.core.domain import Domain, Value
from archwright.core.expression import Expression
from archwright.core.node import Path
from archwright.core.opaque import Opaque
from archwright.core.term import Composite, Rewriting, Term


def outline(space: Term, path: Path) -> Term:
    """`space` with what a path has chosen in it, as far as names alone tell.

    Where an input shape has left one value of several, it is not known which: the domain stays. So does what is inside
    of modules whose kind is not known, if they call it otherwise than most kinds do.
    """
    return _chosen(space, dict(path), "")


def _chosen(term: Term, chosen: Mapping[str, Value], place: str) -> Term:
    plan = term.plan
    if plan.names:
        named = zip(plan.names, plan.entries, strict=True)
        values = tuple(_value(f"{place}{term.kind}.{name}", held, chosen) for name, held in named)
        term = term.specified(values)  # pyright: ignore[reportArgumentType]  (what is not known stays open)
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
            return held.canonical(chosen[name])
        return held.from_unit(0.0) if held.size == 1 else held
    shared = {each.name: each.domain.from_unit(0.0) for each in held.shared() if each.domain.size == 1}
    shared |= {each.name: chosen[each.name] for each in held.shared() if each.name in chosen}
    try:
        return held.evaluate(shared)
    except (LookupError, ArithmeticError, TypeError):
        return held
