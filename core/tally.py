"""The completions of a space, counted by recursion: how many there are, what shapes they give, where none fits.

Every function here works on several input shapes at once: a completion counts if it fits all of them. One shape is the
ordinary case; no shape at all counts a space without asking what fits; and the copies of a tied repeat, which share
their choices, are one body that must fit the input shape of every copy.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from attrs import frozen

from archwright.core.domain import Domain, Integers, Value, Values
from archwright.core.environment import Environment, computed, nothing_shared, unknown
from archwright.core.term import Basic, Compound, Misfit, Shape, Term

Shapes = tuple[Shape, ...]
Path = tuple[tuple[str, Value], ...]
Key = tuple[
    Shapes, Environment
]  # what the rest of a space can tell of a completion: its output shapes, its shared values


@frozen
class Completions:
    """The completions that share a key."""

    count: int | float  # inf where reals are chosen
    ways: int  # the same with every domain that is stood for by a few values counted as those
    example: Path  # one of them, with names relative to the term


@frozen
class Dead:
    """A place where nothing fits: why, and choices that lead there."""

    why: str
    example: Path


@frozen
class Tally:
    """All completions of a term by key, and its dead ends by place."""

    completions: Mapping[Key, Completions]
    dead: Mapping[str, Dead]


K = TypeVar("K")

REMEMBERED = 100_000  # facts kept about one term, so that continuous values cannot fill the memory
ENUMERATED = 128  # a range of more integers than this is stood for by its ends and its middle


def count(space: Term, input_shape: Iterable[int] | None = None) -> int | float:
    """How many architectures a space has: an exact integer, or inf if it has reals.

    Without an input shape, nothing is ruled out for not fitting.
    """
    shapes = () if input_shape is None else (tuple(input_shape),)
    return sum(c.count for c in tally(space, shapes).completions.values())


def out_shapes(space: Term, input_shape: Iterable[int]) -> tuple[Shape, ...]:
    """The output shapes of a space's architectures."""
    return tuple({shapes[0]: None for shapes, _ in tally(space, (tuple(input_shape),)).completions})


def tally(
    term: Term, shapes: Shapes, environment: Environment = nothing_shared, answers: tuple[Value, ...] = ()
) -> Tally:
    """The tally of `term` for the given input shapes, some hyperparameters being known."""
    key = (tally, answers, shapes, environment)
    found: Tally | None = term.plan.memo.get(key)
    if found is None:
        found = _tally(term, shapes, environment, answers)
        if len(term.plan.memo) < REMEMBERED:
            term.plan.memo[key] = found
    return found


def _tally(term: Term, shapes: Shapes, environment: Environment, answers: tuple[Value, ...]) -> Tally:
    plan, k = term.plan, len(answers)
    try:
        if k < len(plan.entries):
            held = plan.entries[k]
            if isinstance(held, Domain):
                irrelevant = isinstance(term, Basic) and (not shapes or not plan.guarded[k])
                name = f"{term.kind}.{plan.names[k]}"
                tallies = (
                    (v, weight, tally(term, shapes, environment, (*answers, v)))
                    for v, weight in _represented(held, irrelevant)
                )
                return _over_values(term, name, tallies)
            if shared := unknown(held, environment):
                tallies = (
                    (v, weight, tally(term, shapes, environment.set(shared.name, v), answers))
                    for v, weight in _represented(shared.domain, irrelevant=False)
                )
                return _over_values(term, shared.name, tallies)
            value = computed(term, plan.names[k], held, environment)
            return tally(term, shapes, environment, (*answers, value))
        specified = term.specified(answers)
        if isinstance(specified, Compound):
            return _over_children(specified, shapes, environment)
        outs = tuple(specified.out_shape(shape) for shape in shapes)
        return Tally({(outs, environment): Completions(1, 1, ())}, {})
    except Misfit as misfit:
        return Tally({}, {term.kind: Dead(str(misfit), ())})


def _represented(domain: Domain, irrelevant: bool) -> Iterator[tuple[Value, int | float]]:
    """Values that stand for a domain, each with the number of values that it stands for."""
    size = math.inf if domain.size is None else domain.size
    if irrelevant:
        yield domain.from_unit(0.5), size
    elif isinstance(domain, Values) or (isinstance(domain, Integers) and size <= ENUMERATED):
        for value in domain:
            yield value, 1
    else:
        for u, weight in ((0.0, 1), (0.5, size - 2), (1.0, 1)):
            yield domain.from_unit(u), weight


