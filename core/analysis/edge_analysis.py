"""The analysis of a cell edge by edge, where that comes to the same as the sum over all combinations of operations."""

import math
from collections.abc import Callable

from attrs import evolve

from archwright.core.analysis.analysis import Analysis, make_blocked
from archwright.core.analysis.blocked import NO_DOUBTS
from archwright.core.analysis.demand import NO_KEYS, Demand
from archwright.core.analysis.edge_choices import EdgeChoices, find_edge_choices
from archwright.core.analysis.examples import OnEdges
from archwright.core.analysis.states import Knowledge, Known, count_completions, drop, learn
from archwright.core.domain import Domain
from archwright.core.modules.graphs import Cell
from archwright.core.shape import Shape
from archwright.core.term import Rewriting, Term
from archwright.core.value import Value

# That of a term for input shapes, with what is known and the values of its first open hyperparameters.
Analyze = Callable[[Term, tuple[Shape, ...], Knowledge, tuple[Value, ...], Demand], Analysis]


def analyze_edges(
    cell: Cell,
    shapes: tuple[Shape, ...],
    environment: Knowledge,
    values: tuple[Value, ...],
    demand: Demand,
    analyze: Analyze,
) -> Analysis | None:
    """The analysis of a cell edge by edge; None where what fits on one may depend on what is chosen on another.

    A cell asks for all operations first, so what is chosen inside of them may be a dead end for one on a later edge.
    Where nothing is chosen inside of them, there are no dead ends: operations that do not fit are not offered.
    """
    edge_choices = find_edge_choices(cell, values)
    if edge_choices is None:
        return None
    if cell.connected and any(_may_become_zero(each, environment, analyze) for each in cell.terms):
        return None
    analysis = analyze(edge_choices.topology, shapes, environment, (), demand)
    if not analysis.completions and not any(isinstance(known, Known) for known in environment.values()):
        first = analyze(cell, shapes, environment, _choose_first(cell, values), demand)
        return make_blocked(cell, next(iter(first.blocked.values())).why, analysis.depth)
    if not all(operation.plan.is_specified for operation in cell.terms) and (
        analysis.blocked or analysis.doubts or not _fit_all(edge_choices, shapes, environment, demand, analyze)
    ):
        return None
    # How nodes merge may be a shared choice that is needed later: the topology has its value, and not its name.
    merging = drop(environment, (environment.keys() - demand.needed).union(edge_choices.topology.plan.keys))
    completions = {
        (outs, learn(merging, after)): evolve(c, example=OnEdges(edge_choices, c.example))
        for (outs, after), c in analysis.completions.items()
    }
    return Analysis(completions, {}, analysis.depth, NO_DOUBTS)


def _choose_first(cell: Cell, values: tuple[Value, ...]) -> tuple[Value, ...]:
    """The values of all hyperparameters of a cell, with the first operation on each edge where none is chosen."""
    slots = cell.plan.slots[len(values) :]
    return (*values, *(next(iter(slot)) for slot in slots if isinstance(slot, Domain)))


def _fit_all(
    edge_choices: EdgeChoices, shapes: tuple[Shape, ...], environment: Knowledge, demand: Demand, analyze: Analyze
) -> bool:
    """Whether all choices fit these shapes, as far as that can be counted: of reals it is not known."""
    forgetting = evolve(demand, needed=NO_KEYS)
    fitting, of_any_shape = (
        count_completions(analyze(edge_choices.topology, ins, environment, (), forgetting).completions)
        for ins in (shapes, ())
    )
    return fitting == of_any_shape < math.inf


def _may_become_zero(term: Term, environment: Knowledge, analyze: Analyze) -> bool:
    """Whether it may depend on what is chosen elsewhere that a term is a bare zero."""
    is_open = isinstance(term, Rewriting) and bool(term.plan.keys)
    return is_open and bool(analyze(term, (), environment, (), Demand(zeros="only")).completions)
