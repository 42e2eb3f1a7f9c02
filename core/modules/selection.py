"""Which of several outputs that flow side by side a module takes."""

from collections.abc import Sequence
from functools import lru_cache

from archwright.core.domain import Domain
from archwright.core.expression import Expression
from archwright.core.modules.basic import Select
from archwright.core.term import Composite, Term
from archwright.core.wired_shapes import find_wiring
from archwright.core.wiring import TUPLE, Joint, Wiring

MAX_CACHED_JOINTS = 4096  # one for each way to select of a joint


def list_selected(term: Term) -> frozenset[int] | None:
    """Which ones a term takes, as far as the selects that it begins with say; None where it may take any of them."""
    if isinstance(term, Select):
        return None if isinstance(term.index, Domain | Expression) else frozenset([term.index])
    # Not by the plan of the term, which would be made for the architecture of every leaf.
    wiring = find_wiring(term) if isinstance(term, Composite) and not _has_choices(term) else None
    if wiring is None or 0 in wiring.output.sources:
        return None
    if wiring.is_chain:  # the same in less time
        return list_selected(term.subterms[0])
    chosen = frozenset[int]()
    for joint, child in zip(wiring.inputs, term.subterms, strict=True):
        selected = list_selected(child) if 0 in joint.sources else frozenset[int]()
        if selected is None:
            return None
        chosen |= selected
    return chosen


def _has_choices(term: Term) -> bool:
    """Whether hyperparameters of its own are open."""
    return any(isinstance(slot, Domain | Expression) for _, slot in term.hyperparameters)


def narrow_wiring(wiring: Wiring, children: Sequence[Term]) -> Wiring:
    """The wiring in which only what a child selects flows into it, for those who follow the data.

    The indices of selects no longer count the sources of their joints. What is selected may not be there in a space,
    in which a child may never be chosen; then all flows into it.
    """
    inputs = tuple(narrow_inputs(wiring, children))
    return wiring if inputs == wiring.inputs else Wiring(inputs, wiring.output)


def narrow_inputs(wiring: Wiring, children: Sequence[Term]) -> Sequence[Joint]:
    """The inputs of this wiring."""
    return [_narrow_joint(joint, child) for joint, child in zip(wiring.inputs, children, strict=True)]


def _narrow_joint(joint: Joint, child: Term) -> Joint:
    if joint.merge != TUPLE or len(joint.sources) == 1:
        return joint
    return _select_sources(joint, list_selected(child))


@lru_cache(MAX_CACHED_JOINTS)
def _select_sources(joint: Joint, selected: frozenset[int] | None) -> Joint:
    if not selected or max(selected) >= len(joint.sources):
        return joint
    return Joint(tuple(joint.sources[i] for i in sorted(selected)), TUPLE)
