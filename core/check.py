"""Whether a log can hold what is made of a person's own kinds: as JSON that is read again, under names that differ."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from archwright.core.analysis import dead_ends, out_shapes
from archwright.core.errors import ArchwrightError
from archwright.core.json import from_json, to_json
from archwright.core.node import DeadEnd
from archwright.core.shape import input_shape as as_shape
from archwright.core.term import Compound, Term
from archwright.core.user_modules import is_user_defined


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
    if is_user_defined(type(term)):
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
        if first != i and not (inside.plan.specified or term.subterms[first].plan.specified):
            raise NotWritable(
                f"segment of {term.kind} gives {name!r} for its children {first} and {i}, so that their choices have "
                "the same names; give each child another one"
            )


class WrongOutput(ArchwrightError, ValueError):
    """Architectures whose output has another shape than the data asks for."""


class SharedTwice(ArchwrightError, ValueError):
    """One name for two shared hyperparameters with different domains."""


def check(space: Term, input_shape: Iterable[int], classes: int | None = None) -> None:
    """Nothing, if a search can go anywhere in the space.

    DeadEnd lists the places where it could not go on; SharedTwice, and, where `classes` is known, WrongOutput, say
    what does not agree; InvalidResult and NotWritable are about kinds of a person's own, TooDeep about nesting.
    """
    shape = as_shape(input_shape)
    _check_shared(space)
    require_writable(space)
    blocked = dead_ends(space, shape)
    if blocked:
        listed = "\n  ".join(map(str, blocked[:5]))
        more = f"\n  and {len(blocked) - 5} more" if len(blocked) > 5 else ""
        raise DeadEnd(
            f"for an input of shape {shape} the space has dead ends\n  {listed}{more}\n"
            "use padding='same', smaller sizes and strides, or fewer repeats there, or make the module optional"
        )
    wrong = [out for out in out_shapes(space, shape) if classes is not None and out != (classes,)]
    if wrong:
        raise WrongOutput(
            f"the output shape of some architectures is {wrong[0]}; the data has {classes} classes, so end the space "
            f"with affine(units={classes})"
        )


def _check_shared(space: Term) -> None:
    seen: dict[str, Any] = {}
    for name, domain in _shared(space):
        if seen.setdefault(name, domain) != domain:
            raise SharedTwice(
                f"the shared hyperparameter {name!r} has two domains, {seen[name]} and {domain}; make it once, "
                "as in width = shared('width', [16, 32]), and use it in both places"
            )


def _shared(term: Term) -> Iterator[tuple[str, Any]]:
    for held in term.plan.slots:
        for s in getattr(held, "shared", tuple)():
            yield s.name, s.domain
    for inside in term.subterms:
        yield from _shared(inside)
