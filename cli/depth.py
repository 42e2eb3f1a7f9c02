"""How long the paths through a space can be."""

from collections.abc import Iterator
from itertools import product

from archwright.core.domain import Domain, Integers, Value
from archwright.core.expression import Expression
from archwright.core.term import Composite, Rewriting, Term

ENUMERATED = 128  # a domain of more values is stood for by its ends and its middle


def depth(space: Term) -> int:
    """The number of choices on the longest path, as far as no shape makes one of them for us."""
    shared = {s.name for s in space.plan.shared if s.domain.size != 1}
    return len(shared) + _depth(space)


def _depth(term: Term) -> int:
    """The choices of `term` and below on the longest path, those of shared hyperparameters aside."""
    key = (_depth,)
    if key not in term.plan.memo:
        own = sum(isinstance(e, Domain) and e.size != 1 for e in term.plan.entries)
        term.plan.memo[key] = own + _inside(term)
    return term.plan.memo[key]


def _inside(term: Term) -> int:
    if isinstance(term, Rewriting):
        return max(sum(map(_depth, expansion)) for expansion in _expansions(term))
    return sum(map(_depth, term.subterms)) if isinstance(term, Composite) else 0


def _expansions(term: Rewriting) -> Iterator[tuple[Term, ...]]:
    for answers in product(*map(_represented, term.plan.entries)):
        yield term.specified(answers).inside()


def _represented(held: Domain | Expression) -> list[Value]:
    if isinstance(held, Expression):
        known = {s.name: s.domain.from_unit(1.0) for s in held.shared()}
        return [held.evaluate(known)]
    if held.size is None or (isinstance(held, Integers) and held.size > ENUMERATED):
        return [held.from_unit(u) for u in (0.0, 0.5, 1.0)]
    return list(held)
