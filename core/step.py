"""What a term by itself does next in a traversal: it asks for a value, is entered, or is done."""

from typing import final

from attrs import frozen

from archwright.core.analysis import analyze, is_completable
from archwright.core.domain import Domain, Values
from archwright.core.environment import Environment, compute_value, find_unknown
from archwright.core.errors import ArchwrightError
from archwright.core.facts import remember_on_term
from archwright.core.hyperparameter import list_tried_values
from archwright.core.shape import Misfit, Shape
from archwright.core.term import Compound, Term
from archwright.core.value import Value

Inferred = tuple[tuple[str, Value], ...]  # names and values of the shared hyperparameters that have one legal value


class HiddenShared(ArchwrightError, ValueError):
    """A module that expands to shared hyperparameters that it does not hold itself."""


@final
@frozen(eq=False)
class Ask:
    """The term asks for a value of its next open hyperparameter."""

    values: tuple[Value, ...]  # of the term's own hyperparameters before that one
    inferred: Inferred
    domain: Domain  # its legal values, two or more
    shared: str | None  # the name under which it is asked for, if it is a shared hyperparameter


@final
@frozen(eq=False)
class Enter:
    """The term is specified but for its children: they are to be traversed."""

    compound: Compound
    children: tuple[Term, ...]
    inferred: Inferred


@final
@frozen(eq=False)
class Done:
    """The term is specified."""

    term: Term
    out_shape: Shape
    inferred: Inferred


Step = Ask | Enter | Done


@remember_on_term
def take_step(term: Term, shape: Shape, environment: Environment, values: tuple[Value, ...]) -> Step:
    """What `term` does next, given its input shape and the values chosen so far. Misfit if it cannot go on."""
    plan = term.plan
    if plan.specified:
        return Done(term, term.out_shape(shape), ())
    inferred: dict[str, Value] = {}
    is_first = not values
    while len(values) < len(plan.slots):
        k = len(values)
        slot = plan.slots[k]
        shared = None if isinstance(slot, Domain) else find_unknown(slot, environment)
        if not isinstance(slot, Domain) and shared is None:
            values = (*values, compute_value(term, plan.names[k], slot, environment))
            continue
        domain = slot if isinstance(slot, Domain) else shared.domain  # pyright: ignore[reportOptionalMemberAccess]
        if shared or plan.shape_dependent[k]:
            domain = _find_legal(term, domain, shared.name if shared else None, shape, environment, values)
        elif is_first and not is_completable(term, shape, environment, values):
            raise _explain_misfit(term, shape, environment, values)
        if domain.size != 1:
            return Ask(values, tuple(inferred.items()), domain, shared.name if shared else None)
        only = domain.from_unit(0.0)
        if shared:
            inferred[shared.name] = only
        environment, values = _add_value(shared.name if shared else None, only, environment, values)
    return _leave_or_enter(term, term.specify(values) if plan.slots else term, shape, tuple(inferred.items()))


def _leave_or_enter(term: Term, specified: Term, shape: Shape, inferred: Inferred) -> Enter | Done:
    """The step of a term whose own hyperparameters are `specified`."""
    if isinstance(specified, Compound):
        children = specified.inside()
        _require_known_shared(term, children)
        if not all(child.plan.specified for child in children):
            return Enter(specified, children, inferred)
        specified = specified.with_children(children)
    return Done(specified, specified.out_shape(shape), inferred)


def _require_known_shared(term: Term, children: tuple[Term, ...]) -> None:
    """HiddenShared if an expansion depends on shared hyperparameters of which the fields of its module say nothing."""
    known = {s.name for s in term.plan.shared}
    for hidden in (s.name for child in children for s in child.plan.shared if s.name not in known):
        raise HiddenShared(
            f"{term.kind} expands to modules with the shared hyperparameter {hidden!r}, which none of its fields hold; "
            f"make {hidden} a hyperparameter of {term.kind} itself"
        )


def _find_legal(
    term: Term, domain: Domain, shared: str | None, shape: Shape, environment: Environment, values: tuple[Value, ...]
) -> Domain:
    """The part of `domain` with which the term can still be completed, by itself, for this input shape."""
    options = list_tried_values(domain)
    legal = [v for v in options if is_completable(term, shape, *_add_value(shared, v, environment, values))]
    if not legal:
        raise _explain_misfit(term, shape, environment, values)
    if len(legal) == len(options):
        return domain
    return domain.restrict(legal) if isinstance(domain, Values) else Values(tuple(legal), ordered=True)


def _explain_misfit(term: Term, shape: Shape, environment: Environment, values: tuple[Value, ...]) -> Misfit:
    """Why a term that cannot be completed for this input shape cannot."""
    return Misfit(next(iter(analyze(term, (shape,), environment, values).blocked.values())).why)


def _add_value(
    shared: str | None, value: Value, environment: Environment, values: tuple[Value, ...]
) -> tuple[Environment, tuple[Value, ...]]:
    """The environment and the term's own values once a hyperparameter, a shared one or its own, has a value."""
    return (environment, (*values, value)) if shared is None else (environment.set(shared, value), values)
