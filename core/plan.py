"""The plan of a term: what a traversal needs to know of it, worked out once for each term of a space."""

from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from archwright.core.domain import Domain
from archwright.core.expression import Expression, Shared
from archwright.core.hyperparameter import Slot, is_analyzed_in_full

if TYPE_CHECKING:
    from archwright.core.term import Term


def _make_cache() -> dict[Any, Any]:
    return {}  # in less time than `dict[Any, Any]`, for a plan is made of every term


@frozen(eq=False)
class Plan:
    """What the traversal needs to know of a term."""

    depth: int  # how many modules are in each other
    keys: tuple[Any, ...]  # of all in an environment on which it depends: names of shared hyperparameters, and more
    is_specified: bool  # nothing is left to choose or to expand, here or below; then the rest is as by default
    names: tuple[str, ...] = ()  # of the open hyperparameters, in the order in which they are chosen
    slots: tuple[Domain | Expression, ...] = ()  # what each of them holds
    shape_dependent: tuple[bool, ...] = ()  # whether the input shape may rule out some of the values of each
    fields: tuple[tuple[int, Any], ...] = ()  # of each field: its index in `names`, or -1, and its content
    shared: tuple[Shared, ...] = ()  # every shared hyperparameter in the term and below
    # A value is rare if it hardly comes again: one of the reals, or of a long range. Results for it are not kept long.
    first_rare: int = 0  # how many open hyperparameters come before the first with rare values
    rare_shared: frozenset[str] = frozenset()  # the names of the shared hyperparameters with rare values
    filled_by: Any = None  # what it takes from an environment, where once that is known nothing else is open; else None
    # Caches, no part of the term's value, see `cache_on_term`: of results that came again, of the latest ones that were
    # asked for once, and of the latest ones for rare values; and of passages through its children, see `Passage`.
    cache: dict[Any, Any] = field(factory=_make_cache, init=False)
    new_cache: dict[Any, Any] = field(factory=_make_cache, init=False)
    rare_cache: dict[Any, Any] = field(factory=_make_cache, init=False)
    stops: dict[Any, Any] = field(factory=_make_cache, init=False)


def make_plan(term: "Term", *, is_rewritten: bool) -> Plan:
    """The plan of a term; `is_rewritten` says whether it stands for another one."""
    slots = {name: slot for name, slot in term.hyperparameters if isinstance(slot, Domain | Expression)}
    subplans = [subterm.plan for subterm in term.subterms]
    depth = 1 + max([plan.depth for plan in subplans], default=0)
    if not slots and not is_rewritten and all(plan.is_specified for plan in subplans):
        return Plan(depth, term.own_keys, is_specified=True)
    indices = {name: i for i, name in enumerate(slots)}
    relevant = term.shape_hyperparameters
    shared = {s.name: s for slot in slots.values() if isinstance(slot, Expression) for s in slot.find_shared()}
    shared |= {s.name: s for plan in subplans for s in plan.shared}
    keys = [*shared, *(key for plan in subplans for key in plan.keys), *term.own_keys]
    return Plan(
        depth,
        tuple(dict.fromkeys(keys)),
        is_specified=False,  # as something is open
        names=tuple(slots),
        slots=tuple(slots.values()),
        shape_dependent=tuple(relevant is None or name in relevant for name in slots),
        fields=tuple(
            (indices.get(name, -1) if role == "hyperparameter" else -1, getattr(term, name))
            for name, role in term.field_roles
        ),
        shared=tuple(shared.values()),
        first_rare=next((i for i, slot in enumerate(slots.values()) if _is_rare(slot)), len(slots)),
        rare_shared=frozenset(s.name for s in shared.values() if _is_rare(s.domain)),
        filled_by=None if slots else _find_only_key(term, subplans, is_rewritten=is_rewritten),
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
