"""How long the paths through a space can be."""

from itertools import product
from math import prod

from archwright.core.domain import Domain
from archwright.core.expression import Expression
from archwright.core.facts import remember_on_term
from archwright.core.ranges import Integers
from archwright.core.shape import Misfit
from archwright.core.term import Composite, Rewriting, Term
from archwright.core.value import Value

MAX_ENUMERATED_VALUES = 128  # a domain of more values is stood for by its ends and its middle
MAX_EXPANSIONS = 128  # a module of more expansions is not tried out with all of them


def count_longest_path(space: Term) -> int:
    """The number of choices on the longest path, as far as no shape makes one of them for us."""
    shared = {s.name for s in space.plan.shared if s.domain.size != 1}
    return len(shared) + _count_choices(space)


@remember_on_term
def _count_choices(term: Term) -> int:
    """The choices of `term` and below on the longest path, those of shared hyperparameters aside."""
    return sum(isinstance(slot, Domain) and slot.size != 1 for slot in term.plan.slots) + _count_inner_choices(term)


def _count_inner_choices(term: Term) -> int:
    if isinstance(term, Rewriting):
        return _count_choices_of_longest_expansion(
            term, [_list_representative_values(held) for held in term.plan.slots]
        )
    return sum(map(_count_choices, term.subterms)) if isinstance(term, Composite) else 0


def _count_choices_of_longest_expansion(term: Rewriting, options: list[list[Value]]) -> int:
    """The choices below the longest expansion.

    Of too many expansions, the best option for each hyperparameter is found by itself, one after the other.
    """
    if prod(map(len, options)) <= MAX_EXPANSIONS:
        return max(_count_expansion_choices(term, values) for values in product(*options))
    best = [values[0] for values in options]
    for i, values in enumerate(options):
        best[i] = max(values, key=lambda value: _count_expansion_choices(term, (*best[:i], value, *best[i + 1 :])))
    return _count_expansion_choices(term, tuple(best))


def _count_expansion_choices(term: Rewriting, values: tuple[Value, ...]) -> int:
    try:
        return sum(map(_count_choices, term.specify(values).inside()))
    except Misfit:
        return 0


def _list_representative_values(held: Domain | Expression) -> list[Value]:
    if isinstance(held, Expression):
        known = {s.name: s.domain.from_unit(1.0) for s in held.find_shared()}
        return [held.evaluate(known)]
    if held.size is None or (isinstance(held, Integers) and held.size > MAX_ENUMERATED_VALUES):
        return [held.from_unit(u) for u in (0.0, 0.5, 1.0)]
    return list(held)