def _over_values(term: Term, name: str, tallies: Iterable[tuple[Value, int | float, Tally]]) -> Tally:
    """The sum over the values of one hyperparameter. Values without completions are not offered, so not dead ends."""
    total, dead = dict[Key, Completions](), dict[str, Dead]()
    refused: Dead | None = None
    for value, weight, found in tallies:
        step: Path = ((name, value),)
        for key, c in found.completions.items():
            _add(total, key, Completions(c.count * weight, c.ways, step + c.example))
        if found.completions:
            for place, end in found.dead.items():
                dead.setdefault(place, Dead(end.why, step + end.example))
        else:
            refused = refused or next(iter(found.dead.values()))
    if not total:
        assert refused is not None
        return Tally({}, {term.kind: Dead(refused.why, ())})
    return Tally(total, dead)


def _over_children(term: Compound, shapes: Shapes, environment: Environment) -> Tally:
    """The product over the children, from left to right, with equal states joined after each."""
    nothing: tuple[Shape, ...] = ()
    states = {((nothing,) * len(shapes), environment): Completions(1, 1, ())}
    dead: dict[str, Dead] = {}
    for i, inside in enumerate(term.inside()):
        prefix = term.segment(i)
        after: dict[tuple[tuple[Shapes, ...], Environment], Completions] = {}
        for (outs, known), so_far in states.items():
            ins = tuple(term.child_in_shape(i, s, o) for s, o in zip(shapes, outs, strict=True))
            found = _in_a_chain(inside, ins, known, term.copies)
            for place, end in found.dead.items():
                example = so_far.example + _lifted(prefix, end.example)
                dead.setdefault(f"{prefix}.{place}" if place else prefix, Dead(end.why, example))
            for (new, learned), c in found.completions.items():
                key = tuple(term.remember(o, n) for o, n in zip(outs, new, strict=True)), learned
                example = so_far.example + _lifted(prefix, c.example)
                _add(after, key, Completions(so_far.count * c.count, so_far.ways * c.ways, example))
        states = after
    total: dict[Key, Completions] = {}
    for (outs, known), c in states.items():
        _add(total, (tuple(term.merge(s, o) for s, o in zip(shapes, outs, strict=True)), known), c)
    return Tally(total, dead)


def _in_a_chain(inside: Term, ins: Shapes, environment: Environment, copies: int) -> Tally:
    """The completions of `copies` runs in a chain that share their choices: the body must fit the input of each.

    The inputs of later copies are outputs of earlier ones, so they are guessed one copy further at a time, and only
    completions that confirm the guess are counted. A copy that gives what it gets ends the chain: all later ones do.
    """
    first = tally(inside, ins, environment)
    if copies == 1:
        return first
    total: dict[Key, Completions] = {}
    width = len(ins)
    chains: list[tuple[Shapes, ...]] = [(ins,)]
    for chain in chains:  # grows while it is walked
        for (outs, known), c in tally(inside, sum(chain, ()), environment).completions.items():
            blocks = tuple(outs[j * width : (j + 1) * width] for j in range(len(chain)))
            if blocks[:-1] != chain[1:]:
                continue
            if len(chain) == copies or blocks[-1] == chain[-1]:
                _add(total, (blocks[-1], known), c)
            elif (further := (*chain, blocks[-1])) not in chains:
                chains.append(further)
    dead = dict(first.dead)
    if sum(c.ways for c in total.values()) < sum(c.ways for c in first.completions.values()):
        dead[""] = Dead(f"some choices that fit the first of {copies} copies do not fit a later one", ())
    return Tally(total, dead)


def _add(total: dict[K, Completions], key: K, more: Completions) -> None:
    old = total.get(key)
    total[key] = more if old is None else Completions(old.count + more.count, old.ways + more.ways, old.example)


def _lifted(prefix: str, example: Path) -> Path:
    """An example with names relative to the module above; shared names, which have no dot, stay as they are."""
    return tuple((f"{prefix}.{name}" if "." in name else name, value) for name, value in example)
