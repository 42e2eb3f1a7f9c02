"""The completions of a space, counted by recursion: how many there are, what shapes they give, where none fits.

Completions that later modules cannot tell apart are one state (`archwright.core.analysis.states`): states are counted,
and not completions. Of a shared hyperparameter the states know a class of values; a module that uses it is analyzed for
each value of the class, and splits it by what comes out. Dead ends that depend on it are found for each value by
itself.
"""

from contextlib import suppress
from functools import partial

from attrs import evolve, frozen

from archwright.core.analysis.analysis import Analysis, Results, make_blocked, make_result
from archwright.core.analysis.blocked import NO_DOUBTS, BlockedPlace, BlockedPlaces
from archwright.core.analysis.demand import Demand, Zeros, require_zeros, split_by_zeros
from archwright.core.analysis.doubts import list_dead_ends
from archwright.core.analysis.edge_analysis import analyze_edges
from archwright.core.analysis.examples import (
    NO_CHOICE,
    After,
    Chosen,
    InPlace,
    add_prefix,
    prefix_name,
    write_prefix,
)
from archwright.core.analysis.relevance import is_indifferent, needs_relevance_check, require_irrelevant
from archwright.core.analysis.states import (
    AnalyzedValue,
    Completions,
    Knowledge,
    Known,
    States,
    ValueClass,
    add_state,
    add_values,
    count_paths,
    drop,
    forget,
    group_values,
    join_classes,
    learn,
    multiply,
    weigh_values,
)
from archwright.core.analysis.term_classes import has_misfits, iterate_classes, split_class
from archwright.core.connection import AT_INPUT
from archwright.core.domain import Domain
from archwright.core.environment import compute_value, find_unknown
from archwright.core.errors import TooDeep, require_depth
from archwright.core.expression import Expression, Shared
from archwright.core.hyperparameter import list_analyzed_values
from archwright.core.modules.graphs import Cell
from archwright.core.modules.places import Binding, BoundPlace, ChosenTerm
from archwright.core.shape import Misfit, Shape, sort_shapes
from archwright.core.term import Basic, Composite, Compound, Rewriting, Term
from archwright.core.term_cache import cache_on_term
from archwright.core.value import Value


@cache_on_term
def analyze(
    term: Term,
    shapes: tuple[Shape, ...],
    environment: Knowledge,
    values: tuple[Value, ...],
    demand: Demand,
) -> Analysis:
    """The analysis of `term` with these values for its first open hyperparameters.

    Each completion fits all of the input shapes. Results know the shared hyperparameters of `term` that are needed
    later, those that were known before and those that are chosen in it. Counts are for one value of each class that
    they know, and for all values of each that was known before and is not needed.
    """
    plan, k = term.plan, len(values)
    try:
        require_zeros(term, demand)
        if k < len(plan.slots):
            if isinstance(term, Cell) and (cell := analyze_edges(term, shapes, environment, values, demand, analyze)):
                return cell
            slot = plan.slots[k]
            if isinstance(slot, Domain):
                return _analyze_own_hyperparameter(term, slot, shapes, environment, values, demand)
            if shared := _find_untold(slot, environment):
                return _analyze_shared_hyperparameter(term, shared, shapes, environment, values, demand)
            value = compute_value(term, plan.names[k], slot, environment)
            return analyze(term, shapes, environment, (*values, value), demand)
        module = term.specify(values) if plan.slots else term
        if isinstance(module, Rewriting) and module.closed_depth and demand.zeros == "allowed":
            outs, depth = tuple(module.out_shape(shape) for shape in shapes), 1 + module.closed_depth
            return make_result(outs, environment, demand, require_depth(module.word, depth))
        if isinstance(module, Compound):
            place = _analyze_place(module, shapes, environment, demand) if isinstance(module, BoundPlace) else None
            specified = place or _analyze_specified(module, shapes, environment, demand)
            return specified or _analyze_children(module, shapes, environment, demand)
        return make_result(tuple(module.out_shape(shape) for shape in shapes), environment, demand)
    except Misfit as misfit:
        return make_blocked(term, str(misfit))


def _find_untold(expression: Expression, environment: Knowledge) -> Shared | None:
    """The first shared hyperparameter in an expression of which no more is known, if anything, than a class."""
    return find_unknown(expression, environment, (Known,))


