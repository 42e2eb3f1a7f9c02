"""The next step of a traversal at one term: it asks for a value, enters the term, or finds it specified."""

from typing import Any, final

from attrs import frozen

from archwright.core.analysis.completions import analyze, list_options
from archwright.core.analysis.demand import NO_DEMAND, Demand, require_zeros
from archwright.core.analysis.edge_search import is_completable_by_edges
from archwright.core.analysis.relevance import is_indifferent
from archwright.core.domain import Domain
from archwright.core.environment import Environment, compute_value, find_unknown
from archwright.core.errors import ArchwrightError
from archwright.core.hyperparameter import list_analyzed_values
from archwright.core.modules.graphs import Cell
from archwright.core.modules.places import BoundPlace, Let
from archwright.core.passage import Passage, Waypoint
from archwright.core.shape import Misfit, Shape
from archwright.core.term import Basic, Composite, Compound, Rewriting, Term
from archwright.core.term_cache import cache_on_term
from archwright.core.value import Value

# The name and value of each shared hyperparameter with one legal value; and of each term that a let chooses, None.
InferredValues = tuple[tuple[Any, Any], ...]


class HiddenSharedHyperparameter(ArchwrightError, ValueError):
    """A module that expands to shared hyperparameters that it does not hold itself."""


@final
@frozen(eq=False)
class ValueRequest:
    """The term needs a value of its next open hyperparameter."""

    values: tuple[Value, ...]  # of the term's own hyperparameters before the open one
    inferred: InferredValues
    domain: Domain  # its legal values, two or more
    shared: str | None  # the name of the open hyperparameter if it is a shared one


@final
@frozen(eq=False)
class Descent:
    """The term's own hyperparameters have values, and its children are traversed next."""

    inferred: InferredValues
    waypoint: Waypoint  # where the first of them is next that is open

    @property
    def children(self) -> tuple[Term, ...]:
        """All of them, as they were before the first is traversed."""
        return self.waypoint.passage.children


@final
@frozen(eq=False)
class SpecifiedTerm:
    """The term has nothing open, in itself or in its children."""

    term: Term
    out_shape: Shape
    inferred: InferredValues


Step = ValueRequest | Descent | SpecifiedTerm


@cache_on_term
def take_step(
    term: Term, shape: Shape, environment: Environment, values: tuple[Value, ...], demand: Demand = NO_DEMAND
) -> Step:
    """The step of a traversal at `term`, given its input shape and the values of its own hyperparameters so far.

    Misfit if no values of the open hyperparameters fit, or do as is demanded.
    """
    plan = term.plan
    if plan.is_specified:
        return SpecifiedTerm(term, term.out_shape(shape), ())
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
        matters = plan.shape_dependent[k] if shared is None else not is_indifferent(term, k)
        if matters or demand is not NO_DEMAND:
            domain = _find_legal(term, domain, shared.name if shared else None, shape, environment, values, demand)
        elif is_first and not is_completable(term, shape, environment, values, demand):
            raise _explain_misfit(term, shape, environment, values, demand)
        if domain.size != 1:
            return ValueRequest(values, tuple(inferred.items()), domain, shared.name if shared else None)
        only_value = domain.from_unit(0.0)
        if shared:
            inferred[shared.name] = only_value
        environment, values = _add_value(shared.name if shared else None, only_value, environment, values)
    if type(term) is BoundPlace and (chosen := environment.get(term.binding)):
        require_zeros(chosen.term, demand)
        return SpecifiedTerm(term.with_children((chosen.term,)), chosen.out_shape(shape), ())
    term_with_values = term.specify(values) if plan.slots else term
    return _descend_or_finish(term, term_with_values, shape, tuple(inferred.items()), demand)


def _descend_or_finish(
    term: Term, term_with_values: Term, shape: Shape, inferred: InferredValues, demand: Demand
) -> Descent | SpecifiedTerm:
    """The step at `term`, which is `term_with_values` once its own hyperparameters have values."""
    if isinstance(term_with_values, Compound):
        children = term_with_values.get_children()
        _require_known_shared(term, children)
        if not all(child.plan.is_specified for child in children):
            if type(term) is Let:  # what an earlier copy of it chose is forgotten
                inferred = tuple((binding, None) for binding in term.bindings)
            return Descent(inferred, _enter(term_with_values, shape, children, demand))
        term_with_values = term_with_values.with_children(children)
    require_zeros(term_with_values, demand)
    return SpecifiedTerm(term_with_values, term_with_values.out_shape(shape), inferred)


