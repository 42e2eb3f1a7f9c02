"""How long the paths through a space can be."""

from itertools import product
from math import prod

from archwright.core.domain import Domain
from archwright.core.expression import Expression, Picked
from archwright.core.modules.places import BoundPlace, Let, Place
from archwright.core.ranges import Integers
from archwright.core.shape import Misfit
from archwright.core.term import Composite, Rewriting, Term
from archwright.core.term_cache import cache_on_term
from archwright.core.value import Value

MAX_ENUMERATED_VALUES = 128  # a larger domain is represented by its ends and its middle
MAX_EXPANSIONS = 128  # a module of more expansions is not tried out with all of them


def count_longest_path(space: Term) -> int:
    """The number of choices on the longest path, as far as no shape makes one of them for us."""
    shared = {s.name for s in space.plan.shared if s.domain.size != 1}
    return len(shared) + _count_choices(space)


@cache_on_term
def _count_choices(term: Term) -> int:
    """The choices of `term` and below on the longest path, those of shared hyperparameters aside."""
    return sum(isinstance(slot, Domain) and slot.size != 1 for slot in term.plan.slots) + _count_inner_choices(term)


def _count_inner_choices(term: Term) -> int:
    if isinstance(term, Let):
        return _count_choices(term.inside) + sum(map(_count_choices, term.terms))
    if isinstance(term, Place | BoundPlace):
        return 0  # counted once, with its let
    if isinstance(term, Rewriting):
        return _count_longest_expansion(term, [_list_representative_values(slot) for slot in term.plan.slots])
    return sum(map(_count_choices, term.subterms)) if isinstance(term, Composite) else 0


def _count_longest_expansion(term: Rewriting, options: list[list[Value]]) -> int:
    """The choices below the longest expansion.

    Where there are too many, the best option for each hyperparameter is found by itself, one after the other.
    """
    if prod(map(len, options)) <= MAX_EXPANSIONS:
        return max(_count_expansion(term, values) for values in product(*options))
    best = [values[0] for values in options]
    for i, values in enumerate(options):
        best[i] = max(values, key=lambda value: _count_expansion(term, (*best[:i], value, *best[i + 1 :])))
    return _count_expansion(term, tuple(best))


def _count_expansion(term: Rewriting, values: tuple[Value, ...]) -> int:
    """The choices below the expansion with these values of the term's slots; 0 where it does not fit."""
    try:
        return sum(map(_count_choices, term.specify(values).get_children()))
    except Misfit:
        return 0


def _list_representative_values(slot: Domain | Expression) -> list[Value]:
    if isinstance(slot, Picked):
        return list(dict.fromkeys(slot.options))
    if isinstance(slot, Expression):
        values = {s.name: s.domain.from_unit(1.0) for s in slot.find_shared()}
        return [slot.evaluate(values)]
    if slot.size is None or (isinstance(slot, Integers) and slot.size > MAX_ENUMERATED_VALUES):
        return [slot.from_unit(u) for u in (0.0, 0.5, 1.0)]
    return list(slot)
