"""The names of modules in the names of choices, which are made of the modules around a choice from the outside in.

A module adds its segment: the position that the module around it gives to it, as in `branches.1`, and where it has a
name of its own that one in place of the position: `branches.stem`. A module with one child gives it no position, as in
`residual`; the name comes after it then: `residual.stem`.
"""

from collections.abc import Callable, Mapping, Sequence

from archwright.core.builders import refuse_argument
from archwright.core.given_name import ARGUMENT, require_name
from archwright.core.hyperparameter import InvalidHyperparameter
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


def split_name(named: Mapping[str, Term | str]) -> tuple[str, Mapping[str, Term]]:
    """The name of the module that a builder makes, and the modules that it is given under names.

    The argument `name` is the former where it is a text.
    """
    name = named.get(ARGUMENT)
    if not isinstance(name, str):
        return "", named  # pyright: ignore[reportReturnType]  (what is no module is refused where it belongs)
    return name, {key: term for key, term in named.items() if key != ARGUMENT}  # pyright: ignore[reportReturnType]


def name_children(build: Callable[..., Term], named: Mapping[str, Term]) -> tuple[Term, ...]:
    """The modules that were given to a builder under names, with these names.

    WrongArguments for a value and NotATerm for what is no module either; InvalidHyperparameter for a module that has
    another name.
    """
    for name, term in named.items():
        if isinstance(term, bool | int | float | str | None):
            if name == ARGUMENT:
                require_name(term, build.__name__)
            raise refuse_argument(build, name, term)
        require_term(term, f"{name} of {build.__name__}", build.__name__)
        require_name(name, f"a module in {build.__name__}")
        if term.given_name not in ("", name):
            raise InvalidHyperparameter(
                f"{name} of {build.__name__} is a module with the name {term.given_name!r}; "
                "give it one name, here or there"
            )
    return tuple(term.with_name(name) for name, term in named.items())


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
