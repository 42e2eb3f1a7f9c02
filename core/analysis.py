"""The completions of a space, counted by recursion: how many there are, what shapes they give, where none fits."""

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import TypeVar

from attrs import frozen

from archwright.core.domain import Domain, Values
from archwright.core.environment import EMPTY_ENVIRONMENT, Environment, compute_value, find_unknown
from archwright.core.errors import MAX_NESTING, TooDeep
from archwright.core.hyperparameter import list_analyzed_values
from archwright.core.names import name_segment, root_prefix
from archwright.core.relevance import needs_relevance_check, require_irrelevant
from archwright.core.shape import Misfit, Shape, as_shape
from archwright.core.term import Basic, Composite, Compound, Term
from archwright.core.term_cache import cache_on_term
from archwright.core.value import Path, Value

# A way of completing a term as the rest of the space sees it: the output shape for each input shape, and the shared
# hyperparameters that have a value.
Result = tuple[tuple[Shape, ...], Environment]
Key = TypeVar("Key")

MAX_COUNTED_ONE_BY_ONE = 128  # integers of a range; in a longer one, one stands for all that have as many completions


@frozen
class Completions:
    """The completions that have the same result."""

    count: int | float  # inf where reals are chosen
    paths: int  # how many of them were analyzed: fewer, where a few values stand for a domain
    example: Path  # of one of them, with names relative to the term


@frozen
class BlockedPlace:
    """A dead end: choices that lead to it, the place where nothing fits after them, and why."""

    place: str  # the names of the modules around it and its own, as in the names of hyperparameters
    path: Path
    why: str

    def __str__(self) -> str:
        chosen = ", ".join(f"{name} = {value}" for name, value in self.path) or "no choice at all"
        return f"at {self.place} after {chosen}: {self.why}"


@frozen
class Analysis:
    """All completions of a term by their result, and the places, relative to it, where none fits after some choices."""

    completions: Mapping[Result, Completions]
    blocked: Mapping[str, BlockedPlace]
    depth: int = 1  # how many modules are in each other, with the expansions of those that are rewritten


def count(space: Term, input_shape: Iterable[int] | None = None) -> int | float:
    """How many architectures a space has: an exact integer, or inf if it has reals.

    Without an input shape, nothing is ruled out for not fitting. A range of more than 128
    integers is counted by what fits the module that has it; how later modules take its shapes is tried for a few.
    """
    shapes = () if input_shape is None else (as_shape(input_shape),)
    total: int | float = 0
    for c in analyze(space, shapes, EMPTY_ENVIRONMENT, ()).completions.values():
        total = _add(total, c.count)
    return total


def out_shapes(space: Term, input_shape: Iterable[int]) -> tuple[Shape, ...]:
    """The output shapes of a space's architectures."""
    analysis = analyze(space, (as_shape(input_shape),), EMPTY_ENVIRONMENT, ())
    return tuple({shapes[0]: None for shapes, _ in analysis.completions})


def dead_ends(space: Term, input_shape: Iterable[int]) -> tuple[BlockedPlace, ...]:
    """Every place of a space that some choices reach and where nothing fits then, with the first such choices."""
    blocked = analyze(space, (as_shape(input_shape),), EMPTY_ENVIRONMENT, ()).blocked.values()
    prefix = root_prefix(space)
    return tuple(BlockedPlace(f"{prefix}{end.place}", _add_prefix(prefix, end.path), end.why) for end in blocked)


@cache_on_term
def analyze(term: Term, shapes: tuple[Shape, ...], environment: Environment, values: tuple[Value, ...]) -> Analysis:
    """The analysis of `term` with these values for its first open hyperparameters.

    Each completion fits all of the input shapes. The environment of its result has the shared hyperparameters of `term`
    alone: those that are known before, and those that are chosen in it.
    """
    plan, k = term.plan, len(values)
    try:
        if k < len(plan.slots):
            slot = plan.slots[k]
            if isinstance(slot, Domain):
                return _analyze_own_hyperparameter(term, slot, shapes, environment, values)
            if shared := find_unknown(slot, environment):
                options = ((v, environment.set(shared.name, v)) for v in list_analyzed_values(shared.domain))
                analyses = [(v, analyze(term, shapes, after, values)) for v, after in options]
                return _sum_over_values(term, shared.name, _weigh_values(shared.domain, analyses))
            value = compute_value(term, plan.names[k], slot, environment)
            return analyze(term, shapes, environment, (*values, value))
        module = term.specify(values) if plan.slots else term
        if isinstance(module, Compound):
            return _analyze_specified(module, shapes, environment) or _analyze_children(module, shapes, environment)
        outs = tuple(module.out_shape(shape) for shape in shapes)
        return Analysis({(outs, environment): Completions(1, 1, ())}, {})
    except Misfit as misfit:
        return Analysis({}, _add_dead_end({}, term.kind, (), str(misfit)))


