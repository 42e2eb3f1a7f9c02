"""What one choice picks: the hyperparameters of a space that stand, in the eyes of searchers, for a place in lists."""

from collections.abc import Mapping, Sequence
from typing import final

from attrs import frozen

from archwright.core.domain import Values, values
from archwright.core.expression import Picked, Shared
from archwright.core.term import Term, iterate_terms
from archwright.core.term_cache import cache_on_term
from archwright.core.value import Value


@final
@frozen
class PickedHyperparameter:
    """A hyperparameter whose value is that at the place of a list which a shared hyperparameter says."""

    name: str  # SHARED.NAME, numbered where several modules have one of the name with other values
    options: tuple[Value, ...]  # by place
    domain: Values  # of the values that there are
    positions: tuple[float, ...]  # by place: the unit position in [0, 1], in that domain, of what is there

    @property
    def is_number(self) -> bool:
        """Whether all of its values are numbers, so that some are nearer to each other than others."""
        return self.domain.ordered


PickedBy = Mapping[str, Sequence[PickedHyperparameter]]  # by the name of the shared hyperparameter


@cache_on_term
def find_picked(space: Term) -> PickedBy:
    """The hyperparameters that stand in the place of a shared one: one without an order, which only says a row, say.

    Whoever compares models looks at these, and not at the place itself, of which two are never more alike than others.
    One that has the same value at every place tells no models apart, and is none of them.
    """
    found = dict[str, dict[str, PickedHyperparameter]]()
    for term in iterate_terms(space):
        for name, slot in term.hyperparameters:
            if not isinstance(slot, Picked) or len(set(slot.options)) == 1:
                continue
            if isinstance(slot.place, Shared) and not _is_ordered(slot.place):
                _add(found.setdefault(slot.place.name, {}), f"{slot.place.name}.{name}", slot.options)
    return {shared: tuple(picked.values()) for shared, picked in found.items()}


def _is_ordered(shared: Shared) -> bool:
    return not (isinstance(shared.domain, Values) and not shared.domain.ordered)


def _add(found: dict[str, PickedHyperparameter], name: str, options: tuple[Value, ...]) -> None:
    """Add one to those `found`, unless it is among them."""
    label, number = name, 1
    while label in found and found[label].options != options:
        number += 1
        label = f"{name}_{number}"
    if label not in found:
        domain = values(*dict.fromkeys(options))
        order = {value: (i + 0.5) / domain.size for i, value in enumerate(domain.order)}  # as `place_value` has it
        found[label] = PickedHyperparameter(label, options, domain, tuple(order[value] for value in options))


def see_picked(picked: PickedBy, choices: Mapping[str, Value]) -> dict[str, Value]:
    """The values of a path's choices by name, with what is picked in place of those that only say a place of lists."""
    seen = dict[str, Value]()
    for name, value in choices.items():
        if name in picked:
            seen |= {each.name: each.options[int(value)] for each in picked[name]}
        else:
            seen[name] = value
    return seen
