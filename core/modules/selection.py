"""Which of several outputs that flow side by side a module takes."""

from collections.abc import Sequence

from archwright.core.modules.basic import Select
from archwright.core.term import Composite, Term
from archwright.core.wired_shapes import find_wiring
from archwright.core.wiring import TUPLE, Joint, Wiring


def list_selected(term: Term) -> frozenset[int] | None:
    """Which ones a term takes, as far as the selects that it begins with say; None where it may take any of them."""
    if isinstance(term, Select):
        return None if term.plan.names else frozenset([term.index])
    wiring = find_wiring(term) if isinstance(term, Composite) and not term.plan.names else None
    if wiring is None or 0 in wiring.output.sources:
        return None
    chosen = frozenset[int]()
    for joint, child in zip(wiring.inputs, term.subterms, strict=True):
        selected = list_selected(child) if 0 in joint.sources else frozenset[int]()
        if selected is None:
            return None
        chosen |= selected
    return chosen


def narrow_wiring(wiring: Wiring, children: Sequence[Term]) -> Wiring:
    """The wiring in which only what a child selects flows into it, for those who follow the data.

    The indices of selects no longer count the sources of their joints. What is selected may not be there in a space,
    in which a child may never be chosen; then all flows into it.
    """
    if all(joint.merge != TUPLE for joint in wiring.inputs):
        return wiring
    return Wiring(tuple(map(_narrow_joint, wiring.inputs, children)), wiring.output)


def _narrow_joint(joint: Joint, child: Term) -> Joint:
    selected = list_selected(child) if joint.merge == TUPLE and len(joint.sources) > 1 else None
    is_there = selected and max(selected) < len(joint.sources)
    return Joint(tuple(joint.sources[i] for i in sorted(selected)), TUPLE) if selected and is_there else joint