def list_options(domain: Domain, matters: bool) -> list[Value]:
    """The values of a domain to analyze; one where it does not matter which."""
    return list_analyzed_values(domain) if matters else [domain.from_unit(0.5)]


def _analyze_own_hyperparameter(
    term: Term,
    domain: Domain,
    shapes: tuple[Shape, ...],
    environment: Knowledge,
    values: tuple[Value, ...],
    demand: Demand,
) -> Analysis:
    """The sum over the values of the next hyperparameter of a term, which is its own."""
    k = len(values)
    name = f"{term.word}.{term.plan.names[k]}"
    matters = not isinstance(term, Basic) or (bool(shapes) and term.plan.shape_dependent[k])
    if not matters and shapes and needs_relevance_check(term):
        require_irrelevant(term, shapes, environment, values)
    options = list_options(domain, matters)
    analyses = [(v, analyze(term, shapes, environment, (*values, v), demand)) for v in options]
    total: Results = {}
    for value, (_, analysis) in zip(_weigh_values(domain, analyses), analyses, strict=True):
        for result, c in analysis.completions.items() if value.count else ():
            example = Chosen(name, value.value, c.example)
            add_state(total, result, Completions(multiply(c.count, value.count), c.paths, example))
    return _offer_values(term, name, total, analyses)


def _analyze_shared_hyperparameter(
    term: Term,
    shared: Shared,
    shapes: tuple[Shape, ...],
    environment: Knowledge,
    values: tuple[Value, ...],
    demand: Demand,
) -> Analysis:
    """The sum over the values of a shared hyperparameter: of its class, if it was chosen before."""
    name, known = shared.name, environment.get(shared.name)
    is_asked = not isinstance(known, ValueClass)
    options = list_analyzed_values(shared.domain) if is_asked else [value.value for value in known.values]
    if is_indifferent(term, len(values)):
        analysis = analyze(term, shapes, environment.set(name, options[0]), values, demand)
        analyses = [(v, analysis) for v in options]
    else:
        analyses = [(v, analyze(term, shapes, environment.set(name, v), values, demand)) for v in options]
    weighed = _weigh_values(shared.domain, analyses) if is_asked else known.values
    found = dict[tuple[tuple[Shape, ...], Knowledge], list[tuple[AnalyzedValue, Completions]]]()
    for value, (_, analysis) in zip(weighed, analyses, strict=True):
        for (outs, after), c in analysis.completions.items() if value.count else ():
            found.setdefault((outs, after.discard(name)), []).append((value, c))
    total: Results = {}
    for (outs, others), completions in found.items():
        if name not in demand.needed:
            add_state(total, (outs, others), add_values(name, completions, is_asked=is_asked))
            continue
        for values_alike, c in group_values(name, completions, is_asked=is_asked):
            add_state(total, (outs, others.set(name, values_alike)), c)
    if is_asked:
        return _offer_values(term, name, total, analyses)
    doubts = NO_DOUBTS.union(*(analysis.doubts for _, analysis in analyses))
    if doubts or any(analysis.blocked for _, analysis in analyses):
        doubts |= {name}
    return Analysis(join_classes(total), {}, max(analysis.depth for _, analysis in analyses), doubts)


def _weigh_values(domain: Domain, analyses: list[tuple[Value, Analysis]]) -> list[AnalyzedValue]:
    return weigh_values(domain, [(value, list(analysis.completions.values())) for value, analysis in analyses])


def _offer_values(term: Term, name: str, total: Results, analyses: list[tuple[Value, Analysis]]) -> Analysis:
    """The analysis with the sum over the values of a hyperparameter. Those without completions are not offered."""
    depth = max(analysis.depth for _, analysis in analyses)
    doubts = NO_DOUBTS.union(*(analysis.doubts for _, analysis in analyses))
    if not (total or doubts):
        return make_blocked(term, next(iter(analyses[0][1].blocked.values())).why, depth)
    blocked = BlockedPlaces()
    for value, analysis in analyses if not doubts else ():
        for end in analysis.blocked.values() if analysis.completions else ():
            blocked.add(end.place, ((name, value), *end.path), end.why)
    return Analysis(join_classes(total), blocked.places, depth, doubts)


