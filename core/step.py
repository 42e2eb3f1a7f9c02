"""What a term by itself does next in a traversal: ask, be entered, or be done."""

from typing import final

from attrs import frozen

from archwright.core.analysis import REMEMBERED, candidates, completable, tally
from archwright.core.domain import Domain, Values
from archwright.core.environment import Environment, computed, unknown
from archwright.core.errors import ArchwrightError
from archwright.core.shape import Misfit, Shape
from archwright.core.term import Compound, Term
from archwright.core.value import Value


class HiddenShared(ArchwrightError, ValueError):
    """A module that expands to shared hyperparameters that it does not hold itself."""


@final
@frozen(eq=False)
class Step:
    """One of three: the term asks about `domain`; or, specified but for its children, it is entered; or it is done."""

    answers: tuple[Value, ...]  # to the term's own hyperparameters, with those added that have one legal value
    learned: tuple[tuple[str, Value], ...] = ()  # shared hyperparameters that have one legal value
    domain: Domain | None = None
    shared: str | None = None  # the name under which the domain is asked, if it is a shared hyperparameter
    entered: Compound | None = None  # the term, whose children `inside` are to be traversed
    inside: tuple[Term, ...] = ()
    done: Term | None = None  # the term, which gives `out`
    out: Shape = ()


def step(term: Term, shape: Shape, environment: Environment, answers: tuple[Value, ...]) -> Step:
    """What `term` does next, given its input shape and the answers so far. Misfit if it cannot go on.

    Steps are remembered on the term: most are taken again and again in a search.
    """
    plan = term.plan
    shared = plan.shared
    key = (answers, shape, tuple(environment.get(s.name) for s in shared)) if shared else (answers, shape)
    found: Step | None = plan.memo.get(key)
    if found is None:
        found = _step(term, shape, environment, answers)
        if len(plan.memo) < REMEMBERED:
            plan.memo[key] = found
    return found


def _step(term: Term, shape: Shape, environment: Environment, answers: tuple[Value, ...]) -> Step:
    plan = term.plan
    if plan.closed:
        return Step(answers, done=term, out=term.out_shape(shape))
    learned: dict[str, Value] = {}
    unasked = not answers
    while len(answers) < len(plan.entries):
        k = len(answers)
        held = plan.entries[k]
        shared = None if isinstance(held, Domain) else unknown(held, environment)
        if not isinstance(held, Domain) and shared is None:
            answers = (*answers, computed(term, plan.names[k], held, environment))
            continue
        domain = held if isinstance(held, Domain) else shared.domain  # pyright: ignore[reportOptionalMemberAccess]
        if shared or plan.guarded[k]:
            domain = _legal(term, domain, shared.name if shared else None, shape, environment, answers)
        elif unasked and not completable(term, shape, environment, answers):
            raise _misfit(term, shape, environment, answers)
        if domain.size != 1:
            return Step(answers, tuple(learned.items()), domain, shared.name if shared else None)
        only = domain.from_unit(0.0)
        if shared:
            learned[shared.name] = only
            environment = environment.set(shared.name, only)
        else:
            answers = (*answers, only)
    specified = term.specified(answers) if plan.entries else term
    if isinstance(specified, Compound):
        inside = specified.inside()
        _require_told(term, inside)
        if not all(t.plan.closed for t in inside):
            return Step(answers, tuple(learned.items()), entered=specified, inside=inside)
        specified = specified.with_children(inside)
    return Step(answers, tuple(learned.items()), done=specified, out=specified.out_shape(shape))


def _require_told(term: Term, inside: tuple[Term, ...]) -> None:
    """HiddenShared if an expansion depends on shared hyperparameters of which the fields of its module say nothing."""
    told = {s.name for s in term.plan.shared}
    for hidden in (s.name for each in inside for s in each.plan.shared if s.name not in told):
        raise HiddenShared(
            f"{term.kind} expands to modules with the shared hyperparameter {hidden!r}, which none of its fields hold; "
            f"make {hidden} a hyperparameter of {term.kind} itself"
        )


def _legal(
    term: Term, domain: Domain, shared: str | None, shape: Shape, environment: Environment, answers: tuple[Value, ...]
) -> Domain:
    """The part of `domain` with which the term can still be completed, by itself, for this input shape."""
    options = candidates(domain)
    fits = [v for v in options if completable(term, shape, *_known(shared, v, environment, answers))]
    if not fits:
        raise _misfit(term, shape, environment, answers)
    if len(fits) == len(options):
        return domain
    return domain.restrict(fits) if isinstance(domain, Values) else Values(tuple(fits), ordered=True)


def _misfit(term: Term, shape: Shape, environment: Environment, answers: tuple[Value, ...]) -> Misfit:
    """Why a term that cannot be completed for this input shape cannot."""
    return Misfit(next(iter(tally(term, (shape,), environment, answers).dead.values())).why)


def _known(
    shared: str | None, value: Value, environment: Environment, answers: tuple[Value, ...]
) -> tuple[Environment, tuple[Value, ...]]:
    """The environment and the answers once a hyperparameter, shared or the term's own, has a value."""
    return (environment, (*answers, value)) if shared is None else (environment.set(shared, value), answers)