def is_completable(term: Term, shape: Shape, environment: Environment, values: tuple[Value, ...]) -> bool:
    """Whether `term` has any completion for an input shape: it is looked for until the first."""
    plan, k = term.plan, len(values)
    if k == len(plan.slots):
        return bool(analyze(term, (shape,), environment, values).completions)
    slot = plan.slots[k]
    if isinstance(slot, Domain):
        matters = not isinstance(term, Basic) or plan.shape_dependent[k]
        return any(is_completable(term, shape, environment, (*values, v)) for v in _list_options(slot, matters))
    if shared := find_unknown(slot, environment):
        options = list_analyzed_values(shared.domain)
        return any(is_completable(term, shape, environment.set(shared.name, v), values) for v in options)
    try:
        value = compute_value(term, plan.names[k], slot, environment)
    except Misfit:
        return False
    return is_completable(term, shape, environment, (*values, value))


def _list_options(domain: Domain, matters: bool) -> list[Value]:
    """The values of a domain to analyze; one where it does not matter which."""
    return list_analyzed_values(domain) if matters else [domain.from_unit(0.5)]


def _analyze_own_hyperparameter(
    term: Term, domain: Domain, shapes: tuple[Shape, ...], environment: Environment, values: tuple[Value, ...]
) -> Analysis:
    """The sum over the values of the next hyperparameter of a term, which is its own."""
    k = len(values)
    matters = not isinstance(term, Basic) or (bool(shapes) and term.plan.shape_dependent[k])
    if not matters and shapes and needs_relevance_check(term):
        require_irrelevant(term, shapes, environment, values)
    analyses = [(v, analyze(term, shapes, environment, (*values, v))) for v in _list_options(domain, matters)]
    return _sum_over_values(term, f"{term.kind}.{term.plan.names[k]}", _weigh_values(domain, analyses))


