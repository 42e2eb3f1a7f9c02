"""Which values are tried for a hyperparameter, and whether those that are said not to matter do not."""

from collections.abc import Iterator
from itertools import islice

from archwright.core.claims import WrongClaim, is_own
from archwright.core.domain import Domain, Values
from archwright.core.environment import Environment, computed, unknown
from archwright.core.shape import Misfit, Shape
from archwright.core.term import Basic, Term
from archwright.core.value import Value

PROBED = 4096  # a range of more values than this is tried at its ends and in its middle alone

Outcome = tuple[Shape, ...] | str  # the output shapes of a module, or why it does not fit


def candidates(domain: Domain, irrelevant: bool = False) -> list[Value]:
    """The values that are tried for a domain: all, or a few of too many, or one where it does not matter which."""
    if irrelevant:
        return [domain.from_unit(0.5)]
    if isinstance(domain, Values) or (domain.size is not None and domain.size <= PROBED):
        return list(domain)
    return [domain.from_unit(u) for u in (0.0, 0.5, 1.0)]


def is_doubtful(term: Term) -> bool:
    """Whether a person's kind says that some open hyperparameters of a module do not matter to its shapes."""
    return isinstance(term, Basic) and is_own(type(term)) and not all(term.plan.guarded)


def require_irrelevant(
    term: Term, shapes: tuple[Shape, ...], environment: Environment, answers: tuple[Value, ...]
) -> None:
    """WrongClaim if the next hyperparameter of `term`, which is said not to matter to its shapes, does.

    Each of its values is tried with each of what matters, those after it that are said not to matter in their middle.
    """
    k = len(answers)
    domain = term.plan.entries[k]
    assert isinstance(domain, Domain)
    middle = domain.from_unit(0.5)
    usual = list(_outcomes(term, shapes, environment, (*answers, middle)))
    for value in candidates(domain):
        for found, expected in zip(_outcomes(term, shapes, environment, (*answers, value)), usual, strict=True):
            if found != expected:
                name, said = term.plan.names[k], term.shape_hyperparameters
                raise WrongClaim(
                    f"shape_hyperparameters of {term.kind} are {said!r}, but {name} matters too: "
                    f"for inputs of {_told(shapes)}, {name} = {middle!r} gives {_told(expected)}, and "
                    f"{name} = {value!r} gives {_told(found)}; add {name!r} to them, or leave them out"
                )


def _outcomes(
    term: Term, shapes: tuple[Shape, ...], environment: Environment, answers: tuple[Value, ...]
) -> Iterator[Outcome]:
    """What comes of each of the values that matter, in order."""
    plan, k = term.plan, len(answers)
    if k == len(plan.entries):
        yield _outcome(term.specified(answers), shapes)
        return
    held = plan.entries[k]
    if isinstance(held, Domain):
        for value in candidates(held, irrelevant=not plan.guarded[k]):
            yield from _outcomes(term, shapes, environment, (*answers, value))
    elif shared := unknown(held, environment):
        for value in candidates(shared.domain):
            yield from _outcomes(term, shapes, environment.set(shared.name, value), answers)
    else:
        try:
            value = computed(term, plan.names[k], held, environment)
        except Misfit as misfit:
            yield str(misfit)
        else:
            yield from _outcomes(term, shapes, environment, (*answers, value))


def _outcome(term: Term, shapes: tuple[Shape, ...]) -> Outcome:
    try:
        return tuple(term.out_shape(shape) for shape in shapes)
    except Misfit:
        return "no fit"


def _told(outcome: Outcome) -> str:
    return outcome if isinstance(outcome, str) else ", ".join(map(str, islice(outcome, 3)))
