"""The completions of a space, counted by recursion: how many there are, what shapes they give, where none fits."""

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from typing import TypeVar

from attrs import frozen

from archwright.core.domain import Domain, Values
from archwright.core.environment import Environment, computed, nothing_shared, unknown
from archwright.core.errors import MAX_NESTING, TooDeep
from archwright.core.shape import Misfit, Shape
from archwright.core.shape import input_shape as as_shape
from archwright.core.term import Basic, Composite, Compound, Term
from archwright.core.user_modules import InvalidResult, is_user_defined
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
    return isinstance(term, Basic) and is_user_defined(type(term)) and not all(term.plan.guarded)


def require_irrelevant(
    term: Term, shapes: tuple[Shape, ...], environment: Environment, answers: tuple[Value, ...]
) -> None:
    """InvalidResult if the next hyperparameter of `term`, which is said not to matter to its shapes, does.

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
                raise InvalidResult(
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
    depth: int = 1  # how many modules are in each other, with the expansions of those that are rewritten


K = TypeVar("K")

REMEMBERED = 100_000  # facts kept about one term, so that continuous values cannot fill the memory
ENUMERATED = 128  # of a range of more integers than this, those that are alike are stood for by one


def count(space: Term, input_shape: Iterable[int] | None = None) -> int | float:
    """How many architectures a space has: an exact integer, or inf if it has reals.

    Without an input shape, nothing is ruled out for not fitting. Of a range of more than 128 integers it is counted
    what fits the module that has it; how the modules after it take the shapes that they give is tried for a few.
    """
    shapes = () if input_shape is None else (as_shape(input_shape),)
    total: int | float = 0
    for c in tally(space, shapes).completions.values():
        total = _plus(total, c.count)
    return total


def out_shapes(space: Term, input_shape: Iterable[int]) -> tuple[Shape, ...]:
    """The output shapes of a space's architectures."""
    return tuple({shapes[0]: None for shapes, _ in tally(space, (as_shape(input_shape),)).completions})


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
                if irrelevant and shapes and is_doubtful(term):
                    require_irrelevant(term, shapes, environment, answers)
                name = f"{term.kind}.{plan.names[k]}"
                tried = ((v, tally(term, shapes, environment, (*answers, v))) for v in candidates(held, irrelevant))
                return _over_values(term, name, _weighed(held, list(tried)))
            if shared := unknown(held, environment):
                known = ((v, environment.set(shared.name, v)) for v in candidates(shared.domain))
                tried = ((v, tally(term, shapes, after, answers)) for v, after in known)
                return _over_values(term, shared.name, _weighed(shared.domain, list(tried)))
            value = computed(term, plan.names[k], held, environment)
            return tally(term, shapes, environment, (*answers, value))
        specified = term.specified(answers) if plan.entries else term
        if isinstance(specified, Compound):
            return _whole(specified, shapes, environment) or _over_children(specified, shapes, environment)
        outs = tuple(specified.out_shape(shape) for shape in shapes)
        return Tally({(outs, environment): Completions(1, 1, ())}, {})
    except Misfit as misfit:
        return Tally({}, {term.kind: Dead(str(misfit), ())})


def _whole(term: Compound, shapes: Shapes, environment: Environment) -> Tally | None:
    """The tally of a module in which nothing is left to choose, if it fits; None where that must be looked into."""
    inside = term.inside()
    if all(each.plan.closed for each in inside):
        with suppress(Misfit):  # where in it something does not fit is for others to say
            done = term if isinstance(term, Composite) else term.with_children(inside)
            outs = tuple(done.out_shape(shape) for shape in shapes)
            depth = 1 + max((each.plan.depth for each in inside), default=0)
            return Tally({(outs, environment): Completions(1, 1, ())}, {}, _bounded(term, depth))
    return None


def _bounded(term: Compound, depth: int) -> int:
    if depth > MAX_NESTING:
        raise TooDeep(term.kind)
    return depth


def completable(term: Term, shape: Shape, environment: Environment, answers: tuple[Value, ...]) -> bool:
    """Whether `term` has any completion for an input shape: the first that is found will do."""
    plan, k = term.plan, len(answers)
    if k == len(plan.entries):
        return bool(tally(term, (shape,), environment, answers).completions)
    held = plan.entries[k]
    if isinstance(held, Domain):
        values = candidates(held, irrelevant=isinstance(term, Basic) and not plan.guarded[k])
        return any(completable(term, shape, environment, (*answers, v)) for v in values)
    if shared := unknown(held, environment):
        values = candidates(shared.domain)
        return any(completable(term, shape, environment.set(shared.name, v), answers) for v in values)
    try:
        value = computed(term, plan.names[k], held, environment)
    except Misfit:
        return False
    return completable(term, shape, environment, (*answers, value))