def _weigh_values(
    domain: Domain, analyses: list[tuple[Value, Analysis]]
) -> Iterator[tuple[Value, int | float, Analysis]]:
    """The analyzed values, each with the number of values that it stands for; 0 if another one stands for it.

    In a long range the ends stand for themselves, and the middle one of those between them that have as many
    completions stands for them all: so there are few output shapes to go on with, and the count is exact.
    """
    size = math.inf if domain.size is None else domain.size
    fitting = [i for i, (_, analysis) in enumerate(analyses) if analysis.completions]
    groups: dict[object, list[int]] = {}
    for i in fitting:
        alone = i in (fitting[0], fitting[-1]) or len(analyses) <= MAX_COUNTED_ONE_BY_ONE or isinstance(domain, Values)
        groups.setdefault(i if alone else tuple(c.count for c in analyses[i][1].completions.values()), []).append(i)
    weights: list[int | float] = [0] * len(analyses)
    for group in groups.values():
        weights[group[len(group) // 2]] = len(group)
    if len(fitting) == len(analyses):
        weights[len(analyses) // 2] += size - len(analyses)  # those that were not analyzed
    return ((value, weight, analysis) for (value, analysis), weight in zip(analyses, weights, strict=True))


def _sum_over_values(term: Term, name: str, analyses: Iterable[tuple[Value, int | float, Analysis]]) -> Analysis:
    """The sum over the values of one hyperparameter. Values without completions are not offered, so not dead ends."""
    total, blocked = dict[Result, Completions](), dict[str, BlockedPlace]()
    why: str | None = None
    depth = 1
    for value, weight, analysis in analyses:
        depth = max(depth, analysis.depth)
        choice: Path = ((name, value),)
        for result, c in analysis.completions.items() if weight else ():
            _add_completions(total, result, Completions(_multiply(c.count, weight), c.paths, choice + c.example))
        if analysis.completions:
            for place, end in analysis.blocked.items():
                _add_dead_end(blocked, place, choice + end.path, end.why)
        elif why is None:
            why = next(iter(analysis.blocked.values())).why
    if not total:
        assert why is not None
        return Analysis({}, _add_dead_end({}, term.kind, (), why), depth)
    return Analysis(total, blocked, depth)


def _analyze_specified(term: Compound, shapes: tuple[Shape, ...], environment: Environment) -> Analysis | None:
    """The analysis of a module in which nothing is left to choose, if it fits.

    None where something is open, or does not fit: which child that is, `_analyze_children` finds.
    """
    children = term.get_children()
    if all(child.plan.is_specified for child in children):
        with suppress(Misfit):
            specified = term if isinstance(term, Composite) else term.with_children(children)
            outs = tuple(specified.out_shape(shape) for shape in shapes)
            depth = 1 + max((child.plan.depth for child in children), default=0)
            return Analysis({(outs, environment): Completions(1, 1, ())}, {}, _require_depth(term, depth))
    return None


def _analyze_children(term: Compound, shapes: tuple[Shape, ...], environment: Environment) -> Analysis:
    """The product over the children, from left to right, with equal states joined after each."""
    nothing: tuple[Shape, ...] = ()
    states: _States = {((nothing,) * len(shapes), environment): Completions(1, 1, ())}
    blocked = dict[str, BlockedPlace]()
    depth = 0
    children = term.get_children()
    for i in range(len(children)):
        states, child_depth = _analyze_child(term, i, children, shapes, states, blocked)
        depth = max(depth, child_depth)
    total = dict[Result, Completions]()
    for (outs, known), c in states.items():
        try:
            result = tuple(term.merge(s, o) for s, o in zip(shapes, outs, strict=True)), known
        except Misfit as misfit:
            _add_dead_end(blocked, term.kind, c.example, str(misfit))
        else:
            _add_completions(total, result, c)
    return Analysis(total, blocked, _require_depth(term, 1 + depth))


# What a module remembers of its children's output shapes, for each input shape, and the shared hyperparameters known.
_States = dict[tuple[tuple[tuple[Shape, ...], ...], Environment], Completions]


def _analyze_child(
    term: Compound,
    i: int,
    children: tuple[Term, ...],
    shapes: tuple[Shape, ...],
    states: _States,
    blocked: dict[str, BlockedPlace],
) -> tuple[_States, int]:
    """The states after the `i`-th child, and its depth; dead ends are added to `blocked`."""
    child, prefix, depth = children[i], f"{name_segment(term, children, i)}.", 0
    after: _States = {}
    for (outs, known), before in states.items():
        try:
            ins = tuple(term.child_in_shape(i, s, o) for s, o in zip(shapes, outs, strict=True))
        except Misfit as misfit:
            _add_dead_end(blocked, f"{prefix}{child.kind}", before.example, str(misfit))
            continue
        try:
            one = analyze(child, ins, known, ())
            analysis = one if term.copies == 1 else _analyze_copies(child, ins, known, term.copies, one)
        except RecursionError as error:
            raise TooDeep(f"{prefix}{error.place if isinstance(error, TooDeep) else child.kind}") from None
        depth = max(depth, analysis.depth)
        for place, end in analysis.blocked.items():
            path = before.example + _add_prefix(prefix, end.path)
            _add_dead_end(blocked, f"{prefix}{place}" if place else term.kind, path, end.why)
        for (new, chosen), c in analysis.completions.items():
            path = before.example + _add_prefix(prefix, c.example)
            try:
                remembered = tuple(term.remember(o, n) for o, n in zip(outs, new, strict=True))
            except Misfit as misfit:
                _add_dead_end(blocked, term.kind, path, str(misfit))
            else:
                state = remembered, known if chosen is EMPTY_ENVIRONMENT else _merge(known, chosen)
                _add_completions(
                    after, state, Completions(_multiply(before.count, c.count), before.paths * c.paths, path)
                )
    return after, depth


def _analyze_copies(
    term: Term, ins: tuple[Shape, ...], environment: Environment, copies: int, first: Analysis
) -> Analysis:
    """The completions of `copies` runs in a chain that share their choices: the term must fit the input of each.

    `first` is the analysis of the first run.
    The inputs of later copies are outputs of earlier ones, so they are guessed one copy further at a time, and only
    completions that confirm the guess are counted. A copy that gives what it gets ends the chain: all later ones do.
    The place of completions that fit the first copy alone is named "".
    """
    total = dict[Result, Completions]()
    width = len(ins)
    chains: list[tuple[tuple[Shape, ...], ...]] = [(ins,)]
    for chain in chains:  # grows while it is walked
        for (outs, known), c in analyze(term, sum(chain, ()), environment, ()).completions.items():
            blocks = tuple(outs[j * width : (j + 1) * width] for j in range(len(chain)))
            if blocks[:-1] != chain[1:]:
                continue
            if len(chain) == copies or blocks[-1] == chain[-1]:
                _add_completions(total, (blocks[-1], known), c)
            elif (longer := (*chain, blocks[-1])) not in chains:
                chains.append(longer)
    blocked = dict(first.blocked)
    if sum(c.paths for c in total.values()) < sum(c.paths for c in first.completions.values()):
        _add_dead_end(blocked, "", (), f"some choices that fit the first of {copies} copies do not fit a later one")
    return Analysis(total, blocked, first.depth)


def _merge(known: Environment, chosen: Environment) -> Environment:
    for name, value in chosen.items():
        if name not in known:
            known = known.set(name, value)
    return known


def _require_depth(term: Compound, depth: int) -> int:
    if depth > MAX_NESTING:
        raise TooDeep(term.kind)
    return depth


def _add_dead_end(blocked: dict[str, BlockedPlace], place: str, path: Path, why: str) -> dict[str, BlockedPlace]:
    """The dead ends with one more, unless one at that place is known."""
    blocked.setdefault(place, BlockedPlace(place, path, why))
    return blocked


def _add_completions(total: dict[Key, Completions], key: Key, more: Completions) -> None:
    before = total.get(key)
    if before is not None:
        more = Completions(_add(before.count, more.count), before.paths + more.paths, before.example)
    total[key] = more


def _add(a: float, b: float) -> int | float:
    # Python refuses to add or multiply inf and an integer of more than 308 digits.
    return math.inf if math.inf in (a, b) else a + b


def _multiply(a: float, b: float) -> int | float:
    return math.inf if math.inf in (a, b) else a * b


def _add_prefix(prefix: str, path: Path) -> Path:
    """A path with names relative to the module above; shared names, which have no dot, stay as they are."""
    return tuple((f"{prefix}{name}" if "." in name else name, value) for name, value in path)
