"""What an analysis tells of a whole space: how many architectures it has, their output shapes, and its dead ends."""

import math
from collections.abc import Iterable

from attrs import evolve

from archwright.core.analysis.analysis import Analysis
from archwright.core.analysis.blocked import BlockedPlace
from archwright.core.analysis.completions import analyze
from archwright.core.analysis.demand import NO_DEMAND
from archwright.core.analysis.examples import add_prefix
from archwright.core.analysis.states import count_completions
from archwright.core.domain import Domain
from archwright.core.environment import EMPTY_ENVIRONMENT
from archwright.core.modules.nonterminal import require_bound
from archwright.core.names import root_prefix
from archwright.core.shape import Shape, as_shape
from archwright.core.term import Term, iterate_terms


def count(space: Term, input_shape: Iterable[int] | None = None) -> int | float:
    """How many architectures a space has: an exact integer, or inf if it has reals, or more than 10^300,000.

    Without an input shape, nothing is ruled out for not fitting. A range of more than 128 integers is counted by what
    fits the module that has it; how later modules take its shapes is tried for a few. Raises what `root` does, but
    DeadEnd: where nothing fits, it is 0.
    """
    shapes = () if input_shape is None else (as_shape(input_shape),)
    if isinstance(space, Term):  # pyright: ignore[reportUnnecessaryIsInstance]
        require_bound(space)
        if shapes and _has_reals(space) and _leads_to_reals(space, shapes[0]):
            return math.inf
    return count_completions(_analyze_space(space, shapes).completions)


def _has_reals(space: Term) -> bool:
    """Whether some domain that is written in a space is infinite."""
    slots = (slot for term in iterate_terms(space) for slot in term.plan.slots)
    domains = (slot for slot in slots if isinstance(slot, Domain))
    shared = (shared.domain for shared in space.plan.shared)
    return any(domain.size is None for domain in (*domains, *shared))


def _leads_to_reals(space: Term, shape: Shape) -> bool:
    """Whether an infinite domain is asked for on the way by the middle of each domain to a leaf: then there is no end.

    A walk is far cheaper than an analysis, and where it comes to nothing, that still finds out.
    """
    from archwright.core.node import DeadEnd, root

    found = False
    try:
        node = root(space, shape)
        while (domain := node.domain) is not None:
            found = found or domain.size is None
            node = node.choose(domain.from_unit(0.5))
    except DeadEnd:
        return False
    return found


def out_shapes(space: Term, input_shape: Iterable[int]) -> tuple[Shape, ...]:
    """The output shapes of a space's architectures. Raises what `count` does."""
    analysis = _analyze_space(space, (as_shape(input_shape),))
    return tuple({shapes[0]: None for shapes, _ in analysis.completions})


def dead_ends(space: Term, input_shape: Iterable[int]) -> tuple[BlockedPlace, ...]:
    """Every place of a space that some choices reach and where nothing fits then, with some such choices.

    Of what several places or copies share, the choices are found by trying, and are left out where that takes long.
    Raises what `count` does.
    """
    blocked = _analyze_space(space, (as_shape(input_shape),)).blocked.values()
    prefix = root_prefix(space)
    ends = (BlockedPlace(f"{prefix}{end.place}", add_prefix(prefix, end.path), end.why) for end in blocked)
    return tuple(_confirm(end, space, input_shape) for end in ends)


def _confirm(end: BlockedPlace, space: Term, input_shape: Iterable[int]) -> BlockedPlace:
    """A dead end with choices that lead there, if those that it has do not."""
    from archwright.core.analysis.dead_end_path import find_dead_end_path  # here, since few spaces have dead ends
    from archwright.core.node import DeadEnd, root

    try:
        start = root(space, input_shape)
    except DeadEnd:
        return end
    path = find_dead_end_path(start, end.place, end.path)
    return end if path is None or set(path) <= set(end.path) else evolve(end, path=path)


def _analyze_space(space: Term, shapes: tuple[Shape, ...]) -> Analysis:
    return analyze(space, shapes, EMPTY_ENVIRONMENT, (), NO_DEMAND)