def _analyze_specified(
    term: Compound, shapes: tuple[Shape, ...], environment: Knowledge, demand: Demand
) -> Analysis | None:
    """The analysis of a module in which nothing is left to choose, if it fits.

    None where something is open, or does not fit: which child that is, `_analyze_children` finds.
    """
    children = term.get_children()
    if all(child.plan.is_specified for child in children) and demand.zeros == "allowed":
        with suppress(Misfit):
            specified = term if isinstance(term, Composite) else term.with_children(children)
            outs = tuple(specified.out_shape(shape) for shape in shapes)
            depth = 1 + max((child.plan.depth for child in children), default=0)
            return make_result(outs, environment, demand, require_depth(term.word, depth))
    return None


def _analyze_place(
    place: BoundPlace, shapes: tuple[Shape, ...], environment: Knowledge, demand: Demand
) -> Analysis | None:
    """The analysis of a place of a let; None where it is that of any module that stands for another one."""
    binding, known = place.binding, environment.get(place.binding)
    if isinstance(known, ChosenTerm):
        require_zeros(known.term, demand)
        return make_result(tuple(map(known.out_shape, shapes)), environment, demand)
    if binding.term.plan.is_specified or (known is None and binding not in demand.needed):
        return None
    blocked, doubts, depth, prefix = BlockedPlaces(), NO_DOUBTS, 1, write_prefix(place, (binding.term,), 0)
    if known is None:
        asked = sort_shapes(shapes)
        asking = Demand(frozenset(binding.term.plan.keys), demand.zeros)
        analysis = analyze(binding.term, asked, environment, (), asking)
        classes = list(iterate_classes(asked, environment, analysis.completions, demand.zeros))
        doubts, depth = analysis.doubts, require_depth(place.word, 1 + analysis.depth)
        for end in analysis.blocked.values():
            blocked.add(prefix_name(prefix, end.place), add_prefix(prefix, end.path), end.why)
    else:
        classes = split_class(binding, known, shapes, environment, _find_completions, demand.zeros)
        if not classes:
            return make_blocked(place, f"what was chosen at the first place of {binding.name} does not fit here")
        if has_misfits(known, classes, environment):
            doubts = frozenset([(binding, sort_shapes([*known.shapes, *shapes]), demand.zeros)])
    total: Results = {}
    for new, others in classes:
        example = InPlace(binding, prefix, new.example, new.shapes, new.zeros, known is None)
        after, c = forget(
            learn(environment, others).set(binding, new),
            demand.needed,
            Completions(1, 1, NO_CHOICE if new is known else example),
        )
        add_state(total, (new.list_outs(shapes), after), c)
    return Analysis(join_classes(total), {} if doubts else blocked.places, depth, doubts)


def _find_completions(binding: Binding, shapes: tuple[Shape, ...], before: Knowledge, zeros: Zeros) -> Results:
    return analyze(binding.term, shapes, before, (), Demand(frozenset(binding.term.plan.keys), zeros)).completions


def _analyze_children(term: Compound, shapes: tuple[Shape, ...], environment: Knowledge, demand: Demand) -> Analysis:
    """The product over the children, from left to right, with equal states joined after each."""
    children = term.get_children()
    demands = [demand]  # after each child, and before the first one
    for child in reversed(children):
        demands.insert(0, evolve(demand, needed=demands[0].needed.union(child.plan.keys)))
    known, completions = forget(environment, demands[0].needed, Completions(1, 1, NO_CHOICE))
    states: _ChildStates = {((((),) * len(shapes), AT_INPUT), known): completions}
    blocked = BlockedPlaces(frozenset(name for name, value in environment.items() if isinstance(value, Known)))
    depth = 0
    for i in range(len(children)):
        states, child_depth = _analyze_child(term, i, children, shapes, states, blocked, demands[i + 1])
        depth = max(depth, child_depth)
    total: Results = {}
    for ((outs, _), known), c in states.items():
        try:
            result = tuple(term.merge(s, o) for s, o in zip(shapes, outs, strict=True)), known
        except Misfit as misfit:
            blocked.add(term.word, (), str(misfit), c.example)
        else:
            add_state(total, result, c)
    places = {} if blocked.doubts else blocked.places
    return Analysis(join_classes(total), places, require_depth(term.word, 1 + depth), blocked.doubts)


# With what a module keeps of its children's output shapes, for each input shape; and the nodes that the input comes
# to, where a module has a rule for that.
_ChildStates = States[tuple[tuple[tuple[Shape, ...], ...], int]]


