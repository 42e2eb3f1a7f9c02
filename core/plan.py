"""The plan of a term: what a traversal needs to know of it, worked out once for each term of a space."""

from typing import TYPE_CHECKING, Any

from attrs import frozen

from archwright.core.domain import Domain
from archwright.core.expression import Expression, Shared
from archwright.core.hyperparameter import Slot, is_analyzed_in_full

if TYPE_CHECKING:
    from archwright.core.term import Term


@frozen(eq=False)
class Plan:
    """What the traversal needs to know of a term."""

    names: tuple[str, ...]  # of the open hyperparameters, in the order in which they are chosen
    slots: tuple[Domain | Expression, ...]  # what each of them holds
    shape_dependent: tuple[bool, ...]  # whether the input shape may rule out some of the values of each
    fields: tuple[tuple[int, Any], ...]  # of each field: its index in `names`, or -1, and its content
    shared: tuple[Shared, ...]  # every shared hyperparameter in the term and below
    keys: tuple[Any, ...]  # of all in an environment on which it depends: names of shared hyperparameters, and more
    # A value is rare if it hardly comes again: one of the reals, or of a long range. Results for it are not kept long.
    first_rare: int  # how many open hyperparameters come before the first with rare values
    rare_shared: frozenset[str]  # the names of the shared hyperparameters with rare values
    filled_by: Any  # what it takes from an environment, where once that is known nothing else is open in it; else None
    is_specified: bool  # nothing is left to choose or to expand, here or below
    depth: int  # how many modules are in each other
    cache: dict[Any, Any]  # of results that came again, see `cache_on_term`; no part of the term's value
    new_cache: dict[Any, Any]  # of the latest results that were asked for once
    rare_cache: dict[Any, Any]  # of the latest results for rare values
    stops: dict[Any, Any]  # of the latest passages through its children, see `Passage`


def make_plan(term: "Term", *, is_rewritten: bool) -> Plan:
    """The plan of a term; `is_rewritten` says whether it stands for another one."""
    slots = {name: slot for name, slot in term.hyperparameters if isinstance(slot, Domain | Expression)}
    subplans = [subterm.plan for subterm in term.subterms]
    depth = 1 + max([plan.depth for plan in subplans], default=0)
    if not slots and not is_rewritten and all(plan.is_specified for plan in subplans):
        return Plan((), (), (), (), (), term.own_keys, 0, frozenset(), None, True, depth, {}, {}, {}, {})
    indices = {name: i for i, name in enumerate(slots)}
    relevant = term.shape_hyperparameters
    shared = {s.name: s for slot in slots.values() if isinstance(slot, Expression) for s in slot.find_shared()}
    shared |= {s.name: s for plan in subplans for s in plan.shared}
    keys = [*shared, *(key for plan in subplans for key in plan.keys), *term.own_keys]
    return Plan(
        names=tuple(slots),
        slots=tuple(slots.values()),
        shape_dependent=tuple(relevant is None or name in relevant for name in slots),
        fields=tuple(
            (indices.get(name, -1) if role == "hyperparameter" else -1, getattr(term, name))
            for name, role in term._fields  # pyright: ignore[reportPrivateUsage]
        ),
        shared=tuple(shared.values()),
        keys=tuple(dict.fromkeys(keys)),
        first_rare=next((i for i, slot in enumerate(slots.values()) if _is_rare(slot)), len(slots)),
        rare_shared=frozenset(s.name for s in shared.values() if _is_rare(s.domain)),
        filled_by=None if slots else _find_only_key(term, subplans, is_rewritten=is_rewritten),
        is_specified=False,  # as something is open
        depth=depth,
        cache={},
        new_cache={},
        rare_cache={},
        stops={},
    )


def _find_only_key(term: "Term", subplans: list[Plan], *, is_rewritten: bool) -> Any:
    """The only thing that a term without open hyperparameters of its own takes from an environment; None of several."""
    if is_rewritten:
        return term.own_keys[0] if len(term.own_keys) == 1 else None
    if getattr(term, "connection", None) is not None:  # a rule for zeros: one that is known may not be in its place
        return None
    keys = {plan.filled_by for plan in subplans if not plan.is_specified}
    return keys.pop() if len(keys) == 1 else None


def _is_rare(slot: Slot) -> bool:
    return isinstance(slot, Domain) and not is_analyzed_in_full(slot)
