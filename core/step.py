"""What a term by itself does next in a traversal: ask, be entered, or be done."""

from typing import final

from attrs import frozen

from archwright.core.domain import Domain, Value, Values
from archwright.core.environment import Environment, computed, unknown
from archwright.core.tally import REMEMBERED, tally
from archwright.core.term import Compound, Misfit, Shape, Term


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
    learned: dict[str, Value] = {}
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
        if not all(t.plan.closed for t in inside):
            return Step(answers, tuple(learned.items()), entered=specified, inside=inside)
        specified = specified.with_children(inside)
    return Step(answers, tuple(learned.items()), done=specified, out=specified.out_shape(shape))


PROBED = 4096  # domains of more values than this are probed at their ends and in the middle


def _legal(
    term: Term, domain: Domain, shared: str | None, shape: Shape, environment: Environment, answers: tuple[Value, ...]
) -> Domain:
    """The part of `domain` with which the term can still be completed, by itself, for this input shape."""
    large = domain.size is None or domain.size > PROBED
    candidates = [domain.from_unit(u) for u in (0.0, 0.5, 1.0)] if large else list(domain)
    fits: list[Value] = []
    for value in candidates:
        found = (
            tally(term, (shape,), environment, (*answers, value))
            if shared is None
            else tally(term, (shape,), environment.set(shared, value), answers)
        )
        if found.completions:
            fits.append(value)
        elif len(fits) == 0 and value == candidates[-1]:
            raise Misfit(next(iter(found.dead.values())).why)
    if len(fits) == len(candidates):
        return domain
    return Values(tuple(fits), ordered=not isinstance(domain, Values) or domain.ordered)
