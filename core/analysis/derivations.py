"""How many derivations the grammars of a space have."""

from collections.abc import Sequence

from archwright.core.analysis.counting import count
from archwright.core.modules.nonterminal import NonterminalBinder
from archwright.core.taken_input import require_space
from archwright.core.term import Term


def count_derivations(space: Term, input_shape: Sequence[int] | None = None) -> int | float:
    """How many derivations a space has: productions count as often as they are listed, and not once as in `count`.

    Papers that list a production twice give this number (Schrodi et al. 2023). Of a space without grammars, and of one
    whose grammars list nothing twice, both numbers are the same. inf if the space has reals. Raises what `count` does.
    """
    require_space(space)
    return count(_tell_listings_apart(space), input_shape)


def _tell_listings_apart(term: Term) -> Term:
    """The term, but in its grammars, productions that are listed several times are as many options."""
    inner = tuple(map(_tell_listings_apart, term.subterms))
    if any(new is not old for new, old in zip(inner, term.subterms, strict=True)):
        term = term.with_subterms(inner)
    return term.tell_listings_apart() if isinstance(term, NonterminalBinder) else term
