"""The names of modules in the names of choices, which are made of the modules around a choice from the outside in.

Each module adds a segment: the word for it, and the position of the child that leads on to the choice, as in
`branches.1`; a sequential adds the position alone. A child that has a name has it in place of its position:
`branches.stem`. A module with one child gives no positions, as in `residual`; the name comes after it then:
`residual.stem`.
"""

from collections.abc import Sequence

from archwright.core.kind import require_term
from archwright.core.term import Term, TermKind


def name_segment(term: Term, children: Sequence[Term], i: int) -> str:
    """What `term` and the name of its `i`-th child add to the names of the choices in that child.

    `children` are those of its expansion, if it is a module that is rewritten. Where the name is also that of another
    child, as in the copies of a repeated module, the position stays in front of it.
    """
    name = children[i].given_name
    if not name:
        return term.segment(i)
    segment = term.segment(i)
    kind, _, position = segment.rpartition(".")
    named = segment if position.isidentifier() else kind  # a position is a number, or begins with one
    named = f"{named}.{name}" if named else name
    others = [j for j in range(len(children)) if j != i]
    is_taken = any(children[j].given_name == name or term.segment(j) == named for j in others)
    return f"{segment}.{name}" if is_taken else named


def root_prefix(space: Term) -> str:
    """What the names of all choices in a whole space begin with."""
    return f"{space.given_name}." if space.given_name else ""


def drop_names(term: TermKind) -> TermKind:
    """The same architecture, or space, without the names of its modules: what it computes, and no more.

    NotATerm of anything else.
    """
    require_term(term, "what is to lose its names")
    return _drop_names(term)


def _drop_names(term: TermKind) -> TermKind:
    inside = term.subterms
    unnamed = tuple(map(_drop_names, inside))
    if any(new is not old for new, old in zip(unnamed, inside, strict=True)):
        term = term.with_subterms(unnamed)
    return term.with_name("") if term.given_name else term
