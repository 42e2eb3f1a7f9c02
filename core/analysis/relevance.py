"""The check that `shape_hyperparameters` of a user-defined kind names every hyperparameter that shapes depend on."""

from collections.abc import Iterator
from itertools import islice

from archwright.core.domain import Domain
from archwright.core.environment import Environment, compute_value, find_unknown
from archwright.core.expression import Expression, Shared
from archwright.core.hyperparameter import list_analyzed_values
from archwright.core.shape import Misfit, Shape
from archwright.core.term import Basic, Term
from archwright.core.user_modules import InvalidResult, is_user_defined
from archwright.core.value import Value

OutShapes = tuple[Shape, ...] | str  # the output shapes of a module for some input shapes, or why it does not fit


def needs_relevance_check(term: Term) -> bool:
    """Whether a user-defined kind says that its shapes do not depend on some open hyperparameters of the module."""
    return isinstance(term, Basic) and is_user_defined(type(term)) and not all(term.plan.shape_dependent)


def is_indifferent(term: Term, k: int) -> bool:
    """Whether a built-in module takes any value of its `k`-th open hyperparameter, a shared one, with the same shapes.

    Then one value says as much as all of them, however many more the module asks for.
    """
    plan, slot = term.plan, term.plan.slots[k]
    if not isinstance(slot, Shared) or plan.shape_dependent[k] or term.subterms:
        return False
    later = (each for each in plan.slots[k + 1 :] if isinstance(each, Expression))
    if is_user_defined(type(term)) or any(slot in each.find_shared() for each in later):
        return False
    return all(term.check(plan.names[k], value) is None for value in list_analyzed_values(slot.domain))


def require_irrelevant(
    term: Term, shapes: tuple[Shape, ...], environment: Environment, values: tuple[Value, ...]
) -> None:
    """InvalidResult if the shapes of `term` depend on its next hyperparameter, which is said not to matter to them.

    Each of its values is combined with each value of those that matter; others after it have their middle value.
    """
    k = len(values)
    domain = term.plan.slots[k]
    assert isinstance(domain, Domain)
    middle = domain.from_unit(0.5)
    expected = list(_iterate_out_shapes(term, shapes, environment, (*values, middle)))
    for value in list_analyzed_values(domain):
        for outs, usual in zip(_iterate_out_shapes(term, shapes, environment, (*values, value)), expected, strict=True):
            if outs != usual:
                name, claim = term.plan.names[k], term.shape_hyperparameters
                raise InvalidResult(
                    f"shape_hyperparameters of {term.kind} are {claim!r}, but {name} matters too: "
                    f"for inputs of {_format_out_shapes(shapes)}, "
                    f"{name} = {middle!r} gives {_format_out_shapes(usual)}, and "
                    f"{name} = {value!r} gives {_format_out_shapes(outs)}; add {name!r} to them, or leave them out"
                )


def _iterate_out_shapes(
    term: Term, shapes: tuple[Shape, ...], environment: Environment, values: tuple[Value, ...]
) -> Iterator[OutShapes]:
    """The output shapes for each combination of the values that matter, in order."""
    plan, k = term.plan, len(values)
    if k == len(plan.slots):
        yield _compute_out_shapes(term.specify(values), shapes)
        return
    slot = plan.slots[k]
    if isinstance(slot, Domain):
        for value in list_analyzed_values(slot) if plan.shape_dependent[k] else [slot.from_unit(0.5)]:
            yield from _iterate_out_shapes(term, shapes, environment, (*values, value))
    elif shared := find_unknown(slot, environment):
        for value in list_analyzed_values(shared.domain):
            yield from _iterate_out_shapes(term, shapes, environment.set(shared.name, value), values)
    else:
        try:
            value = compute_value(term, plan.names[k], slot, environment)
        except Misfit as misfit:
            yield str(misfit)
        else:
            yield from _iterate_out_shapes(term, shapes, environment, (*values, value))


def _compute_out_shapes(term: Term, shapes: tuple[Shape, ...]) -> OutShapes:
    try:
        return tuple(term.out_shape(shape) for shape in shapes)
    except Misfit:
        return "no fit"


def _format_out_shapes(outs: OutShapes) -> str:
    return outs if isinstance(outs, str) else ", ".join(map(str, islice(outs, 3)))