def _weighed(domain: Domain, tried: list[tuple[Value, Tally]]) -> Iterator[tuple[Value, int | float, Tally]]:
    """The values tried, each with the number of values that it stands for; 0 if another one stands for it.

    In a long range the ends stand for themselves, and the middle one of those between them that have as many
    completions stands for them all: so there are few output shapes to go on with, and the count is exact.
    """
    size = math.inf if domain.size is None else domain.size
    fitting = [i for i, (_, found) in enumerate(tried) if found.completions]
    alike: dict[object, list[int]] = {}
    for i in fitting:
        alone = i in (fitting[0], fitting[-1]) or len(tried) <= ENUMERATED or isinstance(domain, Values)
        alike.setdefault(i if alone else tuple(c.count for c in tried[i][1].completions.values()), []).append(i)
    weights: list[int | float] = [0] * len(tried)
    for group in alike.values():
        weights[group[len(group) // 2]] = len(group)
    if len(fitting) == len(tried):
        weights[len(tried) // 2] += size - len(tried)  # those that were not tried
    return ((value, weight, found) for (value, found), weight in zip(tried, weights, strict=True))


def _over_values(term: Term, name: str, tallies: Iterable[tuple[Value, int | float, Tally]]) -> Tally:
    """The sum over the values of one hyperparameter. Values without completions are not offered, so not dead ends."""
    total, dead = dict[Key, Completions](), dict[str, Dead]()
    refused: Dead | None = None
    depth = 1
    for value, weight, found in tallies:
        depth = max(depth, found.depth)
        step: Path = ((name, value),)
        for key, c in found.completions.items() if weight else ():
            _add(total, key, Completions(_times(c.count, weight), c.ways, step + c.example))
        if found.completions:
            for place, end in found.dead.items():
                dead.setdefault(place, Dead(end.why, step + end.example))
        else:
            refused = refused or next(iter(found.dead.values()))
    if not total:
        assert refused is not None
        return Tally({}, {term.kind: Dead(refused.why, ())}, depth)
    return Tally(total, dead, depth)


def _over_children(term: Compound, shapes: Shapes, environment: Environment) -> Tally:
    """The product over the children, from left to right, with equal states joined after each."""
    nothing: tuple[Shape, ...] = ()
    states = {((nothing,) * len(shapes), environment): Completions(1, 1, ())}
    dead: dict[str, Dead] = {}
    depth = 0
    for i, inside in enumerate(term.inside()):
        prefix = term.segment(i)
        after: dict[tuple[tuple[Shapes, ...], Environment], Completions] = {}
        for (outs, known), so_far in states.items():
            try:
                ins = tuple(term.child_in_shape(i, s, o) for s, o in zip(shapes, outs, strict=True))
            except Misfit as misfit:
                dead.setdefault(f"{prefix}.{inside.kind}", Dead(str(misfit), so_far.example))
                continue
            try:
                found = _in_a_chain(inside, ins, known, term.copies)
            except RecursionError as error:
                raise TooDeep(f"{prefix}.{error.place if isinstance(error, TooDeep) else inside.kind}") from None
            depth = max(depth, found.depth)
            for place, end in found.dead.items():
                example = so_far.example + _lifted(prefix, end.example)
                dead.setdefault(f"{prefix}.{place}" if place else term.kind, Dead(end.why, example))
            for (new, learned), c in found.completions.items():
                example = so_far.example + _lifted(prefix, c.example)
                try:
                    key = tuple(term.remember(o, n) for o, n in zip(outs, new, strict=True)), learned
                except Misfit as misfit:
                    dead.setdefault(term.kind, Dead(str(misfit), example))
                else:
                    _add(after, key, Completions(_times(so_far.count, c.count), so_far.ways * c.ways, example))
        states = after
    total: dict[Key, Completions] = {}
    for (outs, known), c in states.items():
        try:
            key = tuple(term.merge(s, o) for s, o in zip(shapes, outs, strict=True)), known
        except Misfit as misfit:
            dead.setdefault(term.kind, Dead(str(misfit), c.example))
        else:
            _add(total, key, c)
    return Tally(total, dead, _bounded(term, 1 + depth))


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
    return Tally(total, dead, first.depth)


def _add(total: dict[K, Completions], key: K, more: Completions) -> None:
    old = total.get(key)
    if old is not None:
        more = Completions(_plus(old.count, more.count), old.ways + more.ways, old.example)
    total[key] = more


def _plus(a: float, b: float) -> int | float:
    # Python refuses to add or multiply inf and an integer of more than 308 digits.
    return math.inf if math.inf in (a, b) else a + b


def _times(a: float, b: float) -> int | float:
    return math.inf if math.inf in (a, b) else a * b


def _lifted(prefix: str, example: Path) -> Path:
    """An example with names relative to the module above; shared names, which have no dot, stay as they are."""
    return tuple((f"{prefix}.{name}" if "." in name else name, value) for name, value in example)
