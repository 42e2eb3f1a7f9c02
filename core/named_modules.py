"""Modules that are given to a builder under names, as in `sequential(stem=..., body=...)`."""

from collections.abc import Callable, Mapping

from archwright.core.builders import refuse_argument
from archwright.core.given_name import ARGUMENT, require_name
from archwright.core.hyperparameter import InvalidHyperparameter
from archwright.core.kind import require_term
from archwright.core.term import Term


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
