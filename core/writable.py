"""Whether a log can hold what is made of a person's own kinds: as JSON that is read again, under names that differ."""

import json
from collections.abc import Iterator

from archwright.core.claims import is_own
from archwright.core.errors import ArchwrightError
from archwright.core.serial import from_json, to_json
from archwright.core.term import Compound, Term


class NotWritable(ArchwrightError, TypeError):
    """A module that a log cannot hold; the message says which, and why."""


def require_writable(space: Term) -> None:
    """NotWritable for the first module of a person's own kind that JSON cannot hold, or whose children share a name."""
    for term in _own(space):
        _require_json(term)
        if isinstance(term, Compound):
            _require_names(term)


def _own(term: Term) -> Iterator[Term]:
    """The modules of a person's own kinds, inner ones first."""
    for inside in term.subterms:
        yield from _own(inside)
    if is_own(type(term)):
        yield term


def _require_json(term: Term) -> None:
    try:
        written = json.dumps(to_json(term), allow_nan=False)
        again = json.dumps(to_json(from_json(json.loads(written))), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise NotWritable(
            f"{term.kind} cannot be written to a log and read again: {error}; "
            "its fields may hold modules, values, and tuples of them"
        ) from error
    if again != written:
        raise NotWritable(
            f"{term.kind} is another one once it is written to a log and read again: {again:.200} in place of "
            f"{written:.200}; let its converters give again what they are given"
        )


def _require_names(term: Compound) -> None:
    places: dict[str, int] = {}
    for i, inside in enumerate(term.subterms):
        name = term.segment(i)
        first = places.setdefault(name, i)
        if first != i and not (inside.plan.closed or term.subterms[first].plan.closed):
            raise NotWritable(
                f"segment of {term.kind} gives {name!r} for its children {first} and {i}, so that their choices have "
                "the same names; give each child another one"
            )