def _analyze_child(
    term: Compound,
    i: int,
    children: tuple[Term, ...],
    shapes: tuple[Shape, ...],
    states: _ChildStates,
    blocked: BlockedPlaces,
    demand: Demand,
) -> tuple[_ChildStates, int]:
    """The states after the `i`-th child, and its depth; dead ends are added to `blocked`."""
    child, prefix, depth = children[i], write_prefix(term, children, i), 0
    keys, connection = frozenset(child.plan.keys), term.connection
    zeros: Zeros = demand.zeros if isinstance(term, Rewriting) else "allowed"
    after: _ChildStates = {}
    for ((outs, reached), known), before in states.items():
        try:
            ins = tuple(term.child_in_shape(i, s, o) for s, o in zip(shapes, outs, strict=True))
        except Misfit as misfit:
            blocked.add(prefix_name(prefix, child.word), (), str(misfit), before.example)
            continue
        here = _ChildInPlace(child, ins, term.copies, prefix)
        demand_here, parts = split_by_zeros(connection, i, reached, Demand(demand.needed & keys, zeros))
        analyze_here = partial(here.analyze, demand_here)
        ends = list_dead_ends(analyze_here(known), analyze_here, known, blocked, _find_completions)
        for assumed, end in ends:
            place = prefix_name(prefix, end.place) if end.place else term.word
            blocked.add(place, add_prefix(prefix, end.path), end.why, before.example, assumed)
        for part, nodes in parts:
            analysis = here.analyze(part, known)
            depth = max(depth, analysis.depth)
            for (new, chosen), c in analysis.completions.items():
                example = After(before.example, prefix, c.example)
                try:
                    kept = tuple(term.keep_shapes(i, s, o, n) for s, o, n in zip(shapes, outs, new, strict=True))
                except Misfit as misfit:
                    blocked.add(term.word, (), str(misfit), example)
                else:
                    completions = Completions(multiply(before.count, c.count), multiply(before.paths, c.paths), example)
                    add_state(after, ((kept, nodes), learn(drop(known, keys), chosen)), completions)
    return join_classes(after), depth


@frozen
class _ChildInPlace:
    """A child of a module, with its input shapes."""

    term: Term
    ins: tuple[Shape, ...]
    copies: int
    prefix: str

    def analyze(self, demand: Demand, known: Knowledge) -> Analysis:
        """The analysis of its copies in a chain; they share their choices."""
        try:
            if self.copies == 1:
                return analyze(self.term, self.ins, known, (), demand)
            return _analyze_copies(self.term, self.ins, known, demand, self.copies)
        except RecursionError as error:
            place = error.place if isinstance(error, TooDeep) else self.term.word
            raise TooDeep(prefix_name(self.prefix, place)) from None


def _analyze_copies(child: Term, ins: tuple[Shape, ...], known: Knowledge, demand: Demand, copies: int) -> Analysis:
    """The completions of several runs in a chain that share their choices: the child must fit the input of each.

    The inputs of later copies are outputs of earlier ones, so they are guessed one copy further at a time, and only
    completions that confirm the guess are counted. A copy that gives what it gets ends the chain: all later ones do.
    The place of completions that fit the first copy alone is named "".
    """
    first = analyze(child, ins, known, (), demand)
    total: Results = {}
    width = len(ins)
    chains: list[tuple[tuple[Shape, ...], ...]] = [(ins,)]
    for chain in chains:  # grows while it is walked
        for (outs, after), c in analyze(child, sum(chain, ()), known, (), demand).completions.items():
            blocks = tuple(outs[j * width : (j + 1) * width] for j in range(len(chain)))
            if blocks[:-1] != chain[1:]:
                continue
            if len(chain) == copies or blocks[-1] == chain[-1]:
                add_state(total, (blocks[-1], after), c)
            elif (longer := (*chain, blocks[-1])) not in chains:
                chains.append(longer)
    blocked, doubts = dict(first.blocked), first.doubts
    if count_paths(total) < count_paths(first.completions):
        doubts |= {key for key in child.plan.keys if isinstance(known.get(key), ValueClass)}
        why = f"some choices that fit the first of {copies} copies do not fit a later one"
        blocked[""] = BlockedPlace("", (), why)
    return Analysis(join_classes(total), {} if doubts else blocked, first.depth, doubts)