def _enter(module: Compound, shape: Shape, children: tuple[Term, ...], demand: Demand) -> Waypoint:
    """Where the first open child of a module is next."""
    passage = Passage(module, shape, children, module.copies, module.connection, module.plan.stops)
    waypoint = passage.enter(refuses_zero=isinstance(module, Rewriting) and demand.zeros == "refused")
    assert isinstance(waypoint, Waypoint)
    return waypoint


def _require_known_shared(term: Term, children: tuple[Term, ...]) -> None:
    """HiddenSharedHyperparameter if an expansion depends on one that the fields of its module do not hold."""
    known_names = {s.name for s in term.plan.shared}
    for hidden in (s.name for child in children for s in child.plan.shared if s.name not in known_names):
        raise HiddenSharedHyperparameter(
            f"{term.kind} expands to modules with the shared hyperparameter {hidden!r}, which none of its fields hold; "
            f"make {hidden} a hyperparameter of {term.kind} itself"
        )


def _find_legal(
    term: Term,
    domain: Domain,
    shared: str | None,
    shape: Shape,
    environment: Environment,
    values: tuple[Value, ...],
    demand: Demand,
) -> Domain:
    """The part of `domain` with which the term can still be completed, by itself, for this input shape."""
    options = list_analyzed_values(domain)
    legal = [v for v in options if is_completable(term, shape, *_add_value(shared, v, environment, values), demand)]
    if not legal:
        raise _explain_misfit(term, shape, environment, values, demand)
    if len(legal) == len(options):
        return domain
    return domain.restrict(legal)


def is_completable(
    term: Term, shape: Shape, environment: Environment, values: tuple[Value, ...], demand: Demand
) -> bool:
    """Whether `term` has any completion for an input shape: it is looked for until the first."""
    if isinstance(term, Cell):
        found = is_completable_by_edges(term, shape, environment, values, demand)
        if found is not None:
            return found
    plan, k = term.plan, len(values)
    if k == len(plan.slots):
        return (demand.zeros == "allowed" and _fits_specified(term, shape, values)) or bool(
            analyze(term, (shape,), environment, values, demand).completions
        )
    slot = plan.slots[k]
    if isinstance(slot, Domain):
        matters = not isinstance(term, Basic) or plan.shape_dependent[k]
        options = list_options(slot, matters)
        return any(is_completable(term, shape, environment, (*values, v), demand) for v in options)
    if shared := find_unknown(slot, environment):
        options = list_analyzed_values(shared.domain)
        return any(is_completable(term, shape, environment.set(shared.name, v), values, demand) for v in options)
    try:
        value = compute_value(term, plan.names[k], slot, environment)
    except Misfit:
        return False
    return is_completable(term, shape, environment, (*values, value), demand)


def _fits_specified(term: Term, shape: Shape, values: tuple[Value, ...]) -> bool:
    """Whether nothing is left to choose in `term` with these values, and it fits: no analysis is needed then."""
    module = term.specify(values) if term.plan.slots else term
    try:
        if isinstance(module, Compound) and not (isinstance(module, Rewriting) and module.closed_depth):
            children = module.get_children()
            if not all(child.plan.is_specified for child in children):
                return False
            module = module if isinstance(module, Composite) else module.with_children(children)
        module.out_shape(shape)
    except Misfit:
        return False
    return True


def _explain_misfit(
    term: Term, shape: Shape, environment: Environment, values: tuple[Value, ...], demand: Demand
) -> Misfit:
    """Why a term that cannot be completed for this input shape cannot."""
    return Misfit(next(iter(analyze(term, (shape,), environment, values, demand).blocked.values())).why)


def _add_value(
    shared: str | None, value: Value, environment: Environment, values: tuple[Value, ...]
) -> tuple[Environment, tuple[Value, ...]]:
    """The environment and the term's own values once a hyperparameter, a shared one or its own, has a value."""
    return (environment, (*values, value)) if shared is None else (environment.set(shared, value), values)
