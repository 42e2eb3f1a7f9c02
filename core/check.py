"""Checks of a space before a search: it has no dead ends, its outputs fit the data, and a log can hold it."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from archwright.core.domain import Domain
from archwright.core.errors import ArchwrightError, cut_text
from archwright.core.expression import Expression, Shared
from archwright.core.input import Input, as_input, format_input
from archwright.core.json import from_json, to_json
from archwright.core.modules.nonterminal import require_bound
from archwright.core.names import name_segment
from archwright.core.node import DeadEnd
from archwright.core.shape import NEEDS_IMAGE, Shape, TupleShape, format_shape
from archwright.core.taken_input import require_space
from archwright.core.term import Compound, Term, iterate_terms
from archwright.core.user_modules import is_user_defined

if TYPE_CHECKING:
    from archwright.core.analysis.blocked import BlockedPlace

MAX_DEAD_ENDS = 5  # in a message
USUAL_CHANNELS = (1, 3, 4)  # of images: grey, coloured, and with transparency
IMAGE_RANK = 3  # axes of an image: channels, height and width


class WrongOutput(ArchwrightError, ValueError):
    """Architectures whose output shape is not the one that the data needs."""


class ConflictingShared(ArchwrightError, ValueError):
    """Two shared hyperparameters with one name and different domains."""


class NotWritable(ArchwrightError, TypeError):
    """A module that a log cannot hold; the message has the module and the reason."""


def check(space: Term, input_shape: Iterable[int], classes: int | None = None) -> None:
    """Raise an error if a search in the space could fail.

    DeadEnd lists the first places where no option fits. WrongOutput is for an output shape other than `(classes,)`,
    ConflictingShared for shared hyperparameters, InvalidResult and NotWritable for user-defined modules, and TooDeep
    for nesting. UnboundNonterminal and PlaceWithoutLet are for what nothing says what it stands for, NotASpace and
    Misfit for what is no module, or no shape.
    """
    require_space(space)
    require_bound(space)
    model_input = as_input(input_shape)
    _check_shared(space)
    require_writable(space)
    _check_dead_ends(space, model_input)
    if classes is not None:
        _check_outputs(space, model_input.shape, classes)


def _check_shared(space: Term) -> None:
    domains: dict[str, Domain] = {}
    for shared in _find_shared(space):
        name, domain = shared.name, shared.domain
        if domains.setdefault(name, domain) != domain:
            raise ConflictingShared(
                f"the shared hyperparameter {name!r} has two domains, {domains[name]} and {domain}; make it once, "
                "as in width = shared('width', [16, 32]), and use it in both places"
            )


def _find_shared(space: Term) -> Iterator[Shared]:
    for term in iterate_terms(space):
        for slot in term.plan.slots:
            if isinstance(slot, Expression):
                yield from slot.find_shared()


def _check_dead_ends(space: Term, given: Input) -> None:
    from archwright.core.analysis.counting import dead_ends  # here, since what only reads a log checks no space

    blocked = dead_ends(space, given.shape)
    if blocked:
        first = "\n  ".join(map(str, blocked[:MAX_DEAD_ENDS]))
        more = f"\n  and {len(blocked) - MAX_DEAD_ENDS} more" if len(blocked) > MAX_DEAD_ENDS else ""
        raise DeadEnd(
            f"for an input of shape {given.shape} the space has dead ends\n  {first}{more}\n"
            f"{_suggest_remedy(blocked, given)}{_suggest_order(given.shape)}"
        )


def _suggest_remedy(blocked: "Sequence[BlockedPlace]", given: Input) -> str:
    if not any(NEEDS_IMAGE in place.why for place in blocked):
        return "use padding='same', smaller sizes and strides, or fewer repeats there, or make the module optional"
    if len(given) == IMAGE_RANK:
        return "put modules for images before those that make features of them, such as affine and global_avg_pool"
    return (
        f"the input of the models is {format_input(given)}, which is no image: give one, as in "
        "--input 3,32,32 (input=aw.image(3, 32, 32) in Python), or use modules for such inputs, such as affine"
    )


def _suggest_order(shape: Shape) -> str:
    """That channels come first, where the last axis looks like them; else empty."""
    if len(shape) != IMAGE_RANK or shape[-1] not in USUAL_CHANNELS or shape[0] <= shape[-1]:
        return ""
    first = f"({shape[2]}, {shape[0]}, {shape[1]})"
    return (
        f"\nan image is (channels, height, width): with {shape[2]} channel{'s' * (shape[2] > 1)}, its shape is {first}"
    )


def _check_outputs(space: Term, shape: Shape, classes: int) -> None:
    from archwright.core.analysis.counting import out_shapes

    wrong = next((out for out in out_shapes(space, shape) if out != (classes,)), None)
    if isinstance(wrong, TupleShape):
        raise WrongOutput(
            f"some architectures give outputs side by side, {format_shape(wrong)}; the data has {classes} classes, so "
            f"select one of them or merge them, and end the space with affine(units={classes})"
        )
    if wrong is not None:
        raise WrongOutput(
            f"the output shape of some architectures is {wrong}; the data has {classes} classes, so end the space "
            f"with affine(units={classes})"
        )


def require_writable(space: Term) -> None:
    """NotWritable for the first user-defined module that JSON cannot hold, or whose children share a name."""
    for term in _find_user_defined(space):
        _require_json(term)
        if isinstance(term, Compound):
            _require_distinct_names(term)


def _find_user_defined(term: Term) -> Iterator[Term]:
    """The user-defined modules in a term, inner ones first."""
    for subterm in term.subterms:
        yield from _find_user_defined(subterm)
    if is_user_defined(type(term)):
        yield term


def _require_json(term: Term) -> None:
    try:
        written = json.dumps(to_json(term), allow_nan=False)
        rewritten = json.dumps(to_json(from_json(json.loads(written))), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise NotWritable(
            f"{term.kind} cannot be written to a log and read again: {error}; "
            "its fields may hold modules, values, and tuples of them"
        ) from error
    if rewritten != written:
        raise NotWritable(
            f"{term.kind} is another one once it is written to a log and read again: {cut_text(rewritten, 200)} in "
            f"place of {cut_text(written, 200)}; let its converters give again what they are given"
        )


def _require_distinct_names(term: Compound) -> None:
    """The names of a compound module's children must differ, unless all choices but those of one child are made."""
    indices: dict[str, int] = {}
    for i, subterm in enumerate(term.subterms):
        name = name_segment(term, term.subterms, i)
        first = indices.setdefault(name, i)
        if first != i and not (subterm.plan.is_specified or term.subterms[first].plan.is_specified):
            raise NotWritable(
                f"segment of {term.kind} gives {name!r} for its children {first} and {i}, so that their choices have "
                "the same names; give each child another one"
            )
